"""Asks for the numbers of the series of a graph. A store may have the rows already, from days counted beforehand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Any

from analytics.kinds.graph.formula import Unrounded
from analytics.kinds.graph.measures import NOTHING, Measured, exact
from analytics.questions.query import Counting, Counts
from analytics.questions.spans import Bucket, Span, Unit
from analytics.sql.context import QueryContext, Tuples
from analytics.sql.time_counts import OTHER, Keys, counting_sql, series_sql
from analytics.store.current import event_store


@dataclass(frozen=True)
class Numbers:
    """The exact numbers of a line."""

    values: Sequence[Unrounded]
    total: Unrounded
    whole: Measured = NOTHING


@dataclass
class Found:
    """What is known of one series: cells by slot and the start of their bucket, totals and keys by slot, and how many
    groups there are."""

    counting: Counting
    cut: Sequence[Bucket]
    cells: dict[int, dict[datetime, Measured]] = field(default_factory=dict)
    totals: dict[int | None, Measured] = field(default_factory=dict)
    keys: dict[int, Keys] = field(default_factory=dict)
    how_many: int = 0

    @property
    def whole(self) -> Unrounded:
        """The number of all groups together."""
        return exact(self.counting.counts, self.totals.get(None, NOTHING))

    def numbers(self, slot: int, begun: Sequence[bool]) -> Numbers:
        """The numbers of one group, without what is not `begun`; those of nothing, if it has none."""
        counts, cells, total = self.counting.counts, self.cells.get(slot, {}), self.totals.get(slot, NOTHING)
        values: Iterable[Unrounded] = [exact(counts, cells.get(bucket.start, NOTHING)) for bucket in self.cut]
        if self.counting.cumulative:
            values = accumulate(value or 0 for value in values)
        shown = [value if is_begun else None for value, is_begun in zip(values, begun, strict=True)]
        return Numbers(shown, exact(counts, total), total)

    def add(self, slot: int | None, *row: Any) -> None:
        """Add a row (slot, *keys, bucket, *cell) of a statement."""
        width = max(len(self.counting.by), 1)
        keys, bucket, cell = row[:width], row[width], row[width + 1 :]
        if slot is None:
            self.totals[None], self.how_many = cell, int(keys[0] or 0)
            return
        if slot != OTHER:
            self.keys[slot] = keys
        if bucket is None:
            self.totals[slot] = cell
        else:
            self.cells.setdefault(slot, {})[bucket] = cell


def ask(
    countings: Sequence[Counting],
    span: Span,
    unit: Unit,
    context: QueryContext,
    cut: Sequence[Bucket],
    chosen: Sequence[Keys] | None = None,
) -> list[Found]:
    """What is known of each series. `cut` are the buckets of the span; nothing is found in none.

    Groups of several series are chosen for all together, by one statement; else each series has a statement of its own.
    `chosen` are the groups, if they are known.
    """
    found = [Found(each, cut, keys=dict(enumerate(chosen or (), 1))) for each in countings]
    if not cut or (chosen is not None and not chosen):
        return found
    if len(countings) > 1 and countings[0].by:
        statement = context.statement()
        for row in context.rows(statement, series_sql(statement, countings, cut, chosen)):
            found[row[0]].add(*row[1:])
        return found
    for each in found:
        for row in _rows(each.counting, span, unit, context, cut, chosen):
            each.add(*row)
        if not each.counting.by:
            _without_groups(each)
    return found


def _rows(
    counting: Counting,
    span: Span,
    unit: Unit,
    context: QueryContext,
    cut: Sequence[Bucket],
    chosen: Sequence[Keys] | None,
) -> Tuples:
    """What a store has counted, or else the answer to a statement."""
    rows = event_store().counted_times(counting, span, unit, context, chosen)
    if rows is None:
        statement = context.statement()
        rows = context.rows(statement, counting_sql(statement, counting, cut, chosen))
    return rows


def _without_groups(found: Found) -> None:
    """The only slot is everything. Events are not counted twice: those of all buckets are added up."""
    if found.counting.counts is Counts.EVENTS:
        found.totals[None] = (sum(int(cell[0]) for cell in found.cells.get(0, {}).values()), 0)
    found.totals[0] = found.totals.get(None, NOTHING)
