"""Parts of questions in words."""

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from analytics.questions.before import Before, Earlier
from analytics.questions.conditions import Condition, Group, Match
from analytics.questions.query import Counts
from analytics.questions.spans import Span
from common.bidi import unturned
from common.counted import counted, noun
from common.local_days import midnight

COUNTED = {
    Counts.EVENTS: "Count of",
    Counts.USERS: "Unique users of",
    Counts.SESSIONS: "Sessions with",
    Counts.PER_USER: "Count per user of",
    Counts.SUM: "Sum of",
    Counts.AVERAGE: "Average of",
    Counts.MEDIAN: "Median of",
    Counts.P95: "95th percentile of",
    Counts.SMALLEST: "Smallest",
    Counts.LARGEST: "Largest",
    Counts.DIFFERENT: "Different values of",
}


def span_words(span: Span, before: Before | None = None) -> str:
    """ "last 30 days", "this month" or "1 Mar 2026 to 31 Mar 2026", whether it is without what is not over, and what it
    is compared with."""
    words = _days_words(span) + (", without what is not over" if span.over else "")
    return f"{words}, compared with {before.label}" if before else words


def earlier_words(earlier: Earlier, zone: ZoneInfo) -> str:
    """The part that is compared: "on 16 Nov 2026", "from 16 Nov 2026 to 18 Nov 2026, until 10:00"."""
    if not earlier.part:
        return "so far"
    first = earlier.buckets[0].start.astimezone(zone).date()
    last = (earlier.until - timedelta(microseconds=1)).astimezone(zone).date()
    days = f"from {_day_words(first)} to {_day_words(last)}" if last > first else f"on {_day_words(first)}"
    is_cut = earlier.until < midnight(last + timedelta(days=1), zone)
    return f"{days}, until {earlier.until.astimezone(zone):%H:%M}" if is_cut else days


def _days_words(span: Span) -> str:
    if span.days is not None:
        return "today" if span.days == 1 and not span.over else f"last {counted(span.days, 'day')}"
    if span.period is not None:
        return span.period.label
    return " to ".join(_day_words(day) for day in (span.first, span.last) if day)


def _day_words(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def group_words(group: Group) -> str:
    """ "Path is /pricing and plan exists", "plan exists and (Path is / or Path is /a)"."""
    conditions = [condition_words(each) for each in group.conditions]
    groups = [f"({group_words(each)})" if len(each.conditions) > 1 else group_words(each) for each in group.groups]
    return joined_words(conditions + groups, group.match)


def joined_words(words: list[str], match: Match) -> str:
    return (" or " if match is Match.ANY else " and ").join(words)


def condition_words(condition: Condition) -> str:
    value = f" {unturned(condition.value)}" if condition.operator.takes_value else ""
    return f"{condition.field.label} {condition.operator.label}{value}"


def listed(words: Sequence[str]) -> str:
    """ "A", "A and B", "A, B and C"."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def lowered(words: str) -> str:
    """The words as they go on in a sentence: with a small first letter."""
    return words[:1].lower() + words[1:]


SIZES = ((1440, "day"), (60, "hour"), (1, "minute"))


def duration_words(duration: timedelta) -> str:
    """ "7 days", "36 hours", "90 minutes"."""
    minutes = int(duration.total_seconds() // 60)
    number, unit = next((minutes // size, unit) for size, unit in SIZES if minutes % size == 0)
    return counted(number, unit)


def between_words(shorter: timedelta, longer: timedelta) -> str:
    """ "1 to 5 minutes", "30 minutes to 1 hour"."""
    (number, unit), to = duration_words(shorter).split(), duration_words(longer)
    return f"{number} to {to}" if to.endswith(noun(2, unit)) or to.endswith(unit) else f"{number} {unit} to {to}"


PARTS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def elapsed_words(seconds: float | None) -> str:
    """ "2 days 5 hours", "42 seconds", "0.25 seconds": at most two units, the rest is cut off. A dash for None."""
    if seconds is None:
        return "–"
    whole = int(seconds)
    if whole < 60:
        return f"{round(seconds, 2):g} {noun(seconds, 'second')}"
    place = next(place for place, (size, _) in enumerate(PARTS) if whole >= size)
    size, unit = PARTS[place]
    smaller, smaller_unit = (*PARTS, (1, "second"))[place + 1]
    first, left = divmod(whole, size)
    second = left // smaller
    return counted(first, unit) + (f" {counted(second, smaller_unit)}" if second else "")
