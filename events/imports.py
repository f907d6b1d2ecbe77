"""Stores events of the past: each once, however often it is imported, and in a month of its own.

An idempotency key is remembered for a week. An imported event is recognised for ever, at no cost: its id is made of its
key, or of its content, so the same event is the same row. The ids lie far above those that the database gives.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime

from django.db import Error, OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable, QueryCanceled

from events.blocking_writer import store
from events.identity import key_digest
from events.records import EventRecord, Stored
from events.upkeep import KEY_DAYS, ensure_partitions

FIRST_ID = 2**58  # ids of imports have 58 bits below; a position in a list of events has 18 digits
MONTHS = 120  # up to now, that get a partition of their own; what is older shares one
MONTH_TRIES = 20
MONTH_LOCK_SECONDS = 0.25  # as long as the collector's statements wait: others queue up behind us
MONTH_SECONDS = 1.5  # to move what a month holds already: pages wait for the lock, 2 seconds at most
STATEMENT_SECONDS = 5  # two of them end before an environment that was deleted is empty (common/steps.py)
TURN_SECONDS = 0.05
LIVE_SECONDS = 1.0  # the collector has written within these: it is in use
PAUSE_TIMES = 2  # as long as some events took: what live events have to themselves, if there are any
DAY_SECONDS = 86_400

# The planner takes a month that was just made for empty. It must go through the index, as in `store_events`.
BEGIN = f"""
set local statement_timeout = '{STATEMENT_SECONDS}s';
set local enable_hashjoin = off; set local enable_mergejoin = off; set local enable_seqscan = off;
select pg_try_advisory_xact_lock(hashtextextended('import', %s))
"""
KNOWN = """
select given.id, given.time from unnest(%(times)s::float8[], %(ids)s::bigint[]) as given(time, id)
 where exists (select from events e
                where e.environment_id = %(environment)s and e.time = to_timestamp(given.time) and e.id = given.id
                  and e.time between to_timestamp(%(first)s) and to_timestamp(%(last)s))
"""
COLLECTING = """
select exists (select from pg_stat_activity
                where datname = current_database() and application_name = 'heapadmin collector'
                  and state_change > now() - make_interval(secs => %s))
"""


def recognisable(event: EventRecord, content: str, now: float) -> EventRecord:
    """The event with an id made of its idempotency key, or of its `content` if it has none.

    A key of the last week stays, so that an event that came from its sender too is stored once.
    """
    digest = event.key or key_digest(event.environment_id, f"content {content}")
    event.id = FIRST_ID + (int(digest, 16) >> 70)
    if event.time < now - KEY_DAYS * DAY_SECONDS:
        event.key = None
    return event


def store_once(events: Sequence[EventRecord], check: Callable[[], object] = lambda: None) -> Stored:
    """Store those events of one environment that are not stored yet, all `recognisable`, in one transaction.

    `check` is called just before, and may raise. Raises NotStorable, Unavailable or django.db.Error; then nothing is
    stored.
    """
    known_by = {(event.id, event.time): event for event in reversed(events)}  # the first of several stays
    fresh = list(reversed(known_by.values()))
    while True:
        check()
        with transaction.atomic():
            if _has_turn(events[0].environment_id):
                known = _known(fresh)
                fresh = [event for event in fresh if (event.id, event.time) not in known]
                stored = store(fresh) if fresh else Stored()
                return Stored(len(events) - len(fresh) + stored.repeats, stored.left_out)
        time.sleep(TURN_SECONDS)


def _has_turn(environment_id: int) -> bool:
    """Whether no other import writes into this environment now: two could store the same event at once."""
    with connection.cursor() as cursor:
        cursor.execute(BEGIN, [environment_id])
        while cursor.nextset():
            pass
        has_turn: bool = cursor.fetchone()[0]
        return has_turn


def _known(events: Sequence[EventRecord]) -> set[tuple[int, float]]:
    """The ids and times of those events that are stored already."""
    times = [event.time for event in events]
    with connection.cursor() as cursor:
        cursor.execute(
            KNOWN,
            {
                "environment": events[0].environment_id,
                "times": times,
                "ids": [event.id for event in events],
                "first": min(times),
                "last": max(times),
            },
        )
        return set(cursor.fetchall())


def make_way(seconds: float) -> None:
    """Pause for longer than the last events took (`seconds`), if others come meanwhile, or that cannot be asked.

    Most of a long time was spent waiting, for a lock or for the database: that kept nobody else from anything.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(COLLECTING, [LIVE_SECONDS])
            (is_live,) = cursor.fetchone()
    except Error:
        is_live = True  # the database starts again: who stores the next events waits for it
    if is_live:
        time.sleep(PAUSE_TIMES * min(seconds, STATEMENT_SECONDS))


class Months:
    """Sees to it that the months of events have partitions, before the events are stored.

    To make one takes a lock on the partition of all other times, for a moment. Nobody waits for it who writes events of
    a month that has its own. It gives up rather than let others wait: then the month's events share that partition.
    """

    def __init__(self, tries: int = MONTH_TRIES) -> None:
        self._tries = tries
        self._seen: set[date] = set()
        self.without: list[date] = []  # that could not be made

    def ensure(self, events: Iterable[EventRecord], now: float) -> None:
        oldest = _months_before(_month(now), MONTHS)
        for month in sorted({_month(event.time) for event in events} - self._seen):
            if oldest <= month <= _month(now) and not _make(month, 1 if self.without else self._tries):
                self.without.append(month)  # what holds it up may hold up the next ones too: a backup, for hours
            self._seen.add(month)


def _month(seconds: float) -> date:
    moment = datetime.fromtimestamp(seconds, UTC)
    return date(moment.year, moment.month, 1)


def _months_before(month: date, count: int) -> date:
    months = month.year * 12 + month.month - 1 - count
    return date(months // 12, months % 12 + 1, 1)


def _make(month: date, tries: int) -> bool:
    for attempt in range(tries):
        time.sleep(MONTH_LOCK_SECONDS * min(attempt, 4))
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("select set_config('statement_timeout', %s, true)", [f"{MONTH_SECONDS}s"])
                ensure_partitions(month, month, lock_seconds=MONTH_LOCK_SECONDS)
            return True
        except OperationalError as error:
            if isinstance(error.__cause__, QueryCanceled):
                return False
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
        except Error:
            if attempt + 1 == tries:  # another process made it at the same moment: it is there now
                raise
    return False
