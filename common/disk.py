"""How much room is left on the file system that a folder is on."""

import os
from pathlib import Path

FULL_BELOW_BYTES = 32 * 2**20  # PostgreSQL makes its write-ahead log in pieces of 16 MiB


def free_bytes(folder: Path) -> int:
    """What a program that is not root may still write. Raises OSError when there is no such folder."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def is_full(folder: Path) -> bool:
    """Whether PostgreSQL cannot do its work for want of room, or because no file can be made. False if nobody knows."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    no_more_files = found.f_files > 0 and found.f_favail == 0
    return no_more_files or found.f_bavail * found.f_frsize < FULL_BELOW_BYTES
