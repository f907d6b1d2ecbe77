"""What a range is compared with, by plain loops over days (oracle.py)."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from analytics.questions.before import Before
from analytics.questions.query import Query
from analytics.questions.spans import Bucket, Span, Unit, buckets
from tests.analytics.oracle import World, days_asked, unit_number, unit_of

DAY = timedelta(days=1)


def midnight(day: date, world: World) -> datetime:
    return datetime.combine(day, time(), world.zone).astimezone(UTC)


def days_of_own(
    world: World, span: Span, unit: Unit | None, week_starts_on: int, cut: tuple[Bucket, ...]
) -> list[date]:
    """The days of a range that was cut so: by hour, those with an hour that is over, if only these are asked for."""
    by_hour = unit is Unit.HOUR and span.over and span.days is None
    asked = days_asked(world, replace(span, over=False) if by_hour else span, unit or Unit.DAY, week_starts_on)
    return [day for day in asked if not by_hour or day <= cut[-1].start.astimezone(world.zone).date()]


def cut_before(world: World, query: Query, unit: Unit | None, cut: tuple[Bucket, ...]) -> list[tuple[Bucket, ...]]:
    """The buckets of the earlier range of this question, and those of the part that is compared; maybe none."""
    world, span, week_starts_on = world.asked_by(query), query.span, query.scope.week_starts_on
    asked = days_of_own(world, span, unit, week_starts_on, cut)
    then = days_before(world, span, query.before, unit, week_starts_on, asked)
    ends = until(world, span, asked, cut, then, week_starts_on)
    whole = buckets(Span(None, then[0], then[-1]), unit or Unit.DAY, world.now, query.scope.zone, week_starts_on)
    return [whole, tuple(replace(each, end=min(each.end, ends)) for each in whole if each.start < ends)]


def known_until(world: World, cut: tuple[Bucket, ...], part: tuple[Bucket, ...]) -> datetime:
    """What followed later counts for as long after the part as it does after the range."""
    return part[-1].end + max(world.now - cut[-1].end, timedelta(0))


def whole_days(world: World, span: Span, asked: list[date], back: int, week_starts_on: int) -> list[date]:
    """All days of a period, also those to come; of the one `back` before it."""
    number = unit_number(span.period, week_starts_on)
    around = (asked[0] + timedelta(days=far) for far in range(-900, 400))
    return [day for day in around if number(day) == number(asked[0]) - back]


def days_before(world: World, span: Span, before: Before, unit: Unit | None, week_starts_on: int, asked: list[date]):
    """The days of the earlier range, whole. `asked` are those of the range, with `over` without what is not over."""
    if before is Before.PERIOD and span.period is None:
        return [day - len(asked) * DAY for day in asked]
    if span.period is None:
        found = [a_year_ago(day, unit) for day in asked]
    elif before is Before.PERIOD:
        found = whole_days(world, span, asked, 1, week_starts_on)
    else:
        found = [a_year_ago(day, unit) for day in whole_days(world, span, asked, 0, week_starts_on)]
    found = [found[0] + far * DAY for far in range((found[-1] - found[0]).days + 1)]
    if span.over and span.period is not None:
        found = in_whole_units(found, unit or Unit.DAY, week_starts_on)
    return found


def a_year_ago(day: date, unit: Unit | None) -> date:
    if unit is Unit.WEEK:
        return day - 364 * DAY
    while True:
        try:
            return date(day.year - 1, day.month, day.day)
        except ValueError:
            day -= DAY


def in_whole_units(days: list[date], unit: Unit, week_starts_on: int) -> list[date]:
    def key(day: date) -> int:
        return unit_of(day, unit, week_starts_on)

    return [
        day for day in days if all(near in days for far in range(-31, 32) if key(near := day + far * DAY) == key(day))
    ]


def until(world: World, span: Span, asked: list[date], cut: tuple[Bucket, ...], then: list[date], week_starts_on: int):
    """The end of the same part: the same day number, the same time since midnight, at most to that day's end."""
    end = midnight(then[-1] + DAY, world)
    whole = whole_days(world, span, asked, 0, week_starts_on) if span.period else asked
    if world.now >= midnight(whole[-1] + DAY, world):
        return end
    if world.now <= cut[0].start:
        return midnight(then[0], world)
    so_far = min(world.now, cut[-1].end)
    for number, day in enumerate(asked):
        if so_far == midnight(day + DAY, world):
            return min(midnight(then[0] + (number + 1) * DAY, world), end)
        if midnight(day, world) < so_far < midnight(day + DAY, world):
            moment = midnight(then[0] + number * DAY, world) + (so_far - midnight(day, world))
            return min(moment, midnight(then[0] + (number + 1) * DAY, world), end)
    raise AssertionError(span)


def pairs(world: World, unit: Unit, now: tuple[Bucket, ...], then: tuple[Bucket, ...]) -> list[tuple]:
    """Starts of buckets that belong together; None where there is none."""
    if unit is not Unit.HOUR:
        longest = max(len(now), len(then))
        return [tuple(each[n].start if n < len(each) else None for each in (now, then)) for n in range(longest)]
    found = []
    days = [by_day(world, each) for each in (now, then)]
    for number in range(max(max(each, default=0) for each in days) + 1):
        longest = max(len(each[number]) for each in days)
        found += [tuple(each[number][n] if n < len(each[number]) else None for each in days) for n in range(longest)]
    return found


def by_day(world: World, buckets: tuple[Bucket, ...]) -> dict[int, list[datetime]]:
    first = buckets[0].start.astimezone(world.zone).date()
    found: dict[int, list[datetime]] = defaultdict(list)
    for each in buckets:
        found[(each.start.astimezone(world.zone).date() - first).days].append(each.start)
    return found
