"""Asks for the numbers of the series of a graph. A store may have the rows already, from days counted beforehand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from analytics.kinds.graph.formula import Unrounded
from analytics.kinds.graph.measures import NOTHING, Measured, exact
from analytics.kinds.graph.question import Graph
from analytics.questions.conditions import BadQuery
from analytics.questions.query import Counting, Counts
from analytics.questions.spans import MAX_BUCKETS, Bucket, Span, Unit
from analytics.sql.context import QueryContext
from analytics.sql.time_counts import OTHER, Keys, choosing_sql, counting_sql
from analytics.store.current import event_store


@dataclass(frozen=True)
class Numbers:
    """The exact numbers of a line."""

    values: Sequence[Unrounded]
    total: Unrounded
    whole: Measured = NOTHING


@dataclass
class Found:
    """What is known of one series: cells by slot and bucket, totals and keys by slot, and how many groups there are."""

    counts: Counts
    cumulative: bool
    buckets: int
    cells: dict[int, dict[int, Measured]] = field(default_factory=dict)
    totals: dict[int | None, Measured] = field(default_factory=dict)
    keys: dict[int, Keys] = field(default_factory=dict)
    how_many: int = 0

    @property
    def whole(self) -> Unrounded:
        """The number of all groups together."""
        return exact(self.counts, self.totals.get(None, NOTHING))

    def numbers(self, slot: int, begun: Sequence[bool]) -> Numbers:
        """The numbers of one group, without what is not `begun`; those of nothing, if it has none."""
        cells, total = self.cells.get(slot, {}), self.totals.get(slot, NOTHING)
        values: Iterable[Unrounded] = [exact(self.counts, cells.get(index, NOTHING)) for index in range(self.buckets)]
        if self.cumulative:
            values = accumulate(value or 0 for value in values)
        shown = [value if is_begun else None for value, is_begun in zip(values, begun, strict=True)]
        return Numbers(shown, exact(self.counts, total), total)


def choose(graph: Graph, context: QueryContext, cut: tuple[Bucket, ...]) -> tuple[list[Keys], int]:
    """The groups of several series, and how many there are in all. Raises BadQuery where they are too many numbers."""
    if len(cut) * (len(graph.series) + bool(graph.formula)) > MAX_BUCKETS:
        raise BadQuery("Several series in groups: take a longer unit, a shorter range or fewer series.", "unit")
    statement = context.statement()
    rows = context.rows(statement, choosing_sql(statement, graph.countings, cut))
    return [tuple(row[:-1]) for row in rows], rows[0][-1] if rows else 0


def ask(
    counting: Counting,
    span: Span,
    unit: Unit,
    context: QueryContext,
    cut: Sequence[Bucket],
    chosen: Sequence[Keys] | None = None,
) -> Found:
    """What a store has counted, or else a statement of its own for each series. `chosen` are groups, if they are known.

    `cut` are the buckets of the span; nothing is found in none.
    """
    found = Found(counting.counts, counting.cumulative, len(cut))
    if chosen is not None:
        found.keys = dict(enumerate(chosen, 1))
    if not cut or (chosen is not None and not chosen):
        return found
    rows = event_store().counted_times(counting, span, unit, context, chosen)
    if rows is None:
        statement = context.statement()
        rows = context.rows(statement, counting_sql(statement, counting, cut, chosen))
    places = {bucket.start: index for index, bucket in enumerate(cut)}
    width = max(len(counting.by), 1)
    for slot, *row in rows:
        keys, bucket, cell = tuple(row[:width]), row[width], row[width + 1 :]
        if bucket is not None:
            found.cells.setdefault(slot, {})[places[bucket]] = cell
        else:
            found.totals[slot] = cell
        if chosen is None and slot is None:
            found.how_many = int(keys[0] or 0)
        elif chosen is None and slot != OTHER:
            found.keys[slot] = keys
    if not counting.by:
        _without_groups(found)
    return found


def _without_groups(found: Found) -> None:
    """The only slot is everything. Events are not counted twice: those of all buckets are added up."""
    if found.counts is Counts.EVENTS:
        found.totals[None] = (sum(int(cell[0]) for cell in found.cells.get(0, {}).values()), 0)
    found.totals[0] = found.totals.get(None, NOTHING)
