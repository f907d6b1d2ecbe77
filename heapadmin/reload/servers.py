"""Which servers run on a data folder: each notes itself in a file there, so that `manage.py reload` finds it.

A file is locked as long as its process lives, which also a command in another container can see. The process ids of
other containers mean nothing here, so their host stands in it too.
"""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from django.conf import settings

from heapadmin.datafolder import make_private
from heapadmin.processes import Identity

FOLDER = "running"  # in DATA_DIR
MOST_BYTES = 4096  # of a file there
JOBS = "The jobs' worker"
WEB = {  # by application
    "heapadmin.collector_asgi:application": "The collector",
    "heapadmin.wsgi:application": "The pages' server",
}
WEB_OF_ALL = "The web server"


@dataclass(frozen=True)
class RunningServer:
    """A server as it noted itself. `generation` counts from 0 and grows when it goes over to new code."""

    name: str
    identity: Identity
    generation: int
    serves: bool = False  # in this generation
    host: str = ""

    @property
    def pid(self) -> int:
        return self.identity.pid

    @property
    def is_here(self) -> bool:
        return self.host == socket.gethostname()


class ServerNote:
    """The file of this process. Nothing is raised if it cannot be written: a full disk must keep no server down."""

    def __init__(self, server: RunningServer) -> None:
        self._server = replace(server, host=socket.gethostname())
        self._path = settings.DATA_DIR / FOLDER / f"{self._server.host}-{server.pid}"
        self._descriptor = -1

    def write(self) -> None:
        with suppress(OSError):
            make_private(self._path.parent)
            while not self._is_held():  # who reads meanwhile takes it for that of a dead one, and removes it
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._descriptor, fcntl.LOCK_SH)  # shared: workers of before hold it while they live
            self._put(self._server)

    def serves(self) -> bool:
        """Note that this generation serves, unless a later one does. May be called in a child process, and many times.

        Returns whether this generation is the latest that serves, as far as the file can be read and written.
        """
        if self._descriptor >= 0:
            with suppress(OSError, ValueError):
                noted = json.loads(os.pread(self._descriptor, MOST_BYTES, 0))
                if noted["generation"] > self._server.generation:
                    return not noted["serves"]
                self._put(replace(self._server, serves=True))
        return True

    def remove(self) -> None:
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _is_held(self) -> bool:
        """Whether the file that is there is the one that was opened. Closes another one."""
        if self._descriptor < 0:
            return False
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(self._descriptor), self._path.stat()):
                return True
        os.close(self._descriptor)
        self._descriptor = -1
        return False

    def _put(self, server: RunningServer) -> None:
        line = json.dumps(asdict(server)).encode()
        os.pwrite(self._descriptor, line, 0)
        os.ftruncate(self._descriptor, len(line))


def note(name: str, generation: int) -> ServerNote:
    """Write the file of this process, which is the server `name`."""
    made = ServerNote(RunningServer(name, Identity.of_this_process(), generation))
    made.write()
    return made


def running(folder: Path) -> Iterator[RunningServer]:
    """The servers that run on the data folder, those of other containers included. Removes files of dead ones."""
    for path in sorted((folder / FOLDER).glob("*")):
        with suppress(OSError, ValueError, TypeError, KeyError):
            if (server := _read(path)) is not None:
                yield server


def _read(path: Path) -> RunningServer | None:
    with path.open() as file:
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
            return None
        noted = json.load(file)
        server = RunningServer(**noted | {"identity": Identity(**noted["identity"])})
        return server if server.identity.is_alive() or not server.is_here else None


@contextmanager
def one_reload_at_a_time(folder: Path) -> Iterator[bool]:
    """Whether nobody else reloads the servers on this data folder. Others learn of us until the end."""
    make_private(folder)
    with (folder / "reload.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
