"""Ranges that have a name in the calendar: "this month", "last quarter". Pure: the caller says which day is today."""

from datetime import date, timedelta
from enum import StrEnum


class Period(StrEnum):
    """Those of now end today, and not with their week or month."""

    TODAY = "today"
    THIS_WEEK = "this_week"
    THIS_MONTH = "this_month"
    THIS_QUARTER = "this_quarter"
    THIS_YEAR = "this_year"
    YESTERDAY = "yesterday"
    LAST_WEEK = "last_week"
    LAST_MONTH = "last_month"
    LAST_QUARTER = "last_quarter"
    LAST_YEAR = "last_year"
    ALL = "all"  # from the first stored event

    @property
    def label(self) -> str:
        return "all time" if self is Period.ALL else self.value.replace("_", " ")

    @property
    def longest(self) -> int:
        """How many days it has at most; of all time nobody knows, and the least is said."""
        return {"week": 7, "month": 31, "quarter": 92, "year": 366}.get(self.value.rpartition("_")[2], 1)


RUNNING = (Period.TODAY, Period.THIS_WEEK, Period.THIS_MONTH, Period.THIS_QUARTER, Period.THIS_YEAR)
PAST = (Period.YESTERDAY, Period.LAST_WEEK, Period.LAST_MONTH, Period.LAST_QUARTER, Period.LAST_YEAR)


def days_of(period: Period, today: date, week_starts_on: int, first_day: date | None) -> tuple[date, date]:
    """Its first and last day, both included. All time begins on `first_day`; without one, today."""
    if period is Period.ALL:
        return min(first_day or today, today), today
    if period in RUNNING:
        return _begin(period, today, week_starts_on), today
    end = _begin(RUNNING[PAST.index(period)], today, week_starts_on) - timedelta(days=1)
    return _begin(RUNNING[PAST.index(period)], end, week_starts_on), end


def days_around(period: Period, day: date, week_starts_on: int) -> tuple[date, date]:
    """The first and last day of the whole day, week, month, quarter or year around `day`."""
    unit = period if period in RUNNING else RUNNING[PAST.index(period)]
    first = _begin(unit, day, week_starts_on)
    return first, _begin(unit, first + timedelta(days=period.longest), week_starts_on) - timedelta(days=1)


def _begin(period: Period, day: date, week_starts_on: int) -> date:
    """The first day of the day, week, month, quarter or year around `day`."""
    match period:
        case Period.THIS_WEEK:
            return day - timedelta(days=(day.isoweekday() - week_starts_on) % 7)
        case Period.THIS_MONTH:
            return day.replace(day=1)
        case Period.THIS_QUARTER:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case Period.THIS_YEAR:
            return day.replace(month=1, day=1)
    return day
