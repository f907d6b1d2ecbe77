"""The folder for the metrics of all processes that run together, so that a scrape of any web worker can add them up.

gunicorn makes it for its workers; `make run` makes it before, also for the jobs' worker.
"""

import os
import shutil
import tempfile
from pathlib import Path

import psutil

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # read by prometheus_client when a process loads it
PREFIX = "heapadmin-metrics-"  # followed by the process id of who makes it


def make() -> Path:
    """Create a new, empty folder that other users cannot read. Deletes the folders of processes that were killed."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = left.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdecimal() and (int(pid) == os.getpid() or not psutil.pid_exists(int(pid))):
            shutil.rmtree(left, ignore_errors=True)  # a folder of another user stays
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))


def is_ours(folder: Path) -> bool:
    """Whether this process made it."""
    return folder.name.startswith(f"{PREFIX}{os.getpid()}-")


def forget_gauges_of(pid: int) -> None:
    """What a process has waiting that ends or becomes other code, and which version it is. What it has counted stays."""
    if VARIABLE in os.environ:
        for left in Path(os.environ[VARIABLE]).glob(f"gauge_live*_{pid}.db"):
            left.unlink(missing_ok=True)


def forget_dead_gauges(folder: Path) -> None:
    """What processes had waiting that were killed: nobody else takes it away when their gunicorn was killed too."""
    for left in folder.glob("gauge_live*_*.db"):
        pid = left.stem.rpartition("_")[2]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            left.unlink(missing_ok=True)
