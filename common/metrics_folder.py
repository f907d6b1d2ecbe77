"""The folder for the metrics of all processes that run together, so that a scrape of any web worker can add them up.

gunicorn makes it for its workers; `make run` makes it before, also for the jobs' worker.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import psutil

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # read by prometheus_client when a process loads it
GAUGES = "gauge_live*"  # files of what holds for as long as its process lives
PREFIX = "heapadmin-metrics-"  # followed by the process id of who makes it


def make() -> Path:
    """Create a new, empty folder that other users cannot read. Deletes the folders of processes that were killed."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = left.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdecimal() and (int(pid) == os.getpid() or not psutil.pid_exists(int(pid))):
            shutil.rmtree(left, ignore_errors=True)  # a folder of another user stays
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))


def in_use() -> Path | None:
    """The one that this process counts in; None if there is none, or none any more."""
    folder = Path(os.environ.get(VARIABLE) or os.devnull)
    return folder if folder.is_dir() else None


def is_ours(folder: Path) -> bool:
    """Whether this process made it."""
    return folder.name.startswith(f"{PREFIX}{os.getpid()}-")


def forget_gauges_of(pid: int) -> None:
    """What a process had waiting that has ended or becomes other code, and its version. What it counted stays."""
    for left in _gauges_of(str(pid)):
        left.unlink(missing_ok=True)


def forget_gauges_of_dead() -> None:
    """Nobody else takes them all away: workers die in many ways, and after a reload their parent knows them no more."""
    for left in _gauges_of("*"):
        pid = left.stem.rpartition("_")[2]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            left.unlink(missing_ok=True)


def _gauges_of(pid: str) -> Iterable[Path]:
    folder = in_use()
    return folder.glob(f"{GAUGES}_{pid}.db") if folder else ()
