"""Counting by time, answered from counted days: events, people and events per person, by day and longer.

Pageviews and sessions can be grouped by some columns.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import nsmallest
from itertools import accumulate
from operator import or_
from typing import Any

from analytics.questions.conditions import Source
from analytics.questions.query import TOP_GROUPS, Counting, Counts
from analytics.questions.spans import Bucket, Span, Unit
from analytics.rollups.bitmaps import union
from analytics.rollups.builder import FIELDS
from analytics.rollups.days import DayReader, are_too_many, by_bucket, exact_keys, kept_once, runs
from analytics.rollups.reader import SESSION, DayCounts, values
from analytics.sql.context import QueryContext, Tuples
from analytics.sql.selections import EventKey
from analytics.sql.time_counts import OTHER, Keys
from analytics.sql.uncounted_days import groups_sql

KEPT = (Counts.EVENTS, Counts.USERS, Counts.PER_USER)
KINDS_WITH_VALUES = (frozenset({SESSION}), frozenset({("pageview", "")}))


def counting_rows(
    counting: Counting, span: Span, unit: Unit, context: QueryContext, chosen: Sequence[Keys] | None = None
) -> Tuples | None:
    """Rows as analytics/sql/time_counts.py gives them; None where the counted days do not suffice."""
    keys = exact_keys(counting.event, context.glossary)
    is_told = counting.counts in KEPT and not (
        counting.where or counting.also or counting.segments or unit is Unit.HOUR
    )
    if keys is None or not is_told:
        return None
    cut = context.cut(span, unit)
    if counting.by:
        return _grouped_rows(counting, span, keys, context, cut, chosen)
    with_people = counting.counts is not Counts.EVENTS
    reader = DayReader.of(context, span, keys, with_people=with_people)
    if reader is None:
        return None
    days = reader.day_counts(counting.event, keys, with_people=with_people)
    return _rows(counting, cut, days)


def _rows(counting: Counting, cut: Sequence[Bucket], days: dict[datetime, DayCounts]) -> Tuples:
    everything = DayCounts(sum(day.events for day in days.values()), union(day.people for day in days.values()))
    found = by_bucket(cut, days)
    if counting.cumulative and counting.counts is Counts.USERS:
        before = accumulate((each.people for each in found), or_, initial=0)
        found = [DayCounts(each.events, each.people & ~seen) for each, seen in zip(found, before, strict=False)]
    rows: Tuples = [
        (0, None, bucket.start, *_numbers(counting.counts, each)) for bucket, each in zip(cut, found, strict=True)
    ]
    return [*rows, (None, None, None, *_numbers(counting.counts, everything))]


def _numbers(counts: Counts, day: DayCounts) -> tuple[int, int]:
    if counts is Counts.USERS:
        return day.people.bit_count(), 0
    return day.events, day.people.bit_count()


def _grouped_rows(
    counting: Counting,
    span: Span,
    keys: frozenset[EventKey],
    context: QueryContext,
    cut: Sequence[Bucket],
    chosen: Sequence[Keys] | None,
) -> Tuples | None:
    by, environment_id = counting.by[0], context.scope.environment_id
    is_kept = len(counting.by) == 1 and by.source is Source.EVENT and by.key in FIELDS and keys in KINDS_WITH_VALUES
    if not is_kept or counting.counts is not Counts.EVENTS:
        return None
    days = context.cut(span, Unit.DAY)
    kept = kept_once(context, days)
    ((kind, _),) = keys
    usable = kept.days - kept.without_sessions if SESSION in keys else kept.days
    labels = values(environment_id, usable, kind, by.key)
    gaps = runs([day for day in days if day.start not in labels and day.start not in kept.nothing])
    if are_too_many(gaps, len(days)):
        return None
    for gap in gaps:
        statement = context.statement()
        for start, key, events in context.rows(statement, groups_sql(statement, counting, gap)):
            labels.setdefault(start, {})[key] = int(events)
    return list(_ranked(cut, labels, chosen))


def _ranked(
    cut: Sequence[Bucket], days: dict[datetime, dict[str, int]], chosen: Sequence[Keys] | None
) -> Iterator[tuple[Any, ...]]:
    """The `chosen` or else the largest groups, and the rest."""
    cells: list[Counter[str]] = [Counter() for _ in cut]
    starts = [bucket.start for bucket in cut]
    for start, labels in days.items():
        cells[bisect_right(starts, start) - 1].update(labels)
    sizes: Counter[str] = Counter()
    for cell in cells:
        sizes.update(cell)
    if chosen is None:
        largest = nsmallest(TOP_GROUPS, sizes.items(), key=lambda each: (-each[1], each[0]))
    else:
        largest = [(key, sizes[key]) for (key,) in chosen]
    for slot, (key, size) in enumerate(largest, 1):
        yield from ((slot, key, start, cell[key], 0) for start, cell in zip(starts, cells, strict=True) if cell[key])
        yield slot, key, None, size, 0
    everything = sizes.total()
    if sizes.keys() - {key for key, _ in largest}:
        for start, cell in zip(starts, cells, strict=True):
            if others := cell.total() - sum(cell[key] for key, _ in largest):
                yield OTHER, None, start, others, 0
        yield OTHER, None, None, everything - sum(size for _, size in largest), 0
    yield None, str(len(sizes)), None, everything, 0
