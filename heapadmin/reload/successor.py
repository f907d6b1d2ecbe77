"""gunicorn's first process becomes new code: it runs its command again in its place, and keeps its id and its port.

Its workers stay its children, and go on serving, until one of the new workers serves and tells them to end.
"""

import fcntl
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import astuple
from functools import partial
from typing import Any

from heapadmin.processes import Identity
from heapadmin.reload import again, servers

TRIAL = "HEAPADMIN_TRIAL"  # set in the environment of one that only shows that it would serve
BEFORE = "HEAPADMIN_WORKERS_BEFORE"  # as JSON, the workers that are to be replaced
GUNICORNS = ("GUNICORN_PID", "GUNICORN_FD")  # how it hands sockets on
CANNOT_RUN = "%s cannot be run, so everything stays as it is: %s"
SYSTEMDS = 3  # the first socket that systemd hands on (LISTEN_FDS, which hold for the successor too)


class Succession:
    """What a worker has to do once it serves. gunicorn's first process makes it, and its workers inherit it."""

    def __init__(self, before: list[Identity], note: servers.ServerNote) -> None:
        self.before = before
        self.note = note

    def worker_serves(self, how: signal.Signals) -> None:
        if not self.note.serves():
            os.kill(os.getpid(), how)  # told to end before it could take a signal, as gunicorn forks it with its own
            return
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
    name = servers.WEB.get(server.app.app_uri, servers.WEB_OF_ALL)
    note = servers.note(name, again.generation(given))
    before = [Identity(*worker) for worker in json.loads(given.get(BEFORE, "[]"))]
    _successions[:] = [Succession(before, note)]
    server.reexec = server.reload = partial(_succeed, server, before, kept)
    server.wait_for_signals = partial(_those_of_succession_last, server.wait_for_signals)


def worker_serves(how: signal.Signals) -> None:
    """In a worker that serves from now on: tell those of before to end, by the signal `how`."""
    for succession in _successions:
        succession.worker_serves(how)


def forget() -> None:
    """At the end of gunicorn's first process."""
    for succession in _successions:
        succession.note.remove()


def _those_of_succession_last(wait: Callable[[float], list[int]], timeout: float) -> list[int]:
    """Of signals that come together. A successor knows nothing of those that gunicorn has taken, such as one to end."""
    return sorted(wait(timeout), key=lambda number: number in (signal.SIGUSR2, signal.SIGHUP))


def _succeed(server: Any, before: list[Identity], kept: Callable[[], Mapping[str, str]]) -> None:
    """In gunicorn's first process. Returns only if the program cannot be run."""
    if not os.access(sys.executable, os.X_OK):  # before files are exchanged
        server.log.error(CANNOT_RUN, sys.executable, "it is not there")
        return
    environment = {name: value for name, value in server.cfg.env_orig.items() if name not in GUNICORNS}
    environment |= kept()
    workers = [identity for pid in server.WORKERS if (identity := Identity.of(pid)) is not None]
    workers += [worker for worker in before if worker.is_alive()]  # where no worker of this generation serves yet
    environment[BEFORE] = json.dumps([astuple(worker) for worker in workers])
    environment |= _hand_on(server)
    os.chdir(server.START_CTX["cwd"])
    try:
        again.run(environment)
    except OSError as error:
        server.log.error(CANNOT_RUN, sys.executable, error)


def _hand_on(server: Any) -> dict[str, str]:
    """Leave the sockets open where the successor looks for them; what it has to be told."""
    descriptors = [listener.sock.fileno() for listener in server.LISTENERS]
    asked = [address for address in server.cfg.address if isinstance(address, int)]  # --bind fd://3
    if server.systemd:
        asked = list(range(SYSTEMDS, SYSTEMDS + len(descriptors)))
    if len(asked) != len(descriptors):
        return {"GUNICORN_PID": str(os.getpid()), "GUNICORN_FD": ",".join(map(str, descriptors))}
    beyond = max(asked, default=0) + 1  # so that none is overwritten before its turn
    copies = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, beyond) for descriptor in descriptors]
    for copy, number in zip(copies, asked, strict=True):
        os.dup2(copy, number, inheritable=True)
    for descriptor in {*descriptors} - {*asked}:
        os.set_inheritable(descriptor, False)
    return {}
