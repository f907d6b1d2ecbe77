"""Accepted and refused requests of the last hour, of all processes that share a data folder, in one small file.

The status page needs them while the database is away, on whichever worker it is asked. The file has its full size from
the start, so it can also be written while the disk is full.
"""

import logging
import os
import struct
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from collector.decide import Outcome
from common.locked_file import LockedFile, opened_to_read

log = logging.getLogger(__name__)

FILE_NAME = "last_hour"  # in DATA_DIR
SLOT_SECONDS = 10
SLOTS = 366  # an hour, and a minute more
WRITE_SECONDS = 2.0
REPORTED_SECONDS = 30.0  # a collector that has not reported for longer is taken for gone

_SLOT = struct.Struct("<qqqdd")
_BYTES = SLOTS * _SLOT.size


class Slot(NamedTuple):
    """Ten seconds. `number` is unix seconds // SLOT_SECONDS; moments are in unix seconds, 0 if there was none."""

    number: int
    accepted: int = 0
    refused: int = 0
    last_accepted_at: float = 0.0
    last_refused_at: float = 0.0

    @property
    def at(self) -> int:
        return self.number * SLOT_SECONDS

    def plus(self, other: "Slot") -> "Slot":
        return Slot(
            self.number,
            self.accepted + other.accepted,
            self.refused + other.refused,
            max(self.last_accepted_at, other.last_accepted_at),
            max(self.last_refused_at, other.last_refused_at),
        )


@dataclass(frozen=True)
class Counted:
    """Requests within some time. `is_reported` says whether a collector is there to count them."""

    accepted: int = 0
    refused: int = 0
    last_accepted_at: float = 0.0
    last_refused_at: float = 0.0
    is_reported: bool = False


class LastHour:
    """The file at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = LockedFile(path, _BYTES)

    def add(self, slot: Slot) -> None:
        """Add to what is counted already of these ten seconds. Raises OSError; then nothing was added."""
        offset = slot.number % SLOTS * _SLOT.size
        with self._file.locked() as descriptor:
            there = Slot(*_SLOT.unpack(os.pread(descriptor, _SLOT.size, offset)))
            whole = slot.plus(there) if there.number == slot.number else slot
            os.pwrite(descriptor, _SLOT.pack(*whole), offset)

    def close(self) -> None:
        self._file.close()

    def slots(self, now: float) -> list[Slot]:
        """The slots of the last hour that were reported, oldest first; none if there is no file."""
        try:
            with opened_to_read(self._path) as descriptor:
                content = os.pread(descriptor, _BYTES, 0)
        except OSError:
            return []
        newest = int(now) // SLOT_SECONDS
        found = (Slot(*fields) for fields in _SLOT.iter_unpack(content[: len(content) // _SLOT.size * _SLOT.size]))
        return sorted(slot for slot in found if newest - SLOTS < slot.number <= newest)

    def counted(self, now: float, seconds: float = 60.0) -> Counted:
        """What was counted in the last `seconds`, or up to SLOT_SECONDS longer."""
        slots = self.slots(now)
        recent = [slot for slot in slots if slot.at + SLOT_SECONDS > now - seconds]
        total = Slot(0)
        for slot in recent:
            total = total.plus(slot)
        return Counted(*total[1:], is_reported=bool(slots) and slots[-1].at > now - REPORTED_SECONDS)


class Reporter:
    """Reports what one process counts, from a thread of its own: a disk that hangs must not hold up requests.

    It also reports when nothing came, so that readers can tell a quiet collector from none.
    """

    def __init__(self, file: LastHour) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._reporting = threading.Lock()
        self._counted: dict[int, Slot] = {}
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, outcome: Outcome, requests: int, last_at: float) -> None:
        """Add requests with this outcome, of which the last arrived at `last_at`."""
        number = int(last_at) // SLOT_SECONDS
        if outcome is Outcome.ACCEPTED:
            slot = Slot(number, accepted=requests, last_accepted_at=last_at)
        elif outcome is Outcome.UNAVAILABLE:
            slot = Slot(number, refused=requests, last_refused_at=last_at)
        else:
            return  # decided without the database
        with self._lock:
            self._counted[number] = slot.plus(self._counted.get(number, Slot(number)))

    def start(self) -> None:
        """Begin to report, unless that has begun."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="last hour", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Report the rest."""
        self._stopped.set()
        self.report()
        with self._reporting:
            self._file.close()

    def _run(self) -> None:
        self.report()
        while not self._stopped.wait(WRITE_SECONDS):
            self.report()

    def report(self) -> None:
        """Report now. What cannot be written waits for the next time, for an hour at most."""
        with self._reporting:
            self._report()

    def _report(self) -> None:
        now = int(time.time()) // SLOT_SECONDS
        with self._lock:
            counted, self._counted = self._counted, {}
        waiting = {now: Slot(now)} | {number: slot for number, slot in counted.items() if number > now - SLOTS}
        try:
            for number in sorted(waiting):
                self._file.add(waiting[number])
                del waiting[number]
        except OSError as error:
            log.warning("What was counted lately cannot be written for the status page: %s", error)
            with self._lock:
                for number, slot in waiting.items():
                    self._counted[number] = slot.plus(self._counted.get(number, Slot(number)))
