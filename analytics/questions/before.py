"""The earlier range that a range is compared with, and which of its buckets belong together. Pure.

The period before    of last days, or days of one's own: as many days just before; of a period: the one before
The same of last     the same dates a year ago, 28 February for the 29th; by week 364 days ago, so that weekdays agree
year

Numbers of a range that is not over are compared with the same part of the earlier one: up to the same day, by its
number, and the same time since midnight. So nothing falls because the day is young.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from analytics.questions.conditions import BadQuery
from analytics.questions.periods import Period, days_around, days_of
from analytics.questions.spans import Bucket, Calendar, Placed, Span, Unit, placed, units_within
from common.local_days import bounds, midnight

YEAR_OF_WEEKS = timedelta(weeks=52)
BucketPair = tuple[int | None, int | None]


class Before(StrEnum):
    """What a range is compared with."""

    PERIOD = "period"
    YEAR = "year"

    @property
    def label(self) -> str:
        return {Before.PERIOD: "the period before", Before.YEAR: "the same of last year"}[self]


@dataclass(frozen=True)
class Earlier:
    """The whole earlier range, and until when it is the same part as what has passed of the range itself.

    What followed later is known of both for the same time: of the earlier one `known_until` this moment.

    `pairs` holds places of buckets that belong together: of the range, followed by `ahead`, what is still to come of a
    period, and of the earlier range. None where one of them has no such bucket: February has no 30th. `note` is a
    sentence, if nothing is stored of its beginning.
    """

    span: Span
    buckets: tuple[Bucket, ...]
    until: datetime
    known_until: datetime
    ahead: tuple[Bucket, ...]
    pairs: tuple[BucketPair, ...]
    note: str = ""

    @property
    def is_part(self) -> bool:
        """Whether less than the whole earlier range is compared."""
        return self.until < self.buckets[-1].end

    @property
    def part(self) -> tuple[Bucket, ...]:
        """The buckets of the part that is compared, of which the last may be cut; none if nothing has passed."""
        return up_to(self.buckets, self.until)


def up_to(buckets: Sequence[Bucket], until: datetime) -> tuple[Bucket, ...]:
    """What of these buckets is before a moment."""
    return tuple(replace(each, end=min(each.end, until)) for each in buckets if each.start < until)


def check_before(before: Before | None, span: Span) -> None:
    """Raise BadQuery if nothing can be before this span."""
    if before and span.period is Period.ALL:
        raise BadQuery("Nothing is before all time. Take a range that has a beginning.", "before")


def earlier(before: Before, span: Span, found: Placed, unit: Unit | None, calendar: Calendar) -> Earlier:
    """What a span, `found` in this calendar, is compared with. Raises BadQuery if nothing can be asked of that time."""
    own = _whole(span, found, calendar)
    first, last = _days_before(before, span, own, unit, calendar)
    then = placed(Span(None, first, last, over=span.over and span.period is not None), unit, calendar)
    of_days = unit or Unit.DAY
    start, end = found.buckets[0].start, midnight(own[1] + timedelta(days=1), calendar.zone)
    whole = units_within(start, end, of_days, calendar)
    ahead = tuple(each for each in whole if each.start >= found.buckets[-1].end)
    pairs = _pairs((*found.buckets, *ahead), then.buckets, len(found.buckets), of_days, calendar.zone)
    until = _until(own, found, then, calendar)
    followed = max(calendar.now - found.buckets[-1].end, timedelta(0))
    return Earlier(then.span, then.buckets, until, until + followed, ahead, pairs)


def _whole(span: Span, found: Placed, calendar: Calendar) -> tuple[date, date]:
    """The first and the last day of a period, even if it is running; else of what was found."""
    if span.period is None:
        return found.span.local_days(calendar.now, calendar.zone)
    today = calendar.now.astimezone(calendar.zone).date()
    first, _ = days_of(span.period, today, calendar.week_starts_on, calendar.first_day)
    return days_around(span.period, first, calendar.week_starts_on)


def _days_before(
    before: Before, span: Span, own: tuple[date, date], unit: Unit | None, calendar: Calendar
) -> tuple[date, date]:
    first, last = own
    if before is Before.YEAR:
        if unit is Unit.WEEK:
            return first - YEAR_OF_WEEKS, last - YEAR_OF_WEEKS
        return _a_year_ago(first), _a_year_ago(last)
    if span.period is not None:
        return days_around(span.period, first - timedelta(days=1), calendar.week_starts_on)
    return first - (last - first) - timedelta(days=1), first - timedelta(days=1)


def _a_year_ago(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


def _until(own: tuple[date, date], found: Placed, then: Placed, calendar: Calendar) -> datetime:
    """Where the same part of the earlier range ends; its end, if the range is over."""
    zone, end = calendar.zone, then.buckets[-1].end
    start, passed = found.buckets[0].start, min(calendar.now, found.buckets[-1].end)
    if bounds(*own, zone)[1] <= calendar.now:
        return end
    if passed <= start:
        return then.buckets[0].start
    today = (passed - timedelta(microseconds=1)).astimezone(zone).date()
    day = then.buckets[0].start.astimezone(zone).date() + (today - start.astimezone(zone).date())
    day_begins, day_ends = bounds(day, day, zone)
    is_whole_day = passed == midnight(today + timedelta(days=1), zone)
    until = day_ends if is_whole_day else day_begins + (passed - midnight(today, zone))
    return min(until, day_ends, end)


def _pairs(
    own: Sequence[Bucket], then: Sequence[Bucket], begun: int, unit: Unit, zone: ZoneInfo
) -> tuple[BucketPair, ...]:
    """By place; hours by day and their place in it, so that a day of 23 hours does not shift those after it.

    What is not `begun` is only there beside something earlier.
    """
    places, earlier_places = ({place: at for at, place in enumerate(_places(each, unit, zone))} for each in (own, then))
    pairs = ((places.get(place), earlier_places.get(place)) for place in sorted({**places, **earlier_places}))
    return tuple((at, then_at) for at, then_at in pairs if then_at is not None or (at is not None and at < begun))


def _places(buckets: Sequence[Bucket], unit: Unit, zone: ZoneInfo) -> list[tuple[int, int]]:
    if unit is not Unit.HOUR:
        return [(0, place) for place in range(len(buckets))]
    days = [each.start.astimezone(zone).date() for each in buckets]
    return [((day - days[0]).days, place - days.index(day)) for place, day in enumerate(days)]
