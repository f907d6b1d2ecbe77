"""What a graph asks, its URL parameters, and its result.

event, counts, of          the only series, if it has no filters of its own: a measure of an event, or of the
                           property `of` of its events
series.N.event, .counts,   several series, with filters of their own
  .of, .where.…
by, by.2, by.3             properties to group by
formula                    over the series A, B…
cumulative                 "1": counted since the start of the range
before                     "period" or "year": compared with what was before
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import ClassVar
from uuid import UUID

from analytics.kinds.graph.formula import LETTERS, Formula
from analytics.kinds.graph.measures import rounded
from analytics.questions.before import Before, Earlier, check_before
from analytics.questions.conditions import BadQuery, Field, Group
from analytics.questions.parameters import Reader, write_before, write_common, write_compared, write_group
from analytics.questions.query import (
    LAST_30_DAYS,
    PAGEVIEW,
    Compared,
    Counting,
    Counts,
    EventReference,
    Query,
    Scope,
    check_compared,
)
from analytics.questions.results import Cell, Column, Number, Result, Shown, Table, bucket_label
from analytics.questions.spans import Bucket, Span, Unit
from analytics.questions.words import span_words

MAX_SERIES = len(LETTERS)
BY_NAMES = ("by", "by.2", "by.3")
GroupKey = tuple[str | None, ...]


class Chart(StrEnum):
    LINE = "line"
    BAR = "bar"
    TABLE = "table"


@dataclass(frozen=True)
class Series:
    """An event with its filters, and what is counted of it, or measured of the property `of`."""

    event: EventReference
    counts: Counts = Counts.EVENTS
    of: Field | None = None
    where: Group = field(default_factory=Group)

    def __post_init__(self) -> None:
        if not self.counts.takes_property:
            object.__setattr__(self, "of", None)
        elif self.of is None:
            raise BadQuery("Choose the property that is measured.", "of")


@dataclass(frozen=True)
class Graph(Query["GraphResult"]):
    """One or several series over time, in groups of `by`. With `compare`, each segment has its own line."""

    kind: ClassVar[str] = "graph"

    series: tuple[Series, ...]
    span: Span = LAST_30_DAYS
    unit: Unit = Unit.DAY
    by: tuple[Field, ...] = ()
    compare: tuple[Compared, ...] = ()
    chart: Chart = Chart.LINE
    formula: str = ""
    cumulative: bool = False
    before: Before | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_compared(self.compare)
        self.span.check(self.unit)
        check_before(self.before, self.span)
        if not 1 <= len(self.series) <= MAX_SERIES:
            raise BadQuery(f"A graph has 1 to {MAX_SERIES} series.", "series")
        if self.by and self.compare:
            raise BadQuery("Compare segments or group by a property, not both.", "by")
        if len(self.by) > len(BY_NAMES) or len(set(self.by)) < len(self.by):
            raise BadQuery(f"Group by up to {len(BY_NAMES)} different properties.", "by")
        if self.compare and (len(self.series) > 1 or self.formula):
            raise BadQuery("Segments are compared in a graph of one series, without a formula.", "compare")
        if self.cumulative and not all(each.counts.adds_up for each in self.series):
            raise BadQuery(
                "Only events, people, sessions, sums and different values can be counted since the start.", "cumulative"
            )
        if self.formula:
            self._check_formula()

    def _check_formula(self) -> None:
        formula = Formula.parse(self.formula)
        if missing := sorted(formula.letters - set(LETTERS[: len(self.series)])):
            raise BadQuery(f"There is no series {missing[0]}.", "formula")
        object.__setattr__(self, "formula", formula.text)

    @property
    def countings(self) -> list[Counting]:
        """One for each series."""
        return [
            Counting(each.event, each.counts, each.of, each.where, self.where, self.by, self.segments, self.cumulative)
            for each in self.series
        ]

    def parameters(self) -> Iterator[tuple[str, str]]:
        is_alone = len(self.series) == 1 and not self.series[0].where
        for number, each in enumerate(self.series):
            prefix = "" if is_alone else f"series.{number}."
            yield f"{prefix}event", str(each.event)
            yield f"{prefix}counts", each.counts.value
            if each.of:
                yield f"{prefix}of", str(each.of)
            if not is_alone:
                yield from write_group(each.where, f"{prefix}where")
        if self.formula:
            yield "formula", self.formula
        if self.cumulative:
            yield "cumulative", "1"
        yield "unit", self.unit.value
        yield from ((name, str(each)) for name, each in zip(BY_NAMES, self.by, strict=False))
        yield from write_common(self, self.span)
        yield from write_before(self.before)
        yield from write_compared(self.compare)
        yield "chart", self.chart.value

    def events(self) -> Iterable[EventReference]:
        return [each.event for each in self.series]

    def named_segments(self) -> Iterable[UUID]:
        return [*self.segments, *(side.segment for side in self.compare if side.segment)]

    def range_words(self) -> str:
        return span_words(self.span, self.before)


# --- Its parameters ---------------------------------------------------------------------------------------------------


def read(reader: Reader, scope: Scope) -> Graph:
    prefixes = series_prefixes(reader)
    found = [_read_series(reader, f"{prefix}.") for prefix in prefixes] or [_read_series(reader, "")]
    by = [reader.field(name) for name in BY_NAMES]
    return Graph(
        scope,
        series=tuple(each for each in found if each) or (Series(PAGEVIEW),),  # there are errors then
        span=reader.span(30),
        unit=reader.choice("unit", Unit, Unit.DAY),
        where=reader.group(),
        by=tuple(each for each in by if each),
        segments=reader.lineages("segment"),
        compare=reader.compared(),
        chart=reader.choice("chart", Chart, Chart.LINE),
        formula=reader.text("formula").strip(),
        cumulative=bool(reader.text("cumulative")),
        before=reader.before(),
    )


def series_prefixes(reader: Reader) -> list[str]:
    """The prefixes "series.N" that have an event; none if the only series is written without."""
    return [each for each in reader.numbered("series") if reader.text(f"{each}.event")]


def _read_series(reader: Reader, prefix: str) -> Series | None:
    counts = reader.choice(f"{prefix}counts", Counts, Counts.EVENTS)
    of = reader.field(f"{prefix}of") if counts.takes_property else None
    event = reader.event(f"{prefix}event") or PAGEVIEW
    where = reader.group(f"{prefix}where") if prefix else Group()
    return reader.attempt(f"{prefix}of", lambda: Series(event, counts, of, where))


# --- Its result -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LineBefore:
    """What a line had in the earlier range: by its buckets, in the whole, and in the part that is compared."""

    values: tuple[Number | None, ...]
    whole: Number | None
    part: Number | None


@dataclass(frozen=True)
class GraphLine:
    """One line of a graph: a series or, if `series` is None, the formula; of one group, if the graph has groups.

    `values` has one number per bucket, None where there is none. `key` holds the group's values, each None for events
    without one; None for everything else together (`is_other`) and without grouping. `total` is counted over the whole
    span and is not their sum: a person who came on two days is one user. `numbers` of `events` had a number. It is of
    so many `groups`.
    """

    label: str  # says the series and the group
    values: tuple[Number | None, ...]
    total: Number | None
    key: GroupKey | None = None
    compared: Compared | None = None
    is_other: bool = False
    group: str = ""  # in words
    groups: int = 1
    series: int | None = 0
    events: int = 0
    numbers: int = 0
    before: LineBefore | None = None

    @property
    def is_apart(self) -> bool:
        """Whether its label is no value, but says that it is missing or empty, or names all others together."""
        return self.is_other or (self.key is not None and not all(self.key))


@dataclass(frozen=True)
class GraphResult(Result):
    """`lines`: those of the formula first, then those of each series; groups in order of size, all others last.

    `total` is over all groups of the only series, or of the formula; None if there are several, or no value.
    `total_before` is that of the same part of the `earlier` range, if it is compared with one.
    """

    query: Graph
    buckets: tuple[Bucket, ...]
    lines: tuple[GraphLine, ...]
    total: Number | None
    total_before: Number | None = None
    earlier: Earlier | None = None

    @property
    def is_of_one(self) -> bool:
        """Whether one number sums it up."""
        return not self.query.compare and (len(self.query.series) == 1 or bool(self.query.formula))

    @property
    def axis(self) -> tuple[Bucket | None, ...]:
        """The bucket of each row; beside an earlier range also those to come, and None where only it has one."""
        if self.earlier is None:
            return self.buckets
        own = (*self.buckets, *self.earlier.ahead)
        return tuple(None if at is None else own[at] for at, _ in self.earlier.pairs)

    @property
    def axis_before(self) -> tuple[Bucket | None, ...]:
        """The bucket of the earlier range that belongs to each row."""
        if self.earlier is None:
            return ()
        return tuple(None if at is None else self.earlier.buckets[at] for _, at in self.earlier.pairs)

    def values_of(self, line: GraphLine) -> tuple[Number | None, ...]:
        """What a line has in each row."""
        if self.earlier is None:
            return line.values
        return tuple(
            line.values[at] if at is not None and at < len(line.values) else None for at, _ in self.earlier.pairs
        )

    def values_before(self, line: GraphLine) -> tuple[Number | None, ...]:
        """What a line had in the earlier range, in each row."""
        assert self.earlier and line.before
        return tuple(None if at is None else line.before.values[at] for _, at in self.earlier.pairs)

    def table(self) -> Table:
        """A row per bucket, a column per line, and a last row of totals."""
        if self.earlier:
            return self._compared()
        zone = self.query.scope.zone
        columns = (
            Column(self.query.unit.capitalize(), Shown.TIME),
            *(Column(each.label, is_apart=each.is_apart) for each in self.lines),
        )
        rows = [
            (bucket_label(bucket, self.query.unit, zone), *(each.values[index] for each in self.lines))
            for index, bucket in enumerate(self.buckets)
        ]
        incomplete = frozenset(index for index, bucket in enumerate(self.buckets) if not bucket.complete)
        return Table(columns, (*rows, ("Whole range", *(each.total for each in self.lines))), incomplete)

    def _compared(self) -> Table:
        """Three columns per line: now, before, and the difference where both are complete.

        Totals of a range that is not over have two rows: so far and the same part before, and the whole ranges.
        """
        assert self.earlier
        unit, zone = self.query.unit, self.query.scope.zone
        columns = [Column(unit.capitalize(), Shown.TIME), Column("Compared with", Shown.TIME)]
        for each in self.lines:
            names = (each.label, f"{each.label}, before", f"{each.label}, difference")
            columns += [Column(name, is_apart=each.is_apart) for name in names]
        cells = [[*zip(self.values_of(each), self.values_before(each), strict=True)] for each in self.lines]
        rows: list[tuple[Cell, ...]] = []
        for at, (own, then) in enumerate(zip(self.axis, self.axis_before, strict=True)):
            times = (bucket_label(each, unit, zone) if each else None for each in (own, then))
            is_told = bool(own and then and own.complete and then.complete)
            rows.append((*times, *(cell for line in cells for cell in _with_difference(*line[at], is_told=is_told))))
        incomplete = frozenset(
            at for at, own in enumerate(self.axis) if own and not own.complete and own.start <= self.ran.as_of
        )
        is_part = self.earlier.is_part
        if is_part:
            rows.append(("So far", None, *self._totals(lambda before: before.part)))
        rows.append(("Whole range", None, *self._totals(lambda before: before.whole, is_told=not is_part)))
        return Table(tuple(columns), tuple(rows), incomplete)

    def _totals(self, which: Callable[[LineBefore], Number | None], *, is_told: bool = True) -> Iterator[Cell]:
        for each in self.lines:
            assert each.before
            yield from _with_difference(each.total, which(each.before), is_told=is_told)


def _with_difference(now: Number | None, before: Number | None, *, is_told: bool) -> tuple[Cell, Cell, Cell]:
    if not is_told or now is None or before is None:
        return now, before, None
    return now, before, rounded(Fraction(now) - Fraction(before))
