"""Retention: asking the database, and its rows as an answer."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from analytics.kinds.retention.question import Cohort, CohortEntry, CohortGroup, Retention, RetentionResult, Return
from analytics.kinds.retention.sql import retention_sql
from analytics.questions.conditions import BadQuery
from analytics.questions.group_labels import group_label, rest_label
from analytics.questions.results import Ran
from analytics.questions.spans import Bucket, Span
from analytics.sql.context import QueryContext, Tuples
from analytics.sql.time_counts import decode_key
from analytics.store.current import event_store
from common.charts.plots import MAX_SERIES

MOST_GROUPS = MAX_SERIES - 1  # each is a line beside that of everybody
MOST_PERIODS = 366  # in groups: 1,100 days would be 5 million rows and 1.4 GB

People = Mapping[tuple[datetime, datetime | None], int]  # by cohort and period; None is the cohort's size


def answer(retention: Retention, context: QueryContext) -> RetentionResult:
    placed = context.placed(retention.span, retention.unit)
    cut = placed.buckets
    if retention.by is not None and len(cut) > MOST_PERIODS:
        raise BadQuery(
            f"In groups: at most {MOST_PERIODS} {retention.unit}s. Take a longer unit or a shorter range.", "unit"
        )
    ran = Ran(context.now, cut[0].start, cut[-1].end, note=placed.note)
    rows = _counted(retention, placed.span, cut, context)
    if rows is None:
        statement = context.statement()
        rows = context.rows(statement, retention_sql(statement, retention, cut, MOST_GROUPS))
    if retention.by is None:
        people = {(cohort, period): int(n) for cohort, period, n in rows}
        return RetentionResult(retention, ran, cut, cohorts_from(people, retention, cut, context.now))
    return _grouped(retention, ran, cut, rows)


def _counted(retention: Retention, span: Span, cut: tuple[Bucket, ...], context: QueryContext) -> Tuples | None:
    """The rows from counted days, where these know enough: not of properties, nor of who did it before the span."""
    if retention.where or retention.segments or retention.by or retention.entry is CohortEntry.EVER:
        return None
    return event_store().counted_cohorts(
        retention.start,
        retention.returning,
        span,
        cut,
        context,
        every=retention.entry is CohortEntry.EVERY,
        last=retention.counts_as is Return.OR_AFTER,
    )


def _grouped(
    retention: Retention, ran: Ran, cut: tuple[Bucket, ...], rows: Iterable[tuple[Any, ...]]
) -> RetentionResult:
    assert retention.by is not None
    everybody: dict[tuple[datetime, datetime | None], int] = defaultdict(int)
    people: dict[int, dict[tuple[datetime, datetime | None], int]] = defaultdict(dict)
    keys: dict[int, str | None] = {}
    labels: dict[int, str] = {}
    for slot, encoded, cohort, period, n, number_of_groups in rows:
        keys[slot] = decode_key(encoded)
        is_rest = slot > MOST_GROUPS
        labels[slot] = rest_label(number_of_groups - MOST_GROUPS) if is_rest else group_label(retention.by, keys[slot])
        people[slot][cohort, period] = int(n)
        everybody[cohort, period] += int(n)
    groups = tuple(
        CohortGroup(
            labels[slot],
            cohorts_from(people[slot], retention, cut, ran.as_of),
            keys[slot],
            is_rest=slot > MOST_GROUPS,
        )
        for slot in sorted(keys)
    )
    return RetentionResult(retention, ran, cut, cohorts_from(everybody, retention, cut, ran.as_of), groups)


def cohorts_from(people: People, retention: Retention, cut: tuple[Bucket, ...], now: datetime) -> tuple[Cohort, ...]:
    """The cohorts that have begun."""
    cohorts = []
    for index, bucket in enumerate(cut):
        if bucket.start > now:
            break
        later = cut[index + 1 :]
        came = [people.get((bucket.start, period.start), 0) for period in later]
        if retention.counts_as is Return.OR_AFTER:  # from people by the last period in which they came
            came = [sum(came[place:]) for place in range(len(came))]
        begun = (n if period.start <= now else None for n, period in zip(came, later, strict=True))
        size = people.get((bucket.start, None), 0)
        returned = (size, *begun)
        cohorts.append(Cohort(bucket, size, returned + (None,) * (len(cut) - len(returned))))
    return tuple(cohorts)
