"""When the newest event arrived, and when it happened. A page must use the one that its words mean.

*Arrived* is `received_at`, when we stored it: "Last event". *Happened* is the event's own `time`, as its sender states
it: "events from … to …". An event that is sent late arrives now but happened long ago.

No index is sorted by arrival, so the last arrival is searched among the LOOKED_AT events with the newest `time`. It is
missed only if a sender states a future time (at most a day ahead) for that many events.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import psycopg
from django.db import connection

from common.database import time_limit

LOOKED_AT = 100
LIMIT_SECONDS = 1.0  # for one environment: a look into an index, which takes longer only while the table is locked
LIVELIEST = 100  # environments that `liveliest` searches closely

_NEWEST = "select {columns} from events where environment_id = {environment} order by time desc, id desc limit {most}"
_LAST = _NEWEST.format(
    columns="received_at, kind, coalesce(long_name, name) as name, path", environment="%s", most=LOOKED_AT
)
LAST_ARRIVAL = f"""
select received_at, kind, name, path from ({_LAST}) newest order by received_at desc limit 1
"""  # noqa: S608  fixed text, as everywhere here


def arrived_sql(environment: str) -> str:
    """A sub-select of the time when the newest event arrived in `environment`, an SQL expression."""
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
    """The event that arrived last. `name` is set for custom events, `path` for events of a page."""

    received_at: datetime
    kind: str
    name: str
    path: str | None


def last_arrival(environment_id: int) -> Arrival | None:
    """The event that arrived last; None if there is no event. Raises TookTooLong (common/database.py)."""
    with time_limit(LIMIT_SECONDS), connection.cursor() as cursor:
        cursor.execute(LAST_ARRIVAL, [environment_id])
        row = cursor.fetchone()
        return Arrival(*row) if row else None


def arrived_at(environment_id: int) -> datetime | None:
    """When the newest event arrived; None if there is no event. Raises TookTooLong."""
    last = last_arrival(environment_id)
    return last.received_at if last else None


def happened_at(environment_ids: Sequence[int]) -> datetime | None:
    """When the newest event of these environments happened, by its own time; None if there is no event."""
    with connection.cursor() as cursor:
        cursor.execute(HAPPENED, [list(environment_ids)])
        (time,) = cursor.fetchone()
        happened: datetime | None = time
        return happened


class Liveliest(NamedTuple):
    """The environment in which an event arrived last, and when."""

    environment_id: int
    arrived_at: datetime


def liveliest(own_connection: psycopg.Connection) -> Liveliest | None:
    """Find the last arrival in all environments; None if there is no event at all.

    One index look-up per environment finds the LIVELIEST ones, which are then searched closely. If there are more
    environments, an arrival can be missed in one whose newest event states a future time.
    """
    row = own_connection.execute(ANYWHERE).fetchone()
    return Liveliest(*row) if row else None
