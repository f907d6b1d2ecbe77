"""The folder for the metrics of all workers of one gunicorn, so that a scrape of any worker can add them up."""

import os
import shutil
import tempfile
from pathlib import Path

import psutil

PREFIX = "heapadmin-metrics-"  # followed by the process id of gunicorn itself


def make() -> Path:
    """Create a new, empty folder that other users cannot read. Deletes the folders of processes that were killed."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = left.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdecimal() and (int(pid) == os.getpid() or not psutil.pid_exists(int(pid))):
            shutil.rmtree(left, ignore_errors=True)  # a folder of another user stays
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
