"""A process becomes new code: it runs its command again in its place, and keeps its id. No signal is lost by that.

Between the end of the old program and the handlers of the new one, a signal would mean what it means at first: the end.
"""

import os
import signal
import sys
from collections.abc import Mapping

GENERATION = "HEAPADMIN_GENERATION"
WAIT = [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGTTIN, signal.SIGTTOU]
WAIT += [signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH]


def generation(environment: Mapping[str, str]) -> int:
    """How many times the process has become new code."""
    return int(environment.get(GENERATION, 0))


def run(environment: Mapping[str, str]) -> None:
    """Never returns. Signals wait from now on until the new program calls `let_signals_come`. Raises OSError."""
    following = {**environment, GENERATION: str(generation(environment) + 1)}
    signal.pthread_sigmask(signal.SIG_BLOCK, WAIT)
    try:
        os.execve(sys.executable, sys.orig_argv, following)  # noqa: S606
    finally:
        let_signals_come()


def let_signals_come() -> None:
    """Once the handlers are there. The signals that waited are handled now."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WAIT)
