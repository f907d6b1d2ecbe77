"""Whether new code would serve: a server is started beside the one that runs, in its way, on a socket of its own."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from common import metrics_folder
from heapadmin.reload.servers import RunningServer
from heapadmin.reload.successor import GUNICORNS, TRIAL

READY_SECONDS = 60.0
STOP_SECONDS = 40.0
ASK_SECONDS = 5.0
QUESTION = b"GET /healthz HTTP/1.1\r\nHost: trial\r\nConnection: close\r\n\r\n"
LAST_LINES = 15
BINDS = re.compile(r"(?:-b|--bind)(=.*)?")


class TrialFailed(Exception):
    """New code does not serve. The message is the end of what it wrote."""


def try_out(server: RunningServer) -> None:
    """Start what `server` would become, with one worker, and stop it once it answers. Raises TrialFailed."""
    process = psutil.Process(server.pid)
    folder = Path(tempfile.mkdtemp(prefix="heapadmin-trial-"))
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(folder / "socket"))
            listener.listen()
            _try_out(process, listener.fileno(), folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _try_out(process: psutil.Process, descriptor: int, folder: Path) -> None:
    environment = {
        name: value for name, value in process.environ().items() if name not in (*GUNICORNS, metrics_folder.VARIABLE)
    }
    environment |= {TRIAL: "1", "GUNICORN_PID": str(os.getpid()), "GUNICORN_FD": str(descriptor)}
    log = folder / "log"
    with log.open("wb") as output:
        started = subprocess.Popen(  # noqa: S603  what runs already
            [*without_binds(process.cmdline()), "--workers=1"],
            executable=sys.executable,
            cwd=process.cwd(),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[descriptor],
            start_new_session=True,
        )
    try:
        _wait_until_it_answers(started, folder / "socket", log)
    finally:
        _stop(started)


def without_binds(command: Sequence[str]) -> list[str]:
    """`command` of a gunicorn that gets its sockets in another way."""
    kept, words = [], iter(command)
    for word in words:
        if match := BINDS.fullmatch(word):
            if match[1] is None:
                next(words, None)
            continue
        kept.append(word)
    return kept


def _wait_until_it_answers(started: subprocess.Popen[bytes], path: Path, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if started.poll() is not None:
            raise TrialFailed(_end_of(log) or f"It ended with exit status {started.returncode}.")
        if _answers(path):
            return
        time.sleep(0.1)
    raise TrialFailed(f"{_end_of(log)}\nIt did not answer within {READY_SECONDS:g} seconds.".strip())


def _answers(path: Path) -> bool:
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(ASK_SECONDS)
        client.connect(str(path))
        client.sendall(QUESTION)
        return client.recv(12).endswith(b" 200")
    return False


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").strip().splitlines()[-LAST_LINES:])


def _stop(started: subprocess.Popen[bytes]) -> None:
    started.terminate()
    with suppress(subprocess.TimeoutExpired):
        started.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()
