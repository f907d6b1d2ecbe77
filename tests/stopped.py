"""A PostgreSQL that is stopped as by Ctrl-Z: it is there, and answers nobody."""

import contextlib
import os
import signal

import psutil


@contextlib.contextmanager
def hanging(postgres, *, sessions_too=True):
    """Every process of PostgreSQL's is stopped; or its first one alone: sessions go on, but no new one begins."""
    main = psutil.Process(postgres.process.pid)
    main.suspend()
    try:
        for process in main.children(recursive=True) if sessions_too else []:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        yield
    finally:
        resume(postgres)


def resume(postgres):
    main = psutil.Process(postgres.process.pid)
    for process in [*main.children(recursive=True), main]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)
