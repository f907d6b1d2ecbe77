"""Reads what past days held from their kept counts, and finds the days that must be read from their events instead.

A day is left out if it is not counted, or if late events arrived for it since the last refresh. So the answer
is always that of the events themselves.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from analytics.questions.query import Scope
from analytics.questions.spans import Bucket
from analytics.rollups import bitmaps
from analytics.sql.days import ARRIVED_LATE, BETWEEN, LATE_REACHES
from analytics.sql.selections import EventKey
from common.database import reading

ANY, SESSION = ("any", ""), ("session", "")
HIGHEST = "select coalesce(max(position), -1) from rollup_positions where environment_id = %(environment)s"
MAX_PENDING = 20_000  # merges not yet folded in; with more, days are not used

EVER = datetime(2000, 1, 1, tzinfo=UTC)
DECODE = msgspec.json.Decoder(dict[str, int]).decode

COUNTS = """
    select c.starts, c.events, {people} from rollup_counts c
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
class DayCounts:
    """What one day held: how many events, and who, as a bitmap."""

    events: int = 0
    people: bitmaps.Bitmap = 0


@dataclass(frozen=True)
class Pending:
    """Merges that the days do not include: positions of one person (the first stands for all), and where that is."""

    groups: tuple[bitmaps.OnePerson, ...] = ()
    places: dict[int, int] = field(default_factory=dict)  # actor: position of people who have none of their own yet


@dataclass(frozen=True)
class UsableDays:
    """Starts of days whose counts can be used; of those with `nothing` at all, `without_names`, `without_people`,
    and `without_sessions`, which were counted by a rule of before."""

    days: set[datetime]
    nothing: set[datetime]
    without_names: set[datetime]
    without_people: set[datetime]
    without_sessions: set[datetime]


def kept_days(scope: Scope, days: Sequence[Bucket]) -> UsableDays:
    """Which of these consecutive days are counted, robots as the question wants them, and got no late events since."""
    ends = {day.start: day.end for day in days}
    with reading().cursor() as cursor:
        cursor.execute(
            "select starts, ends, has_names, is_empty, has_people, has_sessions or is_empty from rollup_days "
            "where environment_id = %s and starts >= %s and starts < %s and without_robots = %s",
            [scope.environment_id, days[0].start, days[-1].end, scope.without_robots],
        )
        rows = [row for row in cursor.fetchall() if ends.get(row[0]) == row[1]]
        late = _late(scope.environment_id, days) if rows else []
    rows = [row for row in rows if not any(row[0] - LATE_REACHES <= at < row[1] for at in late)]
    return UsableDays(
        {row[0] for row in rows},
        {row[0] for row in rows if row[3]},
        *({row[0] for row in rows if not row[place]} for place in (2, 4, 5)),
    )


def mark_of(environment_id: int) -> datetime | None:
    """The moment before which all that arrived is in the counted days; None where none were counted yet."""
    with reading().cursor() as cursor:
        cursor.execute("select mark from rollup_marks where environment_id = %s", [environment_id])
        (mark,) = cursor.fetchone() or (None,)
        found: datetime | None = mark
        return found


def _late(environment_id: int, days: Sequence[Bucket]) -> list[datetime]:
    """When the events that the counts lack happened, to a quarter of an hour."""
    with reading().cursor() as cursor:
        mark = mark_of(environment_id) or EVER
        first, last = days[0].start - LATE_REACHES, days[-1].end
        edges = {"mark": mark, "first": first, "last": last}
        cursor.execute(ARRIVED_LATE + BETWEEN, {"environment": environment_id, **edges})
        return [at for (at,) in cursor.fetchall()]


def values(environment_id: int, starts: set[datetime], kind: str, field: str) -> dict[datetime, dict[str, int]]:
    """How many events of this kind had which value (an encoded key), by the day's start; days that tell only."""
    with reading().cursor() as cursor:
        cursor.execute(
            "select starts, labels from rollup_values "
            "where environment_id = %s and kind = %s and field = %s and starts = any(%s)",
            [environment_id, kind, field, sorted(starts)],
        )
        return {start: DECODE(labels) for start, labels in cursor.fetchall()}


def positions(environment_id: int, actors: list[int]) -> dict[int, int]:
    """The positions of these people in bitmaps; people without a position are left out."""
    with reading().cursor() as cursor:
        cursor.execute(
            "select actor_id, position from rollup_positions where environment_id = %s and actor_id = any(%s)",
            [environment_id, actors],
        )
        return dict(cursor.fetchall())


def day_counts(
    environment_id: int, starts: set[datetime], keys: frozenset[EventKey], pending: Pending, *, with_people: bool
) -> dict[datetime, DayCounts]:
    """What these days held of these kinds and names together, by the day's start."""
    parameters: dict[str, Any] = {
        "environment": environment_id,
        "starts": sorted(starts),
        "kinds": [kind for kind, _ in keys],
        "names": [name for _, name in keys],
    }
    found: dict[datetime, DayCounts] = defaultdict(DayCounts)
    with reading().cursor() as cursor:
        cursor.execute(COUNTS.format(people="c.people" if with_people else "''::bytea"), parameters)
        for start, events, people in cursor.fetchall():
            found[start].events += events
            found[start].people |= bitmaps.merged(people, pending.groups)
    return found


def few_pending(environment_id: int) -> Pending | None:
    """The merges to take into account; None when there are too many."""
    pending = pending_people(environment_id, most=MAX_PENDING + 1)
    return pending if sum(len(group) for group in pending.groups) <= MAX_PENDING else None


def pending_people(environment_id: int, most: int | None) -> Pending:
    """The first `most` pending merges, or all, of visitors who are in any day."""
    with reading().cursor() as cursor:
        cursor.execute(PENDING, [environment_id, most])
        rows = cursor.fetchall()
    positions: dict[int, list[int]] = {}
    places = {}
    for actor, visitor, identity in rows:
        positions.setdefault(actor, [] if identity is None else [identity]).append(visitor)
        if identity is None:
            places[actor] = positions[actor][0]
    return Pending(tuple(tuple(group) for group in positions.values() if len(group) > 1), places)
