"""A small file of a fixed size that several processes write."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TRIES, PAUSE_SECONDS = 20, 0.005


@contextmanager
def locked(path: Path, size: int) -> Iterator[int]:
    """The file at `path`, open and locked; made if it is missing. Raises OSError.

    It gets all its room on the disk at once, so that it can still be written when the disk is full.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor)
        if os.fstat(descriptor).st_size < size:
            os.posix_fallocate(descriptor, 0, size)
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
