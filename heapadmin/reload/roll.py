"""What `manage.py reload` does: makes sure that new code starts, tells the servers, waits, says what came of it."""

import os
import signal
import time
from collections.abc import Callable

import psutil
from django.conf import settings

from common.counted import counted, noun
from heapadmin import processes
from heapadmin.processes import Identity
from heapadmin.reload import servers, trial
from heapadmin.reload.servers import JOBS, RunningServer
from heapadmin.standalone import statics

Say = Callable[[str], None]

DOES_NOT_START = "The new code does not start, so everything goes on as before"
READY_SECONDS = 60.0
END_SECONDS = 40.0  # longer than a worker waits for its answers and commits, and the jobs' worker for its jobs


class ReloadFailed(Exception):
    """What runs was not exchanged, or not all of it; the message says what and why."""


def reload(say: Say) -> None:
    """Let the servers on DATA_DIR go over to the code and settings that this process has. Raises ReloadFailed."""
    _refuse_other_users()
    with servers.one_reload_at_a_time(settings.DATA_DIR) as is_alone:
        if not is_alone:
            raise ReloadFailed("Another reload of these servers runs. Wait for its end.")
        found = _servers_here(say)
        if statics.collect_if_changed(clear=False):
            say("Static files collected.")
        for server in found:
            _make_sure_that_it_starts(server)
        for server in found:
            say(_exchange(server))


def _refuse_other_users() -> None:
    """The trial runs what a note in the data folder names, so only for whom that folder belongs to."""
    owner = settings.DATA_DIR.stat().st_uid if settings.DATA_DIR.exists() else os.geteuid()
    if owner != os.geteuid():
        raise ReloadFailed(
            f"The data folder {settings.DATA_DIR} belongs to user {owner}: run this command as that user."
        )


def _servers_here(say: Say) -> list[RunningServer]:
    found = list(servers.running(settings.DATA_DIR))
    for server in found:
        if not server.is_here:
            say(f"{server.name} on {server.host} is left as it is: run this command there.")
    here = [server for server in found if server.is_here]
    if not here:
        raise ReloadFailed(
            f"No server runs here on the data folder {settings.DATA_DIR}. Start one: make run (docs/operations.md)."
        )
    return sorted(here, key=lambda server: (server.name == JOBS, server.pid))


def _make_sure_that_it_starts(server: RunningServer) -> None:
    """Where no request waits, this process has shown it: it has loaded the same code and settings."""
    if server.name == JOBS:
        return
    try:
        trial.try_out(server)
    except trial.TrialFailed as error:
        raise ReloadFailed(f"{DOES_NOT_START}:\n{error}") from error
    except psutil.Error as error:
        raise ReloadFailed(f"{server.name} (process {server.pid}) cannot be looked at: {error}.") from error


def _exchange(server: RunningServer) -> str:
    """Tell `server`, and wait until it serves new code and everything old has ended; what to say then."""
    began = time.monotonic()
    before = [] if server.name == JOBS else _children(server)  # a child of the jobs' worker may be a backup
    try:
        os.kill(server.pid, signal.SIGUSR2)
    except OSError as error:
        raise ReloadFailed(f"{server.name} (process {server.pid}) cannot be told: {error.strerror}.") from error
    _wait_until_it_serves(server, READY_SECONDS + (END_SECONDS if server.name == JOBS else 0))
    left = processes.wait_until_gone(before, END_SECONDS)
    words = f"{server.name} (process {server.pid}) runs the new code"
    if left:
        processes.end(left, [(signal.SIGKILL, 5.0)])
        return f"{words}; {counted(len(left), 'worker')} of before did not end in {END_SECONDS:g} s: killed."
    workers = f", and {counted(len(before), 'worker')} of before {noun(len(before), 'has')} ended" if before else ""
    return f"{words}{workers} ({time.monotonic() - began:.1f} s)."


def _children(server: RunningServer) -> list[Identity]:
    try:
        found = [Identity.of(child.pid) for child in psutil.Process(server.pid).children()]
    except psutil.Error:
        return []
    return [child for child in found if child is not None]


def _wait_until_it_serves(server: RunningServer, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not server.identity.is_alive():
            raise ReloadFailed(f"{server.name} (process {server.pid}) has ended; its log says why.")
        now = [found for found in servers.running(settings.DATA_DIR) if found.identity == server.identity]
        if any(found.serves and found.generation > server.generation for found in now):
            return
        time.sleep(0.1)
    raise ReloadFailed(
        f"{server.name} (process {server.pid}) has not served new code within {seconds:g} s; its log may say why. "
        "Workers of before serve until it does."
    )
