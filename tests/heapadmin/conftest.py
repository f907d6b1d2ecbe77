"""Folders of our own for tests that start PostgreSQL as another user.

Pytest closes the folder above its own to all others whenever a run starts, also under a server of a run beside it.
"""

import shutil
import tempfile
from pathlib import Path

import pytest


class Folders:
    """Makes folders, as pytest's `tmp_path_factory` does."""

    def __init__(self):
        self.made = []

    def mktemp(self, name):
        self.made.append(Path(tempfile.mkdtemp(prefix=f"heapadmin-{name}-")))
        return self.made[-1]

    def remove(self):
        for folder in self.made:
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def tmp_path_factory():
    folders = Folders()
    yield folders
    folders.remove()


@pytest.fixture
def tmp_path():
    folders = Folders()
    yield folders.mktemp("test")
    folders.remove()
