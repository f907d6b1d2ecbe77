"""When the newest event arrived, and when it happened: two questions, and a page asks the one that its words mean.

*Arrived* is `received_at`, when we stored it: "Last event", "the newest came". *Happened* is the event's own `time`, as
its sender tells it: "events from … to …". An event that is sent late arrives now and happened long ago.

No index knows arrivals: the newest LOOKED_AT events by their own time are looked at. So a sender may tell a time up to
a day ahead, and later arrivals are still seen, unless it does so that often.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import psycopg
from django.db import connection

from common.database import time_limit

LOOKED_AT = 100
LIMIT_SECONDS = 1.0  # for one environment: a look into an index; longer only while the table is locked
LIVELIEST = 100  # environments that are looked at closely where all are meant

_NEWEST = "select {columns} from events where environment_id = {environment} order by time desc, id desc limit {most}"
_LAST = _NEWEST.format(columns="received_at, kind, name, path", environment="%s", most=LOOKED_AT)
LAST_ARRIVAL = f"""
select received_at, kind, name, path from ({_LAST}) newest order by received_at desc limit 1
"""  # noqa: S608  fixed text, as everywhere here


def arrived_sql(environment: str) -> str:
    """When the newest event of `environment`, an SQL expression, arrived: a sub-select."""
    newest = _NEWEST.format(columns="received_at", environment=environment, most=LOOKED_AT)
    return f"(select max(received_at) from ({newest}) newest)"  # noqa: S608


ANYWHERE = f"""
with liveliest as (
    select environment.id from projects_environment environment
     cross join lateral ({_NEWEST.format(columns="received_at", environment="environment.id", most=1)}) newest
     order by newest.received_at desc limit {LIVELIEST})
select liveliest.id, {arrived_sql("liveliest.id")} as arrived_at from liveliest order by arrived_at desc limit 1
"""  # noqa: S608
HAPPENED = f"""
select max(newest.time) from unnest(%s::bigint[]) as environment(id)
 cross join lateral ({_NEWEST.format(columns="time", environment="environment.id", most=1)}) newest
"""  # noqa: S608


class Arrival(NamedTuple):
    """The event that arrived last. `name` is of a custom event, `path` of a page."""

    received_at: datetime
    kind: str
    name: str
    path: str | None


def last_arrival(environment_id: int) -> Arrival | None:
    """The event that arrived last; None when none ever did. Raises TookTooLong (common/database.py)."""
    with time_limit(LIMIT_SECONDS), connection.cursor() as cursor:
        cursor.execute(LAST_ARRIVAL, [environment_id])
        row = cursor.fetchone()
        return Arrival(*row) if row else None


def arrived_at(environment_id: int) -> datetime | None:
    """When the newest event arrived; None when none ever did. Raises TookTooLong."""
    last = last_arrival(environment_id)
    return last.received_at if last else None


def happened_at(environment_ids: Sequence[int]) -> datetime | None:
    """When the newest event of these environments happened, as it says itself; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(HAPPENED, [list(environment_ids)])
        (time,) = cursor.fetchone()
        happened: datetime | None = time
        return happened


class Liveliest(NamedTuple):
    """The environment whose newest event arrived last of all, and when that was."""

    environment_id: int
    arrived_at: datetime


def liveliest(own_connection: psycopg.Connection) -> Liveliest | None:
    """Over all environments; None when there is no event at all.

    Looks once into the index for each environment, and closely at those that seem the liveliest. If there are more,
    a later arrival can be missed in an environment whose newest event reports a time in the future.
    """
    row = own_connection.execute(ANYWHERE).fetchone()
    return Liveliest(*row) if row else None
