"""The newest snapshot in a file in the data folder, so that every worker there tells the same.

The file has its full size from the start, so it can also be written while the disk is full.
"""

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from common.locked_file import LockedFile, opened_to_read

FILE_NAME = "status"  # in DATA_DIR
MOST_BYTES = 256 * 2**10

_HEAD = struct.Struct("<qII")  # number, length and checksum of what follows


class SharedFile:
    """The file at `path`. Contents are numbered; a greater number is newer."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def make_room(self) -> None:
        """Take its room on the disk now, which may be full when the first content comes. Raises OSError."""
        with self._locked():
            pass

    def newest_number(self) -> int:
        """The number of the content; 0 if there is none."""
        try:
            with opened_to_read(self._path) as descriptor:
                return _head(descriptor)[0]
        except OSError:
            return 0

    def read(self) -> tuple[int, bytes] | None:
        """The number and the content; None if there is none, or while it is being written."""
        try:
            with opened_to_read(self._path) as descriptor:
                number, length, checksum = _head(descriptor)
                content = os.pread(descriptor, min(length, MOST_BYTES), _HEAD.size)
        except OSError:
            return None
        return (number, content) if number and zlib.crc32(content) == checksum else None

    def write(self, number: int, content: bytes, *, keeps: Callable[[int], bool]) -> None:
        """Replace the content, unless `keeps`, asked under the lock, says to keep that number. Raises OSError."""
        if len(content) > MOST_BYTES:
            raise OSError(f"{len(content):,} bytes are too many for {self._path}")
        with self._locked() as descriptor:
            if not keeps(_head(descriptor)[0]):
                os.pwrite(descriptor, _HEAD.pack(number, len(content), zlib.crc32(content)) + content, 0)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        with closing(LockedFile(self._path, _HEAD.size + MOST_BYTES)) as file, file.locked() as descriptor:
            yield descriptor


def _head(descriptor: int) -> tuple[int, int, int]:
    head = os.pread(descriptor, _HEAD.size, 0)
    return _HEAD.unpack(head) if len(head) == _HEAD.size else (0, 0, 0)
