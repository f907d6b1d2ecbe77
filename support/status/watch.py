"""The status page as this process last saw it: a request never waits for more than a moment, whatever is broken.

The page is rendered at most once in `FRESH_SECONDS` and handed out as bytes, so that a thousand readers cost the
database no more than one. Refreshing is done by one thread at a time; requests in the meantime get the previous page.
A page older than `STALE_SECONDS` is not handed out: who asks then waits for the refresh, and if even that hangs, is
told that the database does not answer.
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
PATIENCE_SECONDS = 2.5
FRESHNESS_SECONDS = 15.0  # the newest event is looked up less often: it is the only look at what was collected
LONGEST_OUTAGE_WRITTEN = timedelta(days=1)
COMPRESSION = 6

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlainAndGzip:
    """The same bytes twice: compressing them for every reader would cost more than making them."""

    plain: bytes
    gzipped: bytes

    @classmethod
    def of(cls, plain: bytes) -> "PlainAndGzip":
        return cls(plain, gzip.compress(plain, COMPRESSION, mtime=0))


@dataclass(frozen=True)
class Published:
    """What is handed out, plain and as gzip, and when it was taken on this process's own clock."""

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
        self._away_since: datetime | None = None
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
            self._refreshed.wait_for(lambda: not self._refreshing, timeout=PATIENCE_SECONDS)
            published = self._published
        if published is not None and published.age_seconds < STALE_SECONDS:
            return published
        return self._publish(self._away(self._now()))  # the refresh hangs: so does the database

    def _refresh(self) -> None:
        try:
            published = self._publish(self._look())
        except Exception:
            log.exception("The status page could not be made")
            published = None
        with self._lock:
            if published is not None:
                self._published = published
            self._refreshing = False
            self._refreshed.notify_all()

    def _look(self) -> Snapshot:
        now = self._now()
        try:
            with database.own_connection() as connection:
                self._record_outage(connection, now)
                snapshot = take(connection, now, self._recent_freshness())
        except psycopg.Error:
            return self._away(now)
        self._remember(snapshot)
        return snapshot

    def _away(self, now: datetime) -> Snapshot:
        self._away_since = self._away_since or now
        return without_database(self._published.snapshot if self._published else None, now, self._away_since)

    def _record_outage(self, connection: psycopg.Connection, now: datetime) -> None:
        """Record afterwards the minutes in which the database was away, when nothing could be recorded."""
        if self._away_since is None:
            return
        at = history.minute_of(max(self._away_since, now - LONGEST_OUTAGE_WRITTEN))
        while at <= now:
            history.record(connection, database.unreachable(), at)
            at += timedelta(minutes=1)
        self._away_since = None

    def _recent_freshness(self) -> Freshness | None:
        if self._freshness is None or time.monotonic() - self._freshness[0] > FRESHNESS_SECONDS:
            return None
        return self._freshness[1]

    def _remember(self, snapshot: Snapshot) -> None:
        if snapshot.freshness is not None and self._recent_freshness() is None:
            self._freshness = (time.monotonic(), snapshot.freshness)

    @staticmethod
    def _publish(snapshot: Snapshot) -> Published:
        return Published(
            snapshot, PlainAndGzip.of(as_html(snapshot)), PlainAndGzip.of(as_json(snapshot)), time.monotonic()
        )


watch = Watch()
