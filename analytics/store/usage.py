"""How much is sent to environments, for pages that list them (projects.registry)."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.db.models import Count

from analytics.models import Definition, Report
from projects.models import Environment
from projects.registry import KeptCounts, Usage

# The newest event by time is one step in an index; events that told an older time do not make an environment newer.
NEWEST = """
    select wanted.id,
           (select time from events e where e.environment_id = wanted.id order by time desc limit 1),
           (select count(*) from events e
             where e.environment_id = wanted.id and e.time >= now() - interval '7 days')
      from unnest(%s::bigint[]) as wanted(id)
"""
LAST_ARRIVAL = """
    select max(received_at)
      from (select received_at from events where environment_id = %s order by time desc limit 100) newest
"""


def usage(environments: Iterable[Environment]) -> dict[int, Usage]:
    """Last event and events of the last 7 days, by environment id: one statement for all of them."""
    ids = [environment.pk for environment in environments]
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, [ids])
        return {key: Usage(last, count) for key, last, count in cursor.fetchall() if last is not None}


def last_event_at(environment: Environment) -> datetime | None:
    """When the newest event arrived, as near as the newest hundred by time tell; None when none ever did."""
    with connection.cursor() as cursor:
        cursor.execute(LAST_ARRIVAL, [environment.pk])
        (arrived,) = cursor.fetchone()
        found: datetime | None = arrived
        return found


def kept(environments: Iterable[Environment]) -> dict[int, KeptCounts]:
    """How many definitions and reports each environment has: two statements for all of them."""
    ids = [environment.pk for environment in environments]
    counts: dict[int, KeptCounts] = {key: {"definitions": 0, "reports": 0} for key in ids}
    for noun, model in (("definitions", Definition), ("reports", Report)):
        found = model._default_manager.filter(environment__in=ids).values_list("environment_id").annotate(Count("pk"))
        for key, number in found:
            counts[key][noun] = number
    return counts
