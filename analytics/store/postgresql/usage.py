"""How much is sent to environments."""

from collections.abc import Sequence

from django.db import connection

from events.newest import arrived_sql
from projects.registry import Usage

USAGE = f"""
    select wanted.id,
           {arrived_sql("wanted.id")} as arrived_at,
           (select count(*) from events e
             where e.environment_id = wanted.id and e.time >= now() - interval '7 days') as events
      from unnest(%s::bigint[]) as wanted(id)
"""  # noqa: S608  fixed text


def usage(environment_ids: Sequence[int]) -> dict[int, Usage]:
    with connection.cursor() as cursor:
        cursor.execute(USAGE, [list(environment_ids)])
        return {key: Usage(arrived, count) for key, arrived, count in cursor.fetchall() if arrived is not None}
