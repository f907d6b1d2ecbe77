"""Spans of time, and cutting them into buckets in a project's time zone. Pure: the caller passes `now`."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from analytics.questions.conditions import BadQuery
from analytics.questions.periods import Period, days_of
from common import local_days
from common.local_days import midnight
from common.time_units import Unit as Unit

PRESETS = (7, 30, 90, 365)
MAX_BUCKETS = 1100  # three times 366 days by day; 45 days by hour
MAX_DAYS = 3660
EARLIEST = date(2000, 1, 1)
LATEST = date(2199, 12, 1)


def most_days(unit: Unit | None) -> int:
    """How many days can be drawn by this unit; all that may be asked for, where nothing is drawn by one."""
    per_day = {Unit.HOUR: 25, Unit.DAY: 1}.get(unit) if unit else None
    return (MAX_BUCKETS + 25) // per_day if per_day else MAX_DAYS


@dataclass(frozen=True)
class Bucket:
    """A piece of a span: `start` included, `end` not, both UTC. Not `complete` while `end` is in the future."""

    start: datetime
    end: datetime
    complete: bool


@dataclass(frozen=True)
class Span:
    """The last `days` days, including today; the days from `first` to `last`, both included; or a named `period`.

    With `over`, without what is not over: the last days move back by one, others lose their cut and running buckets.
    """

    days: int | None = 30
    first: date | None = None
    last: date | None = None
    period: Period | None = None
    over: bool = False

    def __post_init__(self) -> None:
        if self.days is not None:
            if not 1 <= self.days <= MAX_DAYS:
                raise BadQuery(f"The range is 1 to {MAX_DAYS:,} days.", "days")
            return
        if self.period is not None:
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
        if self.period is not None:
            return self.period.longest
        assert self.first and self.last
        return (self.last - self.first).days + 1

    def check(self, unit: Unit | None) -> None:
        """Raise BadQuery if this span has too many buckets of `unit` to be drawn."""
        if self.length_days > most_days(unit):
            raise BadQuery("That is too long for this unit. Take a longer unit or a shorter range.", "unit")

    def local_days(self, now: datetime, zone: ZoneInfo) -> tuple[date, date]:
        """First and last day, both included, in the calendar of `zone`."""
        if self.days is None:
            assert self.first and self.last
            return self.first, self.last
        first, last = local_days.last_days(self.days, now, zone)
        back = timedelta(days=1 if self.over else 0)
        return first - back, last - back

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
    return _cut(start, end, unit, now, zone, week_starts_on)


def _cut(
    start: datetime, end: datetime, unit: Unit, now: datetime, zone: ZoneInfo, week_starts_on: int
) -> tuple[Bucket, ...]:
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


@dataclass(frozen=True)
class Calendar:
    """Where days and weeks begin, as of when, and the day of the first stored event (None without any)."""

    now: datetime
    zone: ZoneInfo
    week_starts_on: int = 1
    first_day: date | None = None


@dataclass(frozen=True)
class Placed:
    """A span as days of the calendar, and its buckets. `note`: a sentence, where all time is too long to be shown."""

    span: Span
    buckets: tuple[Bucket, ...]
    note: str = ""


def placed(span: Span, unit: Unit | None, calendar: Calendar) -> Placed:
    """The span in this calendar, in buckets of the unit; of days, where nothing is drawn by one.

    All time begins later where it would be too long: one event with a wrong date would spoil it otherwise. Raises
    BadQuery if nothing is over, or the span is too long.
    """
    is_shortened = False
    if span.period is None:
        first, last = span.local_days(calendar.now, calendar.zone)
    else:
        today = calendar.now.astimezone(calendar.zone).date()
        first, last = days_of(span.period, today, calendar.week_starts_on, calendar.first_day)
        is_shortened = span.period is Period.ALL and (last - first).days >= most_days(unit)
        if is_shortened:
            first = last - timedelta(days=most_days(unit) - 1)
    fixed = Span(None, first, last)
    fixed.check(unit)
    of_days = unit or Unit.DAY
    cut = buckets(fixed, of_days, calendar.now, calendar.zone, calendar.week_starts_on)
    if not span.over or span.days is not None:
        return Placed(fixed, cut, _shortened(first, unit) if is_shortened else "")
    cut = tuple(bucket for bucket in cut if bucket.complete)
    if not cut:
        raise BadQuery(f"No {of_days} of this range is over yet.", "days")
    first = cut[0].start.astimezone(calendar.zone).date()
    last = (cut[-1].end - timedelta(microseconds=1)).astimezone(calendar.zone).date()
    return Placed(Span(None, first, last), cut, _shortened(first, unit) if is_shortened else "")


def _shortened(first: date, unit: Unit | None) -> str:
    what = f"shown by {unit}" if unit in (Unit.HOUR, Unit.DAY) else "asked for"
    since = f"Since {first.day} {first:%b %Y}"
    return f"{since}: more than {most_days(unit):,} days cannot be {what}, and there are older events."


def in_whole_units(span: Span, unit: Unit, calendar: Calendar) -> Placed:
    """Like `placed`, but no bucket is cut: the first and the last are widened to their whole unit.

    With `over`, without a unit that is not over. The span has the same buckets without `over`, and is not widened.
    """
    found = placed(span, unit, calendar)
    days = found.span.local_days(calendar.now, calendar.zone)
    first, last = (_days_of(unit, day, calendar.week_starts_on) for day in days)
    bounds = local_days.bounds(first[0], last[1], calendar.zone)
    cut = _cut(*bounds, unit, calendar.now, calendar.zone, calendar.week_starts_on)
    cut = tuple(bucket for bucket in cut if bucket.complete or not span.over)
    if not cut:
        raise BadQuery(f"No {unit} of this range is over yet.", "days")
    end = (cut[-1].end - timedelta(microseconds=1)).astimezone(calendar.zone).date()
    return replace(found, span=Span(None, days[0], min(days[1], end)), buckets=cut)


def units_within(start: datetime, end: datetime, unit: Unit, calendar: Calendar) -> tuple[Bucket, ...]:
    """From `start` to `end` in units, of which the first and the last may be cut."""
    return _cut(start, end, unit, calendar.now, calendar.zone, calendar.week_starts_on)


def unit_before(bucket: Bucket, unit: Unit, calendar: Calendar) -> Bucket:
    """The whole unit that ends where this one begins."""
    day = (bucket.start - timedelta(microseconds=1)).astimezone(calendar.zone).date()
    start = midnight(_days_of(unit, day, calendar.week_starts_on)[0], calendar.zone)
    return Bucket(start, bucket.start, complete=bucket.start <= calendar.now)


def _next_edge(edge: datetime, unit: Unit, zone: ZoneInfo, week_starts_on: int) -> datetime:
    """The end of the unit that contains `edge`."""
    local = edge.astimezone(zone)
    if unit is Unit.HOUR:
        return edge + timedelta(hours=1) - timedelta(minutes=local.minute, seconds=local.second)
    return midnight(_days_of(unit, local.date(), week_starts_on)[1] + timedelta(days=1), zone)


def _begins_unit(moment: datetime, unit: Unit, zone: ZoneInfo, week_starts_on: int) -> bool:
    day = moment.astimezone(zone).date()
    return day == _days_of(unit, day, week_starts_on)[0]


def _days_of(unit: Unit, day: date, week_starts_on: int) -> tuple[date, date]:
    """The first and the last day of the month, week or day around `day`."""
    if unit is Unit.MONTH:
        return day.replace(day=1), (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    before = (day.isoweekday() - week_starts_on) % 7 if unit is Unit.WEEK else 0
    first = day - timedelta(days=before)
    return first, first + timedelta(days=6 if unit is Unit.WEEK else 0)
