"""Retention, answered from counted days."""

from collections.abc import Iterator, Sequence
from typing import Any

from analytics.questions.query import Selection
from analytics.questions.spans import Bucket, Span
from analytics.rollups.bitmaps import Bitmap
from analytics.rollups.days import DayReader, by_bucket, exact_keys
from analytics.sql.context import QueryContext, Tuples


def cohort_rows(
    start: Selection,
    returning: Selection,
    span: Span,
    cut: Sequence[Bucket],
    context: QueryContext,
    *,
    every: bool,
    last: bool,
) -> Tuples | None:
    """Rows as analytics/kinds/retention/sql.py has them; None where the counted days do not suffice.

    `every`: people are in the cohort of every bucket in which they start, not of their first alone. `last`: people
    count in the last period in which they came, not in each.
    """
    if start.where or returning.where:
        return None
    start_keys, return_keys = exact_keys(start.event, context.glossary), exact_keys(returning.event, context.glossary)
    if start_keys is None or return_keys is None:
        return None
    reader = DayReader.of(context, span, start_keys | return_keys, with_people=True)
    if reader is None:
        return None
    began = by_bucket(cut, reader.day_counts(start.event, start_keys, with_people=True))
    same = start_keys == return_keys
    came = began if same else by_bucket(cut, reader.day_counts(returning.event, return_keys, with_people=True))
    triangle = _triangle(cut, [each.people for each in began], [each.people for each in came], every=every, last=last)
    return list(triangle)


def _triangle(
    cut: Sequence[Bucket], began: list[Bitmap], came: list[Bitmap], *, every: bool, last: bool
) -> Iterator[tuple[Any, ...]]:
    """Rows (cohort, period, people) from who began and who came in each bucket."""
    seen = 0
    for index, (bucket, people) in enumerate(zip(cut, began, strict=True)):
        cohort = people if every else people & ~seen
        seen |= people
        yield bucket.start, None, cohort.bit_count()
        for later in range(len(cut) - 1, index, -1):
            if number := (cohort & came[later]).bit_count():
                yield bucket.start, cut[later].start, number
            if last:
                cohort &= ~came[later]
