"""Brings an environment's counted days up to date: counts finished days, recounts changed ones, folds in merges.

A day is counted an hour after its end, from what had arrived by then. Later arrivals are in the index events_late,
and until the next refresh readers count such a day from its events.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
from django.db import connection, transaction
from prometheus_client import Counter, Histogram

from analytics.questions.query import Scope
from analytics.rollups import bitmaps
from analytics.rollups.builder import PLACE, CountedDay, build, keep_empty
from analytics.rollups.reader import mark_of, pending_people, positions
from analytics.sql.days import ARRIVED_LATE, GAP, LATE_REACHES, MINUTE, WITH_EVENTS, has_events
from common.local_days import midnight
from common.metrics import REGISTRY
from events.upkeep import hold_months, settled_until
from projects.models import Environment

KEPT_DAYS = 400  # the longest preset is 365
LATE = timedelta(hours=1)  # as in the index events_late
SETTLING = timedelta(minutes=1)  # as in events/upkeep.py
ANALYZE_AFTER = (1, 10)  # days of one run: usually there is but one

_days = Counter("heapadmin_rollup_days", "Days with events that were counted.", registry=REGISTRY)
_day_seconds = Histogram(
    "heapadmin_rollup_day_seconds", "How long it took to count one of these days.",
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300), registry=REGISTRY,
)  # fmt: skip

DROP_LATE = f"""
    with late as ({ARRIVED_LATE})
    delete from rollup_days d using late
     where d.environment_id = %(environment)s
       and late.at < d.ends and late.at >= d.starts - interval '{LATE_REACHES // MINUTE} minutes'
"""  # noqa: S608  fixed text
FORGET_OLD = f"""
    delete from rollup_days where environment_id = %s and not is_empty and starts < %s + {GAP}
"""  # noqa: S608  fixed text
UP_TO_DATE = "select starts from rollup_days where environment_id = %s and (has_sessions or is_empty)"
SET_MARK = """
    insert into rollup_marks (environment_id, mark) values (%(environment)s, %(mark)s)
    on conflict (environment_id) do update set mark = greatest(rollup_marks.mark, excluded.mark), complete = false
"""
WAITING = f"""
    select e.* from projects_environment e left join rollup_marks k on k.environment_id = e.id
     where (k.mark is null or not k.complete or k.mark < %s) and {has_events("e.id")}
     order by k.mark nulls first, e.id limit 50
"""  # noqa: S608


def refresh(environment: Environment, *, seconds: float = 60.0) -> bool:
    """Count due days, newest first, for about this long. Returns whether nothing is left to count."""
    until = time.monotonic() + seconds
    with _environment_lock(environment.pk) as has_lock:
        if not has_lock:
            return False
        boundary = settled_until()
        days = _wanted_days(environment, boundary)
        _drop_stale_days(environment.pk, days, boundary)
        if is_complete := _count(_missing(days), until):
            _fold_merges(environment.pk)
            _note_complete(environment.pk)
        return is_complete


@contextmanager
def _environment_lock(environment_id: int) -> Iterator[bool]:
    """Hold the environment's lock, which the deletion of events takes too; False when another process holds it.

    It is taken before any transaction begins, so that what a transaction sees is not older than the lock.
    """
    key = "hashtextextended('rollups', %s)"
    with connection.cursor() as cursor:
        cursor.execute(f"select pg_try_advisory_lock({key})", [environment_id])
        (has_lock,) = cursor.fetchone() or (False,)
        try:
            yield has_lock
        finally:
            if has_lock:
                cursor.execute(f"select pg_advisory_unlock({key})", [environment_id])


def _wanted_days(environment: Environment, boundary: datetime) -> list[CountedDay]:
    """The days that can be counted, the newest first."""
    scope = Scope.of(environment)
    zone = scope.zone
    today = boundary.astimezone(zone).date()
    days = []
    for back in range(KEPT_DAYS + 1):
        local: date = today - timedelta(days=back)
        starts, ends = midnight(local, zone), midnight(local + timedelta(days=1), zone)
        if ends + LATE <= boundary and starts < ends:
            days.append(CountedDay(environment.pk, starts, ends, scope.without_robots))
    return days


@transaction.atomic
def _drop_stale_days(environment_id: int, days: list[CountedDay], boundary: datetime) -> None:
    """Drop days that got late events, are too old, are no longer days of the project's calendar, or treat robots
    otherwise than the project does now."""
    edges: dict[str, Any] = {
        "starts": [day.starts for day in days],
        "ends": [day.ends for day in days],
        "robots": [day.without_robots for day in days],
    }
    hold_months()
    with connection.cursor() as cursor:
        if mark := mark_of(environment_id):
            cursor.execute(DROP_LATE, {"environment": environment_id, "mark": mark})
        cursor.execute(
            "delete from rollup_days where environment_id = %(environment)s and (starts, ends, without_robots) "
            "not in (select * from unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[], %(robots)s::boolean[]))",
            {"environment": environment_id, **edges},
        )
        cursor.execute(SET_MARK, {"environment": environment_id, "mark": boundary})


def _missing(days: list[CountedDay]) -> list[CountedDay]:
    """Those that are not kept, or whose sessions were counted by a rule of before."""
    if not days:
        return []
    with connection.cursor() as cursor:
        cursor.execute(UP_TO_DATE, [days[0].environment_id])
        kept = {starts for (starts,) in cursor.fetchall()}
    return [day for day in days if day.starts not in kept]


def _count(missing: list[CountedDay], until: float) -> bool:
    """Count these days until the time is up. Returns whether all of them are counted."""
    if not missing:
        return True
    with transaction.atomic():
        hold_months()
        busy = _with_events(missing)
        keep_empty([day for day in missing if day.starts not in busy])
    waiting = [day for day in missing if day.starts in busy]
    for built in range(len(waiting)):
        if time.monotonic() > until:
            return False
        if built in ANALYZE_AFTER:
            _analyze_positions()
        began = time.monotonic()
        build(waiting[built])
        _days.inc()
        _day_seconds.observe(time.monotonic() - began)
    return True


def _analyze_positions() -> None:
    """Update statistics: the planner takes a new environment for empty, and would read all of it per person."""
    with connection.cursor() as cursor:
        cursor.execute("analyze rollup_positions")


def _note_complete(environment_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("update rollup_marks set complete = true where environment_id = %s", [environment_id])


def _with_events(days: list[CountedDay]) -> set[datetime]:
    """Starts of the days on which there is any event at all."""
    with connection.cursor() as cursor:
        edges = {"starts": [day.starts for day in days], "ends": [day.ends for day in days]}
        cursor.execute(WITH_EVENTS, {"environment": days[0].environment_id, **edges})
        return {starts for (starts,) in cursor.fetchall()}


@transaction.atomic
def _fold_merges(environment_id: int) -> None:
    """Apply pending merges to the days, and delete the pending merges."""
    with connection.cursor() as cursor:
        cursor.execute("select from_actor, to_actor from rollup_pending where environment_id = %s", [environment_id])
        pending = cursor.fetchall()
        if not pending:
            return
        placed = positions(environment_id, [from_actor for from_actor, _ in pending])
        identities = sorted({to_actor for from_actor, to_actor in pending if from_actor in placed})
        parameters: dict[str, Any] = {"environment": environment_id, "actors": identities}
        cursor.execute(PLACE, parameters)
        _fold(environment_id, pending_people(environment_id, most=None).groups)
        cursor.execute(
            "delete from rollup_pending where environment_id = %s and from_actor = any(%s)",
            [environment_id, [from_actor for from_actor, _ in pending]],
        )


def _fold(environment_id: int, groups: Sequence[bitmaps.OnePerson]) -> None:
    if not groups:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "select starts, kind, name, people from rollup_counts where environment_id = %s", [environment_id]
        )
        changed = [
            (bitmaps.to_bytes(after), environment_id, starts, kind, name)
            for starts, kind, name, people in cursor.fetchall()
            if (after := bitmaps.merged(people, groups)) != bitmaps.from_bytes(people)
        ]
        cursor.executemany(
            "update rollup_counts set people = %s "
            "where environment_id = %s and starts = %s and kind = %s and name = %s",
            changed,
        )


def lag(connection: psycopg.Connection) -> tuple[float, int]:
    """Seconds since the environment that waits longest was brought up to date; how many are not counted completely."""
    row = connection.execute(
        "select coalesce(extract(epoch from max(now() - mark)), 0), count(*) filter (where not complete) "
        "from rollup_marks"
    ).fetchone()
    assert row is not None
    return float(row[0]), int(row[1])


def environments_to_refresh(since: datetime) -> list[Environment]:
    """Some of those with events whose days were not brought up to date since then, the longest waiting first."""
    # A mark lies before the refresh that made it, and far before it while a transaction stays open.
    settled = min(since - SETTLING, settled_until())
    return list(Environment.objects.raw(WAITING, [settled]))


def forget_days(environment_id: int, before: datetime) -> None:
    """Forget the counted days that know of events before that moment, sessions that began there among them."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET_OLD, [environment_id, before])
