"""The files in which processes count (common/metrics_folder.py), added up for a scrape.

Those of processes that have ended are added up into one file of each kind, so that a scrape reads few. Names say what
counts, so that who is killed while doing so loses nothing, counts nothing twice, and leaves nothing that stays:

- `counter_PID.db` counts: of a process. prometheus_client names it.
- `counter_sum.N.db` is a sum. Only the one with the highest N counts.
- `counter_PID.N.db` is of a process that has ended. It counts as long as sum N does, and is part of sum N + 1.

Only a process that gets the id of another one, in the microseconds in which that one's file is renamed, would count
in vain. This loads prometheus_client, which must not be loaded before the folder is made.
"""

import os
import re
import struct
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from common.locked_file import LockedFile

NAME = re.compile(r"(counter|histogram|summary)_(sum|\d+)(?:\.(\d+))?\.db")  # kind, whose, N
TRIES, PAUSE_SECONDS = 5, 0.1


class _Files(Collector):
    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = [str(path) for path in paths]

    def collect(self) -> Iterable[Metric]:
        return MultiProcessCollector.merge(self._paths)  # type: ignore[no-any-return]


def text(folder: Path) -> bytes:
    """What all processes counted, for Prometheus. Read again while others make, rename or delete files."""
    add_up_ended(folder)
    for tries_left in reversed(range(TRIES)):
        registry = CollectorRegistry()
        paths = _counting(folder.glob("*.db"))
        registry.register(_Files(paths))
        try:
            found = generate_latest(registry)
            if paths == _counting(folder.glob("*.db")) or not tries_left:
                return found
        except (OSError, struct.error):
            if not tries_left:
                raise
        time.sleep(PAUSE_SECONDS)
    raise AssertionError


def add_up_ended(folder: Path) -> None:
    """Do nothing while another process does, or if the disk is full: all is counted as well without."""
    lock = LockedFile(folder / "lock", 0)
    try:
        with suppress(OSError), lock.locked():
            for kind in sorted({match[1] for path in folder.iterdir() if (match := NAME.fullmatch(path.name))}):
                _add_up(folder, kind)
    finally:
        lock.close()


def _add_up(folder: Path, kind: str) -> None:
    paths = list(folder.glob(f"{kind}_*.db"))
    n = _highest(paths)[kind]
    for path in paths:
        match = NAME.fullmatch(path.name)
        if match and match[3] is None and match[2].isdecimal() and not psutil.pid_exists(int(match[2])):
            ended = path.with_suffix(f".{n}.db")
            if not ended.exists():  # of a former process of this id, from a try that did not end
                path.rename(ended)
    if parts := [path for path in folder.glob(f"{kind}_*.{n}.db") if path.name != f"{kind}_sum.{n}.db"]:
        unfinished = folder / f"{kind}_sum.new"
        _write(unfinished, _summed([*parts, *folder.glob(f"{kind}_sum.{n}.db")]))
        unfinished.rename(folder / f"{kind}_sum.{n + 1}.db")  # from here on, it counts, and its parts do not
    paths = list(folder.glob(f"{kind}_*.db"))
    for path in set(paths).difference(_counting(paths)):
        path.unlink()


def _counting(paths: Iterable[Path]) -> list[Path]:
    """Those of all these files that count."""
    paths = sorted(paths)
    highest = _highest(paths)

    def counts(path: Path) -> bool:
        match = NAME.fullmatch(path.name)
        return match is None or match[3] is None or int(match[3]) == highest[match[1]]

    return [path for path in paths if counts(path)]


def _highest(paths: Iterable[Path]) -> dict[str, int]:
    """The highest N of a sum, by kind; 0 where there is none."""
    highest: dict[str, int] = defaultdict(int)
    for path in paths:
        match = NAME.fullmatch(path.name)
        if match and match[2] == "sum" and match[3]:
            highest[match[1]] = max(highest[match[1]], int(match[3]))
    return highest


def _summed(paths: Iterable[Path]) -> dict[str, float]:
    """What is in those files, by key. One whose process was killed while it made it has nothing."""
    sums: dict[str, float] = defaultdict(float)
    for path in paths:
        with suppress(struct.error):
            for key, value, *_ in MmapedDict.read_all_values_from_file(path):
                sums[key] += value
    return sums


def _write(path: Path, sums: dict[str, float]) -> None:
    """With room for all of it first: a memory map of a file that finds none kills the process."""
    room = 8 + sum(len(key.encode()) + 32 for key in sums)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, room)
    finally:
        os.close(descriptor)
    file = MmapedDict(str(path))
    for key, value in sums.items():
        file.write_value(key, value, 0.0)
    file.close()
