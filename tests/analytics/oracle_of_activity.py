"""Who was active when, by plain loops over events, written independently of the SQL (see oracle.py)."""

from collections import defaultdict
from datetime import date, datetime, timedelta

from analytics.kinds.lifecycle import Lifecycle
from analytics.kinds.stickiness import Stickiness
from analytics.questions.query import Selection
from analytics.questions.spans import Bucket
from tests.analytics.oracle import World, between, days_asked, occurrences, unit_of

Bounds = tuple[datetime, datetime]


def stickiness(world: World, asked: Stickiness, cut: tuple[Bucket, ...]) -> list[int]:
    """How many people were active in exactly 1, 2, … of the buckets."""
    world = world.asked_by(asked)
    found = occurrences(world, Selection(asked.event), asked.where, asked.segments)
    times = defaultdict(int)
    for bucket in cut:
        for person in {world.who(event) for event in between(found, bucket.start, bucket.end)}:
            times[person] += 1
    return [list(times.values()).count(n) for n in range(1, len(cut) + 1)]


def whole_units(world: World, asked: Lifecycle) -> list[list[date]] | None:
    """The days of each unit that the range touches, and before them those of the unit before; None if nothing is over.

    Each day around is asked to which unit it belongs.
    """
    world = world.asked_by(asked)
    today = world.now.astimezone(world.zone).date()
    days = days_asked(world, asked.span, asked.unit, asked.scope.week_starts_on)
    units = defaultdict(list)
    for number in range(-70, len(days) + 35):
        day = (days or [today])[0] + timedelta(days=number)
        units[unit_of(day, asked.unit, asked.scope.week_starts_on)].append(day)
    touched = sorted({unit_of(day, asked.unit, asked.scope.week_starts_on) for day in days})
    if asked.span.over:
        touched = [unit for unit in touched if units[unit][-1] < today]
    return [units[unit] for unit in (touched[0] - 1, *touched)] if touched else None


def lifecycle(world: World, asked: Lifecycle, before: Bounds, cut: list[Bounds]) -> list[tuple[int | None, ...]]:
    """(new, returning, resurrected, dormant) of each unit."""
    world = world.asked_by(asked)
    found = occurrences(world, Selection(asked.event), asked.where, asked.segments)

    def people(start: datetime | None, end: datetime) -> set[int]:
        return {world.who(event) for event in found if (start is None or start <= event.time) and event.time < end}

    stages = []
    for there, here in zip([before, *cut], cut, strict=False):
        start, end = here
        if start > world.now:
            stages.append((None, None, None, None))
            continue
        came, were = people(start, end), people(*there)
        new = came - people(None, start)
        resurrected = came - were - new
        dormant = len(were - came) if end <= world.now else None
        stages.append((len(new), len(came & were), len(resurrected), dormant))
    return stages
