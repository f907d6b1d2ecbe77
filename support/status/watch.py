"""The status page as this process last rendered it. A request waits only for a moment, whatever is broken.

The page is rendered at most once in `FRESH_SECONDS` and served as bytes, so that a thousand readers cost the database
no more than one. One thread at a time refreshes the page; meanwhile requests get the previous one. If that is older
than `STALE_SECONDS`, they wait for the refresh, at most `REFRESH_TIMEOUT_SECONDS`. If even the refresh hangs, the page
says that the database does not answer.
"""

import gzip
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from django.utils import timezone

from support.status import database, history
from support.status.readings import Freshness
from support.status.render import as_html, as_json
from support.status.snapshot import Snapshot, take, without_database

FRESH_SECONDS = 4.0
STALE_SECONDS = 8.0
REFRESH_TIMEOUT_SECONDS = 2.5
FRESHNESS_SECONDS = 15.0  # longer, since looking up the newest event is the only query of collected data
LONGEST_OUTAGE_WRITTEN = timedelta(days=1)
COMPRESSION = 6

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
    """The page and the JSON as served, and when the snapshot was taken, by this process's monotonic clock."""

    snapshot: Snapshot
    html: PlainAndGzip
    json: PlainAndGzip
    at: float

    @property
    def age_seconds(self) -> float:
        return time.monotonic() - self.at


class Watch:
    """Keeps the newest page of this process."""

    def __init__(self, now: Callable[[], datetime] = timezone.now) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._refreshed = threading.Condition(self._lock)
        self._refreshing = False
        self._published: Published | None = None
        self._outage_since: datetime | None = None
        self._freshness: tuple[float, Freshness] | None = None

    def current(self) -> Published:
        """The page to answer with."""
        with self._lock:
            published = self._published
            if published is not None and published.age_seconds < FRESH_SECONDS:
                return published
            if not self._refreshing:
                self._refreshing = True
                threading.Thread(target=self._refresh, name="status", daemon=True).start()
            if published is not None and published.age_seconds < STALE_SECONDS:
                return published
            self._refreshed.wait_for(lambda: not self._refreshing, timeout=REFRESH_TIMEOUT_SECONDS)
            published = self._published
        if published is not None and published.age_seconds < STALE_SECONDS:
            return published
        return self._publish(self._outage_snapshot(self._now()))  # the refresh hangs, so the database does

    def _refresh(self) -> None:
        try:
            published = self._publish(self._take_snapshot())
        except Exception:
            log.exception("The status page could not be made")
            published = None
        with self._lock:
            if published is not None:
                self._published = published
            self._refreshing = False
            self._refreshed.notify_all()

    def _take_snapshot(self) -> Snapshot:
        now = self._now()
        try:
            with database.own_connection() as connection:
                self._record_outage(connection, now)
                snapshot = take(connection, now, self._recent_freshness())
        except psycopg.Error:
            return self._outage_snapshot(now)
        self._remember_freshness(snapshot)
        return snapshot

    def _outage_snapshot(self, now: datetime) -> Snapshot:
        self._outage_since = self._outage_since or now
        return without_database(self._published.snapshot if self._published else None, now, self._outage_since)

    def _record_outage(self, connection: psycopg.Connection, now: datetime) -> None:
        """Record the minutes of the last outage, now that the database can store them."""
        if self._outage_since is None:
            return
        at = history.minute_of(max(self._outage_since, now - LONGEST_OUTAGE_WRITTEN))
        while at <= now:
            history.record(connection, database.unreachable(), at)
            at += timedelta(minutes=1)
        self._outage_since = None

    def _recent_freshness(self) -> Freshness | None:
        if self._freshness is None or time.monotonic() - self._freshness[0] > FRESHNESS_SECONDS:
            return None
        return self._freshness[1]

    def _remember_freshness(self, snapshot: Snapshot) -> None:
        if snapshot.freshness is not None and self._recent_freshness() is None:
            self._freshness = (time.monotonic(), snapshot.freshness)

    @staticmethod
    def _publish(snapshot: Snapshot) -> Published:
        return Published(
            snapshot, PlainAndGzip.of(as_html(snapshot)), PlainAndGzip.of(as_json(snapshot)), time.monotonic()
        )


watch = Watch()
