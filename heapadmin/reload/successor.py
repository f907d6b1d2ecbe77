"""gunicorn's first process becomes new code: it runs its command again in its place, and keeps its id and its port.

Its workers stay its children, and go on serving, until one of the new workers serves and tells them to end.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from heapadmin.processes import Identity
from heapadmin.reload import servers

TRIAL = "HEAPADMIN_TRIAL"  # set in the environment of one that only shows that it would serve
BEFORE = "HEAPADMIN_WORKERS_BEFORE"  # "12:1700000000.5,13:…", the workers that are to be replaced
GENERATION = "HEAPADMIN_GENERATION"
GUNICORNS = ("GUNICORN_PID", "GUNICORN_FD")  # how it hands sockets on


class Succession:
    """What a worker has to do once it serves. gunicorn's first process makes it, and its workers inherit it."""

    def __init__(self, before: list[Identity], note: servers.ServerNote) -> None:
        self.before = before
        self.note = note

    def worker_serves(self, how: signal.Signals) -> None:
        self.note.serves()
        for worker in self.before:
            if worker.is_alive():
                with suppress(ProcessLookupError):  # another new worker told it, and it has ended
                    os.kill(worker.pid, how)
        self.before = []


_successions: list[Succession] = []


def prepare(server: Any, kept: Callable[[], Mapping[str, str]]) -> None:
    """At the start of gunicorn's first process: note it, and give its signals USR2 and HUP their meaning here.

    `kept` are variables that have been set since and that hold for the successor too.
    """
    given = server.cfg.env_orig
    if TRIAL in given:
        return
    generation = int(given.get(GENERATION, 0))
    name = servers.WEB.get(server.app.app_uri, servers.WEB_OF_ALL)
    note = servers.note(name, generation)
    _successions[:] = [Succession(_read(given.get(BEFORE, "")), note)]
    server.reexec = server.reload = partial(_succeed, server, generation, kept)


def worker_serves(how: signal.Signals) -> None:
    """In a worker that serves from now on: tell those of before to end, by the signal `how`."""
    for succession in _successions:
        succession.worker_serves(how)


def forget() -> None:
    """At the end of gunicorn's first process."""
    for succession in _successions:
        succession.note.remove()


def _succeed(server: Any, generation: int, kept: Callable[[], Mapping[str, str]]) -> None:
    """In gunicorn's first process. Returns only if the program cannot be run."""
    environment = {name: value for name, value in server.cfg.env_orig.items() if name not in GUNICORNS}
    environment |= kept()
    workers = [identity for pid in server.WORKERS if (identity := Identity.of(pid)) is not None]
    environment[BEFORE] = ",".join(f"{worker.pid}:{worker.started_at}" for worker in workers)
    environment[GENERATION] = str(generation + 1)
    environment |= _hand_on(server)
    os.chdir(server.START_CTX["cwd"])
    try:
        os.execve(sys.executable, sys.orig_argv, environment)  # noqa: S606
    except OSError as error:
        server.log.error("%s cannot be run, so everything stays as it is: %s", sys.executable, error)


def _hand_on(server: Any) -> dict[str, str]:
    """Leave the sockets open where the successor looks for them; what it has to be told."""
    descriptors = [listener.sock.fileno() for listener in server.LISTENERS]
    asked = [address for address in server.cfg.address if isinstance(address, int)]  # --bind fd://3
    if len(asked) != len(descriptors):
        return {"GUNICORN_PID": str(os.getpid()), "GUNICORN_FD": ",".join(map(str, descriptors))}
    for descriptor, number in zip(descriptors, asked, strict=True):
        if descriptor != number:
            os.dup2(descriptor, number, inheritable=True)
            os.set_inheritable(descriptor, False)
    return {}


def _read(text: str) -> list[Identity]:
    pairs = [entry.split(":") for entry in text.split(",") if entry]
    return [Identity(int(pid), float(started_at)) for pid, started_at in pairs]
