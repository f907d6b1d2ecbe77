"""The status page as this process last rendered it. A request waits only for a moment, whatever is broken.

A snapshot is taken at most once in `FRESH_SECONDS` and served as bytes, so that a thousand readers cost the database
no more than one. It is shared with all workers on the data folder: each request looks which one is the newest, so they
all tell the same. One thread at a time takes the next; meanwhile requests get the previous one. If that is older than
`STALE_SECONDS`, they wait for the next, at most `REFRESH_TIMEOUT`. If even taking it hangs, the page says that
the database has not answered.
"""

import gzip
import logging
import threading
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import psycopg
from django.conf import settings
from django.utils import timezone

from support.status import counts, database, freshness, history, packing
from support.status.database import DatabaseCondition
from support.status.models import State
from support.status.readings import Freshness
from support.status.render import as_html, as_json
from support.status.shared_file import FILE_NAME, SharedFile
from support.status.snapshot import (
    OUTAGE_GAP,
    Snapshot,
    StoredStatus,
    outage_minutes,
    read,
    stored_before,
    take,
    without_database,
)
from support.status.verdicts import Evidence

FRESH_SECONDS = 4.0
STALE_SECONDS = 8.0
REFRESH_TIMEOUT = timedelta(seconds=2.5)
FRESHNESS_SECONDS = 15.0  # longer, since looking up the newest event is the only query of collected data
LONGEST_OUTAGE_WRITTEN = timedelta(days=1)
COMPRESSION = 6
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime.fromtimestamp(0, tz=timezone.get_default_timezone())
UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, zlib.error)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlainAndGzip:
    """The same content plain and compressed, because compressing it per reader would cost more than rendering it."""

    plain: bytes
    gzipped: bytes

    @classmethod
    def of(cls, plain: bytes) -> "PlainAndGzip":
        return cls(plain, gzip.compress(plain, COMPRESSION, mtime=0))


@dataclass(frozen=True)
class Published:
    """A snapshot as it is served."""

    snapshot: Snapshot
    html: PlainAndGzip
    json: PlainAndGzip

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Published":
        return cls(snapshot, PlainAndGzip.of(as_html(snapshot)), PlainAndGzip.of(as_json(snapshot)))


class Look(NamedTuple):
    """What a look at the database found that began at `asked_at`; `stored` is None if it could not be read."""

    condition: DatabaseCondition
    asked_at: datetime
    stored: StoredStatus | None = None


class Watch:
    """Knows the newest page of all workers, and takes the next."""

    def __init__(self, now: Callable[[], datetime] = timezone.now) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._refreshed = threading.Condition(self._lock)
        self._refreshing_since: float | None = None  # time.monotonic()
        self._published: Published | None = None
        self._number = 0  # of the content of the shared file that was read last
        self._freshness: tuple[float, Freshness] | None = None

    def make_room(self) -> None:
        """When a worker starts: for what it will share, even if the disk is full by then."""
        with suppress(OSError):  # said when there is something to share
            self._file().make_room()

    def current(self) -> Published:
        """The page to answer with."""
        with self._lock:
            published = self._newest()
            if published is not None and self._age_seconds(published) < FRESH_SECONDS:
                return published
            patience = self._refresh_soon()
            if published is not None and self._age_seconds(published) < STALE_SECONDS:
                return published
            self._refreshed.wait_for(lambda: self._refreshing_since is None, timeout=patience)
            published = self._newest()
        if published is not None and self._age_seconds(published) < STALE_SECONDS:
            return published
        now = self._now()  # and the look hangs
        return self._publish(self._snapshot(Look(DatabaseCondition.SILENT, now - REFRESH_TIMEOUT), now))

    # --- The newest of all workers ------------------------------------------------------------------------------------
    def _newest(self) -> Published | None:
        """What another worker published meanwhile, or else what this one did. The lock is held."""
        file = self._file()
        if file.newest_number() != self._number and (found := file.read()) is not None:
            self._number, content = found
            try:
                snapshot = packing.unpack(content)
            except UNREADABLE:  # of another version
                return self._published
            self._published = Published.of(snapshot)
        return self._published

    def _publish(self, snapshot: Snapshot) -> Published:
        """Share a snapshot, unless another worker has shared a newer one. Returns what is to be told now."""
        number = _number(snapshot.taken_at)
        try:
            self._file().write(number, packing.pack(snapshot), keeps=lambda shared: self._is_newer(shared, number))
        except OSError as error:
            log.warning("Workers may tell different things on the status page, which cannot be shared: %s", error)
            published = Published.of(snapshot)
            with self._lock:
                self._published = published
            return published
        with self._lock:
            self._number = 0  # what is in the file now was not read yet
            return self._newest() or Published.of(snapshot)

    def _is_newer(self, shared: int, number: int) -> bool:
        """Not if it is of the future: the clock was set back."""
        return number < shared <= _number(self._now())

    def _age_seconds(self, published: Published) -> float:
        """Endless for a snapshot of the future: the clock was set back."""
        age = (self._now() - published.snapshot.taken_at).total_seconds()
        return age if age >= 0 else float("inf")

    @staticmethod
    def _file() -> SharedFile:
        return SharedFile(settings.DATA_DIR / FILE_NAME)

    # --- Taking the next ----------------------------------------------------------------------------------------------
    def _refresh_soon(self) -> float:
        """See that the next is being taken. Returns for how many seconds to wait for it. The lock is held."""
        now = time.monotonic()
        if self._refreshing_since is None:
            self._refreshing_since = now
            threading.Thread(target=self._refresh, name="status", daemon=True).start()
        return max(0.0, self._refreshing_since + REFRESH_TIMEOUT.total_seconds() - now)

    def _refresh(self) -> None:
        try:
            self._publish(self._take_snapshot())
        except Exception:
            log.exception("The status page could not be made")
        with self._lock:
            self._refreshing_since = None
            self._refreshed.notify_all()

    def _take_snapshot(self) -> Snapshot:
        asked_at = self._now()
        try:
            with database.own_connection() as connection:
                look = self._look(connection, asked_at)
        except psycopg.Error as error:
            look = Look(database.condition_of(error), asked_at)
        return self._snapshot(look, self._now())

    def _look(self, connection: psycopg.Connection, now: datetime) -> Look:
        """Ask the database. Raises psycopg.Error if it does not answer at all."""
        condition = database.condition(connection)
        try:
            self._record_outage(connection, now)
            fresh = self._recent_freshness() or freshness.read(connection)
            stored = read(connection, now, fresh)
        except psycopg.Error as error:
            if error.sqlstate is None:
                raise
            return Look(database.condition_of(error), now)  # it answered before
        self._remember_freshness(fresh)
        return Look(condition, now, stored)

    def _snapshot(self, look: Look, now: datetime) -> Snapshot:
        before = self._published.snapshot if self._published else None
        evidence = Evidence(now, look.condition, counts.counted(now), disk=database.disk_words())
        if look.condition in database.UNANSWERED:
            return without_database(evidence, look.asked_at, before, counts.by_minute(now))
        return take(evidence, look.stored or stored_before(before, now), counts.by_minute(now))

    def _record_outage(self, connection: psycopg.Connection, now: datetime) -> None:
        """Record the minutes of the last outage, now that the database can store them."""
        before = self._published.snapshot if self._published else None
        if before is None or before.failing_since is None:
            return
        until = now if now - before.taken_at <= OUTAGE_GAP else before.taken_at
        since = max(before.failing_since, until - LONGEST_OUTAGE_WRITTEN)
        for part in before.parts:
            if part.state == State.DOWN:
                for at, reading in outage_minutes(part, since, until).items():
                    history.record(connection, [reading], at)

    def _recent_freshness(self) -> Freshness | None:
        if self._freshness is None or time.monotonic() - self._freshness[0] > FRESHNESS_SECONDS:
            return None
        return self._freshness[1]

    def _remember_freshness(self, fresh: Freshness) -> None:
        if self._recent_freshness() is None:
            self._freshness = (time.monotonic(), fresh)


def _number(taken_at: datetime) -> int:
    """Snapshots are numbered by their time."""
    return (taken_at - EPOCH) // MICROSECOND


watch = Watch()
