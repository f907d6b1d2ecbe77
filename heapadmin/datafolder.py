"""The data folder (DATA_DIR): private to its owner, and used by one supervisor at a time."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FolderInUse(Exception):
    """Another process holds the data folder; the message says which."""


def make_private(folder: Path) -> None:
    """Create `folder` if it is missing, and close it to other users. Access entries for single users stay."""
    folder.mkdir(parents=True, exist_ok=True)
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & stat.S_IRWXO:
        folder.chmod(mode & ~(stat.S_IRWXO | stat.S_IRWXG))


@contextmanager
def held(folder: Path, *, by: str) -> Iterator[None]:
    """Lock `folder` for this process. `by` is the name that other processes report ("standalone"). Raises FolderInUse.

    The kernel releases the lock when the process dies, however it dies.
    """
    make_private(folder)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(descriptor, 200).decode(errors="replace").strip() or "another process"
            raise FolderInUse(
                f"The data folder {folder} is in use by {holder}. Stop that first, or choose another DATA_DIR."
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{by} (process {os.getpid()})\n".encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)
