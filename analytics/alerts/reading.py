"""Finds the number that an alert watches, for one finished interval. It asks one question, which has a time limit."""

import sys
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

from analytics import actions
from analytics.alerts.intervals import interval_before
from analytics.alerts.models import Alert, AlertRule, Figure, Watches
from analytics.definitions.bodies import DefinitionBody
from analytics.kinds.funnel.question import Asks, Funnel
from analytics.kinds.graph.question import Graph
from analytics.kinds.registry import parse, run
from analytics.models import Definition, Report
from analytics.questions.before import Before
from analytics.questions.conditions import BadQuery
from analytics.questions.periods import Period, days_of
from analytics.questions.query import EventReference, Query, Scope, Selection
from analytics.questions.results import Number
from analytics.questions.spans import Bucket, Span, Unit
from analytics.store.current import event_store
from events import newest

LIMIT = timedelta(seconds=10)  # of a question, less than a page's: others wait for the worker
LONGEST_SILENCE = timedelta(days=90)  # so far back the store looks for an event
STALE = timedelta(days=3)  # definitions are looked at each night
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOTHING = UUID(int=0)
LARGEST = Fraction(sys.float_info.max)


class Unanswerable(Exception):
    """There is no such number. The message says why, in a sentence for people."""


@dataclass(frozen=True)
class FoundNumber:
    """What the rule is asked about; None if there is no number, such as a share of nobody.

    Of a difference, `now` and `before` are the two numbers that it is the difference of.
    """

    value: float | None
    now: float | None = None
    before: float | None = None


def read(alert: Alert, interval: Bucket) -> FoundNumber:
    """Raises Unanswerable, BadQuery and QueryFailed."""
    if alert.watches == Watches.REPORT:
        return _of_report(alert, interval)
    if alert.watches == Watches.SILENCE:
        return FoundNumber(_hours_without(alert, interval))
    return FoundNumber(_days_without_match(alert, interval))


# --- A number of a report -------------------------------------------------------------------------------------------


def question(alert: Alert) -> Graph | Funnel:
    """The report's question, as far as the alert needs it. Raises Unanswerable if it has no such number."""
    report = Report.objects.filter(environment=alert.environment, lineage=alert.lineage or NOTHING).first()
    if report is None:
        raise Unanswerable("Its report is deleted.")
    parsed = parse(report.kind, actions.parameters_of(report), Scope.of(alert.environment))
    if parsed.query is None:
        raise Unanswerable("Its report cannot be read: " + " ".join(parsed.errors.values()))
    return checked(parsed.query, alert)


def checked(query: Query, alert: Alert) -> Graph | Funnel:
    """Raises Unanswerable."""
    is_interval = alert.figure == Figure.INTERVAL
    if not isinstance(query, Graph | Funnel):
        raise Unanswerable("Only graphs and funnels have a number that can be watched.")
    if query.compare:
        raise Unanswerable("The report compares segments, so no single number sums it up.")
    if alert.unit == Unit.HOUR and (isinstance(query, Funnel) or not is_interval):
        raise Unanswerable("A funnel, or the whole range of a report, is judged by day or by week.")
    if not is_interval and query.span.days is None and query.span.period is None:
        raise Unanswerable("The report is about days that stay the same. Take one about the last days, or a period.")
    if not is_interval and query.span.period is Period.ALL:
        raise Unanswerable("The report is about all time, which has no end. Take one about the last days, or a period.")
    if isinstance(query, Funnel):
        return replace(query, by=None, asks=Asks.STEPS, before=None)
    if len(query.series) > 1 and not query.formula:
        raise Unanswerable("The graph has several series without a formula, so no single number sums it up.")
    if is_interval and query.cumulative:
        raise Unanswerable("The graph counts since the start of its range: watch the number of its whole range.")
    return replace(query, by=(), before=None)


def _of_report(alert: Alert, interval: Bucket) -> FoundNumber:
    query = question(alert)
    compares = AlertRule(alert.rule).is_of_difference
    if alert.figure == Figure.TOTAL or isinstance(query, Funnel):
        now, before = _of_range(query, _span(alert, query, interval), compares)
    else:
        now, before = _of_interval(query, alert, interval, compares)
    if not compares:
        return FoundNumber(_float(now))
    return FoundNumber(_difference(now, before, alert.in_percent), _float(now), _float(before))


def _span(alert: Alert, query: Graph | Funnel, interval: Bucket) -> Span:
    """The days that are asked for: those of the interval, or the report's range as of the interval's last day."""
    zone = query.scope.zone
    first, last = (moment.astimezone(zone).date() for moment in (interval.start, interval.end - timedelta(seconds=1)))
    if alert.figure == Figure.INTERVAL:
        return Span(None, first, last)
    if query.span.period is not None:
        first, last = days_of(query.span.period, last, query.scope.week_starts_on, None)
        return Span(None, first, last)
    assert query.span.days is not None
    return Span(None, last - timedelta(days=query.span.days - 1), last)


def _of_range(query: Graph | Funnel, span: Span, compares: bool) -> tuple[Number | None, Number | None]:
    """The number of the whole range, and of the one before, which has as many days."""
    before = Before.PERIOD if compares else None
    if isinstance(query, Graph):
        result = run(replace(query, span=span, before=before), limit=LIMIT)
        return result.total, result.total_before
    side = run(replace(query, span=span, before=before), limit=LIMIT).sides[0]
    return side.conversion, side.conversion_before if compares else None


def _of_interval(query: Graph, alert: Alert, interval: Bucket, compares: bool) -> tuple[Number | None, Number | None]:
    """The number of the interval alone, and that of the interval before."""
    unit, zone = Unit(alert.unit), query.scope.zone
    wanted = [interval_before(interval, unit, query.scope), interval] if compares else [interval]
    last = (interval.end - timedelta(seconds=1)).astimezone(zone).date()
    span = Span(None, wanted[0].start.astimezone(zone).date(), last)
    result = run(replace(query, span=span, unit=unit), limit=LIMIT)
    line = next(each for each in result.lines if (each.series is None) == bool(query.formula))
    values = {bucket.start: value for bucket, value in zip(result.buckets, line.values, strict=True)}
    found = [values.get(each.start) for each in wanted]
    return found[-1], found[0] if compares else None


def _difference(now: Number | None, before: Number | None, in_percent: bool) -> float | None:
    """How much more there is; in percent of nothing there is no number."""
    if now is None or before is None or (in_percent and before == 0):
        return None
    difference = Fraction(now) - Fraction(before)
    return _float(100 * difference / abs(Fraction(before)) if in_percent else difference)


def _float(number: Number | Fraction | None) -> float | None:
    """Sums of what somebody sent may be larger than any float: the largest stands for them."""
    if number is None:
        return None
    exact = Fraction(number)
    return float(max(min(exact, LARGEST), -LARGEST))


# --- Silence --------------------------------------------------------------------------------------------------------


def _hours_without(alert: Alert, interval: Bucket) -> float | None:
    """Hours between the newest event and the end of the interval; None where no event ever arrived."""
    if not alert.event:
        arrived_at = newest.arrived_at(alert.environment_id)
        return None if arrived_at is None else _passed(arrived_at, interval.end, HOUR)
    try:
        body = DefinitionBody((Selection(EventReference.parse(alert.event)),))
        last = event_store().last_match(Scope.of(alert.environment), body)
    except BadQuery as error:
        raise Unanswerable(error.message) from None
    return _passed(last or interval.end - LONGEST_SILENCE, interval.end, HOUR)


def _days_without_match(alert: Alert, interval: Bucket) -> float | None:
    """Days between the last match of the definition and the night when it was looked at; None if it never was."""
    found = Definition.objects.filter(environment=alert.environment, lineage=alert.lineage or NOTHING).first()
    if found is None:
        raise Unanswerable("Its definition is deleted.")
    if found.looked_at is None:
        return None
    if interval.end - found.looked_at > STALE:
        raise Unanswerable("Looking for its last match takes too long.")
    return _passed(found.matched_at or found.looked_at - LONGEST_SILENCE, found.looked_at, DAY)


def _passed(start: datetime, end: datetime, unit: timedelta) -> float:
    return max((end - start) / unit, 0.0)
