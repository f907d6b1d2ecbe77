"""Jobs of events: partitions for coming and for old months, packing months that are over, keys, the catalogue."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import DatabaseError, OperationalError
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from common.disk import free_bytes
from common.jobs import LONG, LOW, SLICE_SECONDS, defer_once
from common.steps import PAUSE
from events import moving, packing
from events.catalogue import counting
from events.holders import holders, is_in_the_way, named, staying
from events.months import Month, without_partition
from events.months import months as existing_months
from events.upkeep import ensure_partitions, forget_keys

log = logging.getLogger(__name__)
WAITS = "%s waits. In its way: %s"

OLDEST_YEARS = 10  # what is older shares one partition
CROWD = 1_000  # events that give a month a partition: few cost less where they are
COPIED_AT_ONCE = 5_000
TRIES = 20
OVER = timedelta(days=7)  # after the end of a month: late events come in the first days
LEAST_BYTES = 2**20  # of events: with fewer it makes no difference
CAUGHT_UP_AT_ONCE = 1_000
PLACE_SECONDS = 600  # to find a moment in which nobody is in the way
STAYS = 60.0  # seconds: a transaction that is twice as old as a question may get may well stay for hours
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


@app.periodic(cron="* * * * *")
@app.task(name="events.catalogue", queueing_lock="events.catalogue", priority=LOW, pass_context=False)
def catalogue(timestamp: int) -> None:
    """Count for the catalogue what has arrived, and begin to count anew the months that lost events."""
    now = datetime.fromtimestamp(timestamp, UTC)
    until = time.monotonic() + SLICE_SECONDS
    failures: list[DatabaseError] = []
    for environment_id in counting.due(now):
        try:
            counting.count(environment_id)
        except DatabaseError as error:  # maybe of this environment alone
            failures.append(error)
        if time.monotonic() > until:
            defer_once("events.catalogue", in_seconds=1, timestamp=timestamp)
            break
    for environment_id, month in counting.noted(now):
        defer_once("events.recount", environment_id=environment_id, month=month.isoformat())
    if failures:
        raise failures[0]


@app.task(name="events.recount", queue=LONG, priority=LOW)
def recount(environment_id: int, month: str) -> None:
    """Count one month of one environment anew for the catalogue."""
    counting.recount(environment_id, date.fromisoformat(month))


@app.periodic(cron="7 4 * * *")
@app.task(name="events.months", queueing_lock="events.months", priority=LOW, pass_context=False)
def months(timestamp: int) -> None:
    """Begin to give old months with many events partitions of their own, unless that goes on since yesterday."""
    if _is_queued("events.move_months"):
        log.warning(WAITS, "The move of events of old months", named(staying("events_default", STAYS)))
        return
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
        _in_a_moment(moving.throw_away)  # else the next run does
    elif not (_nobody_sees_what_was() and _in_a_moment(moving.take_place)):
        defer_once("events.move_months", in_seconds=60, after=after)


@app.periodic(cron="47 4 * * *")
@app.task(name="events.pack", queueing_lock="events.pack", queue=LONG, priority=LOW, pass_context=False)
def pack(timestamp: int, after: str = "") -> None:
    """Begin to pack the oldest month that is over, of those after that table, unless one is being packed.

    A month that somebody stays in the way of could not take its place in the end, so it is not even copied.
    """
    if _is_queued("events.pack_month", "events.place_month"):
        return
    if not _in_a_moment(packing.throw_away):  # what a run that was stopped has left
        left = [*packing.watched(), "events_packing", "events_packing_noted"]
        log.warning(WAITS, "Packing", named(holders(*left)))
        return
    over = datetime.fromtimestamp(timestamp, UTC) - OVER
    ended = [month for month in existing_months() if month.ends <= over and month.table > after]
    for month in filter(_has_room, packing.loose(ended, LEAST_BYTES)):
        who = staying(month.table, STAYS)
        if not who and _in_a_moment(partial(packing.begin, month)):
            defer_once("events.pack_month", timestamp=timestamp, table=month.table, step=0)
            return
        _say_it_waits(month, who or holders(month.table))


def _has_room(month: Month) -> bool:
    """Whether the disk of a private database has room for the copy, twice, as PostgreSQL sorts it beside."""
    return not settings.PRIVATE_DATABASE or free_bytes(settings.DATA_DIR) > 2 * packing.size(month)


@app.task(name="events.pack_month", queue=LONG, priority=LOW)
def pack_month(timestamp: int, table: str, step: int) -> None:
    """Do one step of copying a month. In a large month they take long; other jobs get a turn in between."""
    month = Month.of(table)
    if table not in packing.watched():  # it is gone: nobody keeps it
        return
    is_last = step == len(packing.COPY) - 1
    with _thrown_away_if_it_fails(timestamp, month):
        packing.COPY[step](month)
        if is_last and not packing.is_complete(month):
            log.error("A copy of the events of a month is not what these are; it is thrown away. Report this.")
            _in_a_moment(packing.throw_away)
        elif is_last:
            until = int(time.time() + PLACE_SECONDS)
            defer_once("events.place_month", timestamp=timestamp, table=table, until=until)
        else:
            defer_once("events.pack_month", timestamp=timestamp, table=table, step=step + 1)


@app.task(name="events.place_month", queue=LONG, priority=LOW)
def place_month(timestamp: int, table: str, until: int) -> None:
    """Put the copy in the month's place, and go on with the next month. If somebody is in the way, try until then."""
    month = Month.of(table)
    if table not in packing.watched():
        return
    with _thrown_away_if_it_fails(timestamp, month):
        if _put_in_place(month):
            _go_on(timestamp, month)
        elif time.time() < until:
            defer_once("events.place_month", in_seconds=5, timestamp=timestamp, table=table, until=until)
        else:
            _give_up(timestamp, month)


@contextmanager
def _thrown_away_if_it_fails(timestamp: int, month: Month) -> Iterator[None]:
    """Whatever fails within, the copy goes, and the next month has its turn; but not if the database itself fails."""
    try:
        yield
    except OperationalError as error:
        if not is_in_the_way(error):
            _in_a_moment(packing.throw_away)
            raise
        _give_up(timestamp, month)
    except Exception:
        _in_a_moment(packing.throw_away)
        _go_on(timestamp, month)
        raise


def _give_up(timestamp: int, month: Month) -> None:
    _say_it_waits(month, staying(month.table, STAYS) or holders(month.table))
    _in_a_moment(packing.throw_away)
    _go_on(timestamp, month)


def _go_on(timestamp: int, month: Month) -> None:
    """Pack the next month, when this job is over."""
    defer_once("events.pack", in_seconds=1, timestamp=timestamp, after=month.table)


def _say_it_waits(month: Month, who: list[int]) -> None:
    log.warning(WAITS, f"To pack {month.table}", named(who))


def _put_in_place(month: Month) -> bool:
    """Whether the copy is in the month's place. It follows what comes and goes, for as long as a job may take."""
    until = time.monotonic() + SLICE_SECONDS
    while time.monotonic() < until:
        while packing.catch_up(month, CAUGHT_UP_AT_ONCE) and time.monotonic() < until:
            time.sleep(PAUSE)
        if _nobody_sees_what_was(until) and _in_a_moment(partial(packing.take_place, month)):
            return True
    return False


def _nobody_sees_what_was(until: float | None = None) -> bool:
    """Whether, by then or within a slice, nobody looks any more at the database as it is now."""
    until = time.monotonic() + SLICE_SECONDS if until is None else until
    unseen = packing.Unseen()
    while not unseen.is_over() and time.monotonic() < until:
        time.sleep(PAUSE)
    return unseen.is_over()


def _is_queued(*names: str) -> bool:
    found: bool = ProcrastinateJob.objects.filter(task_name__in=names, status__in=("todo", "doing")).exists()
    return found


def _in_a_moment(change: Callable[[], object]) -> bool:
    """Try a change for which others must be out of the way for a moment; whether it was made.

    A change that returns False was not made.
    """
    for _ in range(TRIES):
        try:
            return change() is not False
        except OperationalError as error:
            if not is_in_the_way(error):
                raise
            time.sleep(PAUSE)
    return False
