"""What past days held, from the counts kept of them; and which days have to be read from their events instead.

A day is left out where it is not counted, or where something came late for it since the last refresh. So the answer
is always that of the events themselves.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from analytics.rollups import bitmaps
from analytics.spans import Bucket

ANY, SESSION = ("any", ""), ("session", "")
MAX_PENDING = 20_000  # merges not yet folded in; with more, days are not used

Key = tuple[str, str]

# Days whose counts hold: those of this calendar, for which nothing came late since. A late event concerns sessions of
# the day after as well.
USABLE = """
    with late as (
        select distinct date_bin('15 minutes', e.time, timestamptz '2000-01-01') as at
          from events e join rollup_marks k using (environment_id)
         where e.environment_id = %(environment)s and e.received_at - e.time > interval '1 hour'
           and e.received_at >= k.mark)
    select d.starts, d.has_names from rollup_days d
      join unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) as wanted(starts, ends) using (starts, ends)
     where d.environment_id = %(environment)s
       and not exists (select from late where late.at < d.ends and late.at >= d.starts - interval '25 hours 15 minutes')
"""
COUNTS = """
    select c.starts, c.events, c.people from rollup_counts c
      join unnest(%(kinds)s::text[], %(names)s::text[]) as wanted(kind, name) using (kind, name)
     where c.environment_id = %(environment)s and c.starts = any(%(starts)s)
"""
PENDING = """
    select p.to_actor, v.position, i.position
      from rollup_pending p
      join rollup_positions v on v.environment_id = p.environment_id and v.actor_id = p.from_actor
      left join rollup_positions i on i.environment_id = p.environment_id and i.actor_id = p.to_actor
     where p.environment_id = %s
     order by p.to_actor, v.position
     limit %s
"""


@dataclass
class Held:
    """What one day held: how many events, and who, as a bitmap."""

    events: int = 0
    people: bitmaps.Bitmap = 0


@dataclass(frozen=True)
class Pending:
    """Merges that the days do not know of: positions that are one person, the first for all; and where that is."""

    groups: tuple[bitmaps.Group, ...] = ()
    places: dict[int, int] = field(default_factory=dict)  # actor: position of people who have none of their own yet


def usable_days(environment_id: int, days: Sequence[Bucket], *, named: bool) -> set[datetime]:
    """Starts of those days whose counts can be used; `named` when names of custom events matter."""
    parameters: dict[str, Any] = {
        "environment": environment_id,
        "starts": [day.start for day in days],
        "ends": [day.end for day in days],
    }
    with connection.cursor() as cursor:
        cursor.execute(USABLE, parameters)
        return {starts for starts, has_names in cursor.fetchall() if has_names or not named}


def held(environment_id: int, starts: set[datetime], keys: frozenset[Key], pending: Pending) -> dict[datetime, Held]:
    """What these days held of these kinds and names together, by the day's start."""
    parameters: dict[str, Any] = {
        "environment": environment_id,
        "starts": sorted(starts),
        "kinds": [kind for kind, _ in keys],
        "names": [name for _, name in keys],
    }
    found: dict[datetime, Held] = defaultdict(Held)
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, parameters)
        for start, events, people in cursor.fetchall():
            found[start].events += events
            found[start].people |= bitmaps.merged(people, pending.groups)
    return found


def few_pending(environment_id: int) -> Pending | None:
    """The merges to take into account; None when they are too many for that."""
    pending = pending_people(environment_id, most=MAX_PENDING + 1)
    return pending if sum(len(group) for group in pending.groups) <= MAX_PENDING else None


def pending_people(environment_id: int, most: int | None) -> Pending:
    """The first `most` pending merges, or all, of visitors who are in any day."""
    with connection.cursor() as cursor:
        cursor.execute(PENDING, [environment_id, most])
        rows = cursor.fetchall()
    positions: dict[int, list[int]] = {}
    places = {}
    for actor, visitor, identity in rows:
        positions.setdefault(actor, [] if identity is None else [identity]).append(visitor)
        if identity is None:
            places[actor] = positions[actor][0]
    return Pending(tuple(tuple(group) for group in positions.values() if len(group) > 1), places)
