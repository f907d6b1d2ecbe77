"""How much is sent to environments."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils import timezone
from psycopg.errors import QueryCanceled

from analytics.questions.query import LAST_7_DAYS, Scope
from analytics.sql.days import NO_ROBOT
from analytics.store.failures import QueryFailed, QueryTimeout
from analytics.store.protocol import EventSpan
from common.database import TookTooLong, impatient_connection, time_limit
from events import newest
from projects.registry import Usage

MOST_COUNTED = 1_000_000  # events of a week: about a tenth of a second
USAGE_LIMIT = timedelta(seconds=2)
USAGE = f"""
    select wanted.id as id,
           {newest.arrived_sql("wanted.id")} as arrived_at,
           (select count(*) from (select 1 from events e
             where e.environment_id = wanted.id and e.time >= wanted.starts and e.time < wanted.ends
               and ({NO_ROBOT.format(alias="e")} or not wanted.without_robots) limit %s) counted) as events
      from unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::boolean[])
           as wanted(id, starts, ends, without_robots)
"""  # noqa: S608  fixed text
PER_DAY = """
    select date_trunc('day', time, 'UTC')::date as day, count(*) as events from events
     where environment_id = any(%s) and time >= %s group by 1 order by 1
"""
BEFORE = """
    select given.id as id, counted.events as events
      from unnest(%s::bigint[], %s::timestamptz[]) as given(id, before)
     cross join lateral (
           select count(*) as events from (
               select 1 from events e
                where e.environment_id = given.id and e.time < given.before limit %s) few) counted
"""
OLDEST = """
    select min(oldest.time) as oldest_at from unnest(%s::bigint[]) as environment(id)
     cross join lateral (select time from events where environment_id = environment.id order by time limit 1) oldest
"""
# What the planner knows of the partitions: how much room each takes with its indexes, and what share of its rows are of
# which environment. The latest look at a sample of rows is a day old at most in a partition that grows.
BYTES = """
    with month as (
        select class.relname, pg_total_relation_size(class.oid) as bytes from pg_partition_tree('events') tree
          join pg_class class on class.oid = tree.relid where tree.isleaf),
    share as (
        select month.bytes * frequent.share as bytes, frequent.id
          from month
          join pg_stats on schemaname = current_schema() and tablename = relname and attname = 'environment_id'
         cross join lateral
               unnest(most_common_vals::text::bigint[], most_common_freqs::float8[]) as frequent(id, share))
    select id, sum(bytes)::bigint as bytes from share where id = any(%s) group by id
"""
PROBE = """
    select count(*) as events, count(distinct actor_id) as people from events
     where environment_id = %s and kind = 'pageview' and name = '' and time > now() - interval '1 day'
"""
PROBE_CONNECT_SECONDS = 2


def usage(scopes: Sequence[Scope]) -> dict[int, Usage]:
    now = timezone.now()
    ids = [scope.environment_id for scope in scopes]
    starts, ends = zip(*(LAST_7_DAYS.bounds(now, scope.zone) for scope in scopes), strict=True) if scopes else ([], [])
    robots = [scope.without_robots for scope in scopes]
    with _limited(USAGE_LIMIT) as cursor:
        cursor.execute(USAGE, [MOST_COUNTED + 1, ids, list(starts), list(ends), robots])
        return {
            key: Usage(arrived, min(count, MOST_COUNTED), count > MOST_COUNTED)
            for key, arrived, count in cursor.fetchall()
            if arrived is not None
        }


def bytes_used(environment_ids: Sequence[int]) -> dict[int, int]:
    with _limited(USAGE_LIMIT) as cursor:
        cursor.execute(BYTES, [list(environment_ids)])
        return dict(cursor.fetchall())


def count_before(befores: Mapping[int, datetime], most: int, limit: timedelta) -> dict[int, int]:
    with _limited(limit) as cursor:
        cursor.execute(BEFORE, [list(befores), list(befores.values()), most])
        return dict(cursor.fetchall())


def events_per_day(environment_ids: Sequence[int], first: date, limit: timedelta) -> dict[date, int]:
    with _limited(limit) as cursor:
        cursor.execute(PER_DAY, [list(environment_ids), first])
        return dict(cursor.fetchall())


@contextmanager
def _limited(limit: timedelta) -> Iterator[CursorWrapper]:
    """For several environments together, which needs no place of one of them. Raises QueryTimeout."""
    try:
        with time_limit(limit.total_seconds()), connection.cursor() as cursor:
            yield cursor
    except TookTooLong as error:
        raise QueryTimeout from error


def span(environment_ids: Sequence[int]) -> EventSpan:
    with connection.cursor() as cursor:
        cursor.execute(OLDEST, [list(environment_ids)])
        (oldest,) = cursor.fetchone()
    return EventSpan(oldest, newest.happened_at(environment_ids))


def probe(environment_id: int, limit: timedelta) -> None:
    try:
        with impatient_connection(
            connect_seconds=PROBE_CONNECT_SECONDS, statement_seconds=limit.total_seconds()
        ) as own:
            own.execute(PROBE, [environment_id])
    except QueryCanceled as error:
        raise QueryTimeout from error
    except psycopg.Error as error:
        raise QueryFailed from error
