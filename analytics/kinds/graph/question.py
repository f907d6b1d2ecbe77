"""What a graph asks, its URL parameters, and its result.

event, counts, of          the only series, if it has no filters of its own: a measure of an event, or of the
                           property `of` of its events
series.N.event, .counts,   several series, with filters of their own
  .of, .where.…
by, by.2, by.3             properties to group by
formula                    over the series A, B…
cumulative                 "1": counted since the start of the range
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from analytics.kinds.graph.formula import LETTERS, Formula
from analytics.questions.conditions import BadQuery, Field, Group
from analytics.questions.parameters import Reader, write_common, write_compared, write_group
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
from analytics.questions.results import Column, Number, Result, Shown, Table, bucket_label
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

    def __post_init__(self) -> None:
        super().__post_init__()
        check_compared(self.compare)
        self.span.check(self.unit)
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
        yield from write_compared(self.compare)
        yield "chart", self.chart.value

    def events(self) -> Iterable[EventReference]:
        return [each.event for each in self.series]

    def named_segments(self) -> Iterable[UUID]:
        return [*self.segments, *(side.segment for side in self.compare if side.segment)]

    def range_words(self) -> str:
        return span_words(self.span)


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

    @property
    def is_apart(self) -> bool:
        """Whether its label is no value, but says that it is missing or empty, or names all others together."""
        return self.is_other or (self.key is not None and not all(self.key))


@dataclass(frozen=True)
class GraphResult(Result):
    """`lines`: those of the formula first, then those of each series; groups in order of size, all others last.

    `total` is over all groups of the only series, or of the formula; None if there are several, or no value.
    """

    query: Graph
    buckets: tuple[Bucket, ...]
    lines: tuple[GraphLine, ...]
    total: Number | None

    @property
    def is_of_one(self) -> bool:
        """Whether one number sums it up."""
        return not self.query.compare and (len(self.query.series) == 1 or bool(self.query.formula))

    def table(self) -> Table:
        """A row per bucket, a column per line, and a last row of totals."""
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
