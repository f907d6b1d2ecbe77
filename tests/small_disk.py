"""A file system that a test may fill: a tmpfs of its own, where the system lets us mount one."""

import contextlib
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

MEGABYTE = 2**20


class SmallDisk:
    """`folder` is on it. A ballast file takes what is free."""

    def __init__(self, folder):
        self.folder = folder
        self._ballast = folder / "ballast"

    def free_bytes(self):
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def fill(self):
        """Until nothing more fits."""
        with self._ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass

    def empty(self):
        self._ballast.unlink(missing_ok=True)


@contextlib.contextmanager
def small_disk(megabytes):
    """Skips the test where nothing may be mounted."""
    with tempfile.TemporaryDirectory(prefix="heapadmin-disk-") as name:
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "heapadmin-tests", name]
        try:
            mounted = subprocess.run(command, capture_output=True, text=True)
        except OSError as error:
            pytest.skip(f"no file system can be mounted here: {error}")
        if mounted.returncode != 0:
            pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
        try:
            yield SmallDisk(Path(name))
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)
