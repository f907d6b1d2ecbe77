"""Jobs of events: partitions for the coming months and for old ones, and deleting expired idempotency keys."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from django.db import OperationalError
from procrastinate.contrib.django import app
from psycopg.errors import LockNotAvailable

from common.jobs import LOW, SLICE_SECONDS, defer_once
from common.steps import PAUSE
from events import moving
from events.months import without_partition
from events.upkeep import ensure_partitions, forget_keys

log = logging.getLogger(__name__)

OLDEST_YEARS = 10  # what is older shares one partition
CROWD = 1_000  # events that give a month a partition: few cost less where they are
COPIED_AT_ONCE = 5_000
TRIES = 20
AHEAD = timedelta(days=93)  # three months: a job that fails is noticed long before it matters


@app.periodic(cron="11 2 * * *")
@app.task(name="events.partitions", queueing_lock="events.partitions", priority=LOW, pass_context=False)
def partitions(timestamp: int) -> None:
    """Create the missing partitions of this month and the next three."""
    today = datetime.fromtimestamp(timestamp, UTC).date()
    ensure_partitions(today, today + AHEAD)


@app.periodic(cron="41 * * * *")
@app.task(name="events.idempotency_keys", queueing_lock="events.idempotency_keys", priority=LOW, pass_context=False)
def idempotency_keys(timestamp: int) -> None:
    """Delete the keys that are older than 7 days. Each step commits on its own, so a stop loses nothing."""
    while forget_keys():
        pass


@app.periodic(cron="7 4 * * *")
@app.task(name="events.months", queueing_lock="events.months", priority=LOW, pass_context=False)
def months(timestamp: int) -> None:
    """Begin to give old months with many events partitions of their own."""
    now = datetime.fromtimestamp(timestamp, UTC)
    oldest = date(now.year - OLDEST_YEARS, now.month, 1)
    wanted = without_partition(oldest, (now + AHEAD).date(), CROWD)
    if wanted and _in_a_moment(partial(moving.begin, wanted)):
        defer_once("events.move_months", after=[0, oldest.isoformat(), 0])


@app.task(name="events.move_months", priority=LOW)
def move_months(after: list[Any]) -> None:
    """Copy some more events of old months, after that one; when all are copied, put the copies in their place."""
    if not moving.has_begun():
        return
    until = time.monotonic() + SLICE_SECONDS
    place: moving.Reached | None = (after[0], datetime.fromisoformat(after[1]), after[2])
    while place is not None and time.monotonic() < until:
        started, last = time.monotonic(), place
        place = moving.copy(last, COPIED_AT_ONCE)
        time.sleep((time.monotonic() - started) * PAUSE)
    if place is not None:
        defer_once("events.move_months", in_seconds=1, after=[place[0], place[1].isoformat(), place[2]])
    elif not moving.is_complete():
        log.error("Copies of events of old months are not what the events are; they are thrown away. Report this.")
        moving.throw_away()
    elif not _in_a_moment(moving.take_place):
        defer_once("events.move_months", in_seconds=60, after=after)


def _in_a_moment(change: Callable[[], object]) -> bool:
    """Try a change for which others must be out of the way for a moment; whether it was made."""
    for _ in range(TRIES):
        try:
            change()
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            time.sleep(PAUSE)
        else:
            return True
    return False
