"""A small file of a fixed size that several processes write."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TRIES, PAUSE_SECONDS = 20, 0.005


class LockedFile:
    """The file at `path`; made, with `size` bytes, when it is first locked.

    It gets all its room on the disk at once, so that it can still be written when the disk is full; and it stays open,
    for when the process may open nothing more. Threads of one process do not lock each other out.
    """

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size
        self._descriptor = -1

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Its descriptor, while nobody else has the lock. Raises OSError."""
        descriptor = self._opened()
        _lock(descriptor)
        try:
            if os.fstat(descriptor).st_size < self._size:
                os.posix_fallocate(descriptor, 0, self._size)
            yield descriptor
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)

    def _opened(self) -> int:
        """Of the file that is there now: somebody may have deleted the former one."""
        if self._descriptor >= 0:
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(self._descriptor), self._path.stat()):
                    return self._descriptor
            self.close()
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._descriptor

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@contextmanager
def opened_to_read(path: Path) -> Iterator[int]:
    """The descriptor of a file that others write. Nobody waits, even if it is a pipe. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Wait a moment for the lock, but not for a process that was stopped while holding it. Raises BlockingIOError."""
    for tries_left in reversed(range(TRIES)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not tries_left:
                raise
            time.sleep(PAUSE_SECONDS)
