"""Which interval is judged, and when the next one is. Pure: the caller passes `now`."""

from datetime import datetime, timedelta

from analytics.questions.query import Scope
from analytics.questions.spans import Bucket, Span, Unit, buckets

SETTLING = timedelta(minutes=5)
"""After the end of an interval: events are on their way, a replica may be behind. What comes later is not judged."""
DAYS_BACK = {Unit.HOUR: 1, Unit.DAY: 2, Unit.WEEK: 15}  # in which one whole interval lies at least


def last_finished(now: datetime, unit: Unit, scope: Scope) -> Bucket:
    """The hour, day or week of the project's calendar that has been over for SETTLING."""
    settled = now - SETTLING
    today = settled.astimezone(scope.zone).date()
    span = Span(None, today - timedelta(days=DAYS_BACK[unit]), today)
    return [each for each in buckets(span, unit, settled, scope.zone, scope.week_starts_on) if each.complete][-1]


def interval_before(interval: Bucket, unit: Unit, scope: Scope) -> Bucket:
    """The one that ends where this one begins."""
    return last_finished(interval.start + SETTLING, unit, scope)


def next_judging(now: datetime, unit: Unit, scope: Scope) -> datetime:
    """When the interval after the last finished one has been over for SETTLING."""
    end = last_finished(now, unit, scope).end
    today = end.astimezone(scope.zone).date()
    following = buckets(Span(None, today, today + timedelta(days=15)), unit, now, scope.zone, scope.week_starts_on)
    return min(each.end for each in following if each.end > end) + SETTLING
