"""The folder that the workers of one gunicorn write their metrics into, for a scrape of any to add up."""

import os
import shutil
import tempfile
from pathlib import Path

import psutil

PREFIX = "heapadmin-metrics-"  # then the number of gunicorn's own process


def make() -> Path:
    """A new, empty one, which nobody else can read. Those of processes that were killed go."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = left.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdecimal() and (int(pid) == os.getpid() or not psutil.pid_exists(int(pid))):
            shutil.rmtree(left, ignore_errors=True)  # somebody else's stays
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
