"""Spans of time, and cutting them into buckets in a project's time zone. Pure: the caller passes `now`."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from analytics.questions.conditions import BadQuery
from common import local_days
from common.local_days import midnight

PRESETS = (7, 30, 90, 365)
MAX_BUCKETS = 1100  # three times 366 days by day; 45 days by hour
MAX_DAYS = 3660
EARLIEST = date(2000, 1, 1)
LATEST = date(2199, 12, 1)


class Unit(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Bucket:
    """A piece of a span: `start` included, `end` not, both UTC. Not `complete` while `end` is in the future."""

    start: datetime
    end: datetime
    complete: bool


@dataclass(frozen=True)
class Span:
    """The last `days` days, including today; or the days from `first` to `last`, both included."""

    days: int | None = 30
    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:
        if self.days is not None:
            if not 1 <= self.days <= MAX_DAYS:
                raise BadQuery(f"The range is 1 to {MAX_DAYS:,} days.", "days")
            return
        if self.first is None or self.last is None:
            raise BadQuery("A range of your own needs a first and a last day.", "from")
        if self.last < self.first:
            raise BadQuery("The last day is before the first.", "to")
        if self.first < EARLIEST or self.last > LATEST:
            raise BadQuery("The days must be between 2000 and 2199.", "from")
        if self.length_days > MAX_DAYS:
            raise BadQuery(f"The range is 1 to {MAX_DAYS:,} days.", "to")

    @property
    def length_days(self) -> int:
        if self.days is not None:
            return self.days
        assert self.first and self.last
        return (self.last - self.first).days + 1

    def check(self, unit: Unit | None) -> None:
        """Raise BadQuery if this span has too many buckets of `unit` to be drawn."""
        per_day = {Unit.HOUR: 25, Unit.DAY: 1}.get(unit, 0) if unit else 0
        if self.length_days * per_day > MAX_BUCKETS + 25:
            raise BadQuery("That is too long for this unit. Take a longer unit or a shorter range.", "unit")

    def local_days(self, now: datetime, zone: ZoneInfo) -> tuple[date, date]:
        """First and last day, both included, in the calendar of `zone`."""
        if self.days is None:
            assert self.first and self.last
            return self.first, self.last
        return local_days.last_days(self.days, now, zone)

    def bounds(self, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Start (included) and end (not included), in UTC."""
        return local_days.bounds(*self.local_days(now, zone), zone)


def buckets(span: Span, unit: Unit, now: datetime, zone: ZoneInfo, week_starts_on: int = 1) -> tuple[Bucket, ...]:
    """The span, cut into units of the calendar of `zone`, in order and without gaps.

    The span may cut the first and the last bucket short. `complete` buckets are neither cut nor still running. Raises
    BadQuery for a day that the calendar of `zone` skips.
    """
    start, end = span.bounds(now, zone)
    if start == end:
        raise BadQuery("This day does not exist in the project's time zone.", "from")
    edges = [start]
    while (following := _next_edge(edges[-1], unit, zone, week_starts_on)) < end:
        edges.append(following)
    first_is_whole = _begins_unit(start, unit, zone, week_starts_on)
    last_is_whole = following == end
    pairs = list(pairwise([*edges, end]))
    return tuple(
        Bucket(
            begins,
            ends,
            complete=ends <= now and (index > 0 or first_is_whole) and (index < len(pairs) - 1 or last_is_whole),
        )
        for index, (begins, ends) in enumerate(pairs)
        if begins < ends
    )


def _next_edge(edge: datetime, unit: Unit, zone: ZoneInfo, week_starts_on: int) -> datetime:
    """The end of the unit that contains `edge`."""
    local = edge.astimezone(zone)
    if unit is Unit.HOUR:
        return edge + timedelta(hours=1) - timedelta(minutes=local.minute, seconds=local.second)
    day = local.date()
    if unit is Unit.DAY:
        following = day + timedelta(days=1)
    elif unit is Unit.WEEK:
        following = day + timedelta(days=7 - (day.isoweekday() - week_starts_on) % 7)
    else:
        following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return midnight(following, zone)


def _begins_unit(moment: datetime, unit: Unit, zone: ZoneInfo, week_starts_on: int) -> bool:
    day = moment.astimezone(zone).date()
    if unit is Unit.WEEK:
        return day.isoweekday() == week_starts_on
    return unit is not Unit.MONTH or day.day == 1
