"""Funnel: how many people did several things in order and in time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from typing import ClassVar
from uuid import UUID

from analytics.kinds.funnel.places import FIRST, PREVIOUS, REACHED, number_place
from analytics.questions.before import Before, Earlier, check_before
from analytics.questions.behind import ALL, REST
from analytics.questions.conditions import BadQuery, Field
from analytics.questions.parameters import Reader, write_before, write_common, write_compared, write_selection
from analytics.questions.query import (
    LAST_30_DAYS,
    Compared,
    EventReference,
    Query,
    Scope,
    Selection,
    check_compared,
)
from analytics.questions.results import Cell, Column, Result, Shown, Table, bucket_label, percent
from analytics.questions.spans import Bucket, Span, Unit
from analytics.questions.words import between_words, duration_words, span_words

MAX_STEPS = 10
MAX_EXCLUSIONS = 5
BIN_EDGES = (1, 5, 30, 60, 360, 1440, 3 * 1440, 7 * 1440, 30 * 1440)  # minutes; a time is in the bin that it begins
WINDOW_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


class Order(StrEnum):
    """What counts as having done the steps, beside the time for them."""

    IN_ORDER = "in_order"  # other events may happen in between
    STRICT = "strict"  # a step is the very next event, of all kinds and names that the steps look at
    ANY = "any"  # each of the steps once, whatever comes first


class Asks(StrEnum):
    """What is asked of a funnel."""

    STEPS = "steps"  # how many people reached each step
    TIMES = "times"  # how long they took
    TREND = "trend"  # the share that got to the end, over time


@dataclass(frozen=True)
class Exclusion:
    """What must not happen between the step `after` (from 1) and the next one."""

    selection: Selection
    after: int


@dataclass(frozen=True)
class Funnel(Query["FunnelResult"]):
    """How many people did the steps in order, the last one at most `within` after the first.

    The first step must be inside the span. The later steps may follow after its end. With `by`, people are grouped by
    this value of the start of their attempt that counts (docs/decisions/funnels.md). `unit` is that of a trend.
    """

    kind: ClassVar[str] = "funnel"

    steps: tuple[Selection, ...]
    within: timedelta = timedelta(days=7)
    span: Span = LAST_30_DAYS
    compare: tuple[Compared, ...] = ()
    order: Order = field(default=Order.IN_ORDER, kw_only=True)
    without: tuple[Exclusion, ...] = field(default=(), kw_only=True)
    asks: Asks = field(default=Asks.STEPS, kw_only=True)
    by: Field | None = field(default=None, kw_only=True)
    unit: Unit = field(default=Unit.DAY, kw_only=True)
    before: Before | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_compared(self.compare)
        if self.asks is not Asks.TREND:
            object.__setattr__(self, "unit", Unit.DAY)
        self.span.check(self.unit if self.asks is Asks.TREND else None)
        check_before(self.before, self.span)
        if self.before and (self.by is not None or self.asks is not Asks.STEPS):
            raise BadQuery(
                "Only how many reached each step is compared with before, without groups of a property.", "before"
            )
        if not 2 <= len(self.steps) <= MAX_STEPS:
            raise BadQuery(f"A funnel has 2 to {MAX_STEPS} steps.", "step")
        if not timedelta(0) < self.within <= timedelta(days=366):
            raise BadQuery("The conversion window is 1 minute to 366 days.", "within")
        self._check_order()
        if self.by is not None and self.compare:
            raise BadQuery("Compare segments or group by a property, not both.", "by")
        if self.by is not None and self.asks is Asks.TREND:
            raise BadQuery("Conversion over time cannot be grouped. Compare segments instead.", "by")

    def _check_order(self) -> None:
        if self.order is Order.ANY:
            if len(set(self.steps)) < len(self.steps):
                raise BadQuery("In any order, two steps cannot be the same.", "step")
            if self.without:
                raise BadQuery("In any order, nothing is between two steps.", "without")
        if len(self.without) > MAX_EXCLUSIONS:
            raise BadQuery(f"At most {MAX_EXCLUSIONS} events can be excluded.", "without")
        for each in self.without:
            if not 1 <= each.after < len(self.steps):
                raise BadQuery(f"There is no step {each.after + 1} after step {each.after}.", "without")
            if each.selection in self.steps[each.after - 1 : each.after + 1]:
                raise BadQuery("What is excluded between two steps cannot be one of them.", "without")

    def parameters(self) -> Iterator[tuple[str, str]]:
        """What was not there when reports were first kept is only written if it is not the default."""
        for number, step in enumerate(self.steps):
            yield from write_selection(step, f"step.{number}")
        unit = next(name for name in ("day", "hour", "minute") if not self.within % WINDOW_UNITS[name])
        yield "within", str(self.within // WINDOW_UNITS[unit])
        yield "within_unit", unit
        yield from write_common(self, self.span)
        yield from write_before(self.before)
        yield from write_compared(self.compare)
        if self.order is not Order.IN_ORDER:
            yield "order", self.order.value
        for number, each in enumerate(self.without):
            yield from write_selection(each.selection, f"without.{number}")
            yield f"without.{number}.after", str(each.after)
        if self.asks is not Asks.STEPS:
            yield "asks", self.asks.value
        if self.asks is Asks.TREND:
            yield "unit", self.unit.value
        if self.by:
            yield "by", str(self.by)

    def events(self) -> Iterable[EventReference]:
        return [step.event for step in self.steps] + [each.selection.event for each in self.without]

    def named_segments(self) -> Iterable[UUID]:
        return [*self.segments, *(side.segment for side in self.compare if side.segment)]

    def range_words(self) -> str:
        return span_words(self.span, self.before)

    @property
    def bin_names(self) -> tuple[str, ...]:
        """ "under 1 minute", "1 to 5 minutes", … up to the one that holds the whole conversion window."""
        edges = [timedelta(minutes=minutes) for minutes in BIN_EDGES]
        used = sum(edge <= self.within for edge in edges)
        between = (between_words(begins, ends) for begins, ends in pairwise(edges))
        names = [f"under {duration_words(edges[0])}", *between, f"{duration_words(edges[-1])} and more"]
        return tuple(names[: used + 1])


def read(reader: Reader, scope: Scope) -> Funnel:
    steps = [reader.selection(prefix, None) for prefix in reader.numbered("step")]
    without = [
        Exclusion(selection, reader.integer(f"{prefix}.after", 1))
        for prefix in reader.numbered("without")
        if (selection := reader.selection(prefix, None))
    ]
    amount = reader.integer("within", 7)
    unit = reader.text("within_unit", "day")
    if unit not in WINDOW_UNITS:
        reader.wrong("within_unit", "Choose minutes, hours or days.")
    if amount > 1_000_000:
        reader.wrong("within", "The conversion window is 1 minute to 366 days.")
        amount = 7
    return Funnel(
        scope,
        steps=tuple(step for step in steps if step),
        within=amount * WINDOW_UNITS.get(unit, timedelta(days=1)),
        span=reader.span(30),
        where=reader.group(),
        segments=reader.lineages("segment"),
        compare=reader.compared(),
        order=reader.choice("order", Order, Order.IN_ORDER),
        without=tuple(without),
        asks=reader.choice("asks", Asks, Asks.STEPS),
        by=reader.field("by"),
        unit=reader.choice("unit", Unit, Unit.DAY),
        before=reader.before(),
    )


# --- What an answer holds --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StepTimes:
    """How long people took from the start to a step: the median in seconds (None of nobody), and people by bin.

    `bins` are one more than BIN_EDGES.
    """

    median: float | None
    bins: tuple[int, ...]

    @property
    def people(self) -> int:
        return sum(self.bins)


@dataclass(frozen=True)
class FunnelSide:
    """`counts[n]` is how many people reached step n. It never grows from step to step.

    `before` are the counts of the same part of the earlier range, if it is compared with one. Of a group, `key` is its
    value; None for people without one. `times` has one for each step after the first, and `trend` the counts of each
    bucket, if these are asked for.
    """

    label: str
    counts: tuple[int, ...]
    compared: Compared | None = None
    key: str | None = None
    is_group: bool = False
    is_rest: bool = False  # of all groups but the largest
    times: tuple[StepTimes, ...] = ()
    trend: tuple[tuple[int, ...], ...] = ()
    before: tuple[int, ...] = ()

    @property
    def is_apart(self) -> bool:
        """Whether the label is no value: of those without one, of the empty one, of the rest, of everybody."""
        return not self.key and self.compared is None

    def of_first(self, step: int) -> float | None:
        return percent(self.counts[step], self.counts[0])

    def of_previous(self, step: int) -> float | None:
        return percent(self.counts[step], self.counts[max(step - 1, 0)])

    def lost(self, step: int) -> int:
        """How many reached the step before and not this one."""
        return self.counts[max(step - 1, 0)] - self.counts[step]

    @property
    def conversion(self) -> float | None:
        """The share of people who went from the first step to the last, in percent."""
        return self.of_first(len(self.counts) - 1)

    @property
    def conversion_before(self) -> float | None:
        """The same in the earlier range."""
        return percent(self.before[-1], self.before[0])

    @property
    def conversions(self) -> tuple[float | None, ...]:
        """The same for each bucket; None where nobody began."""
        return tuple(percent(counts[-1], counts[0]) for counts in self.trend)


@dataclass(frozen=True)
class FunnelResult(Result):
    """`sides` are the segments that are compared; of groups, everybody first, then by size, the rest last.

    `buckets` are those of a trend: complete when the time of those who began at their end is over too.
    """

    query: Funnel
    step_labels: tuple[str, ...]
    sides: tuple[FunnelSide, ...]
    buckets: tuple[Bucket, ...] = ()
    earlier: Earlier | None = None

    @property
    def last(self) -> int:
        """The number of the last step, from 0."""
        return len(self.step_labels) - 1

    @property
    def side_places(self) -> tuple[str, ...]:
        """Each side's part of the places of its numbers."""
        if self.query.compare:
            return tuple(map(str, range(len(self.sides))))
        return (ALL, *(REST if side.is_rest else str(number) for number, side in enumerate(self.sides[1:])))

    def table(self) -> Table:
        if self.query.asks is Asks.TREND:
            return self._trend()
        if self.query.asks is Asks.TIMES:
            return self._times()
        return self._groups() if self.query.by else self._steps()

    def _steps(self) -> Table:
        columns = [Column("Step", Shown.TEXT)]
        for side, place in zip(self.sides, self.side_places, strict=True):
            prefix = f"{side.label}: " if side.compared else ""
            previous, first = (
                f"{prefix}{name}" if prefix else name.capitalize() for name in ("of previous step", "of first step")
            )
            columns += [
                Column(f"{prefix}people" if prefix else "People", behind=number_place(REACHED, place, "*")),
                Column(previous, Shown.PERCENT, behind=number_place(PREVIOUS, place, "*")),
                Column(first, Shown.PERCENT, behind=number_place(FIRST, place, "*")),
            ]
            if self.earlier:
                names = ("people before", "of first step before")
                columns += [
                    Column(f"{prefix}{name}" if prefix else name.capitalize(), shown)
                    for name, shown in zip(names, (Shown.NUMBER, Shown.PERCENT), strict=True)
                ]
        rows = []
        for step, label in enumerate(self.step_labels):
            row: list[Cell] = [label]
            for side in self.sides:
                row += [side.counts[step], side.of_previous(step), side.of_first(step)]
                if self.earlier:
                    row += [side.before[step], percent(side.before[step], side.before[0])]
            rows.append(tuple(row))
        return Table(tuple(columns), tuple(rows), behind=tuple(map(str, range(len(rows)))))

    def _groups(self) -> Table:
        """A row for each group, a column for each step."""
        assert self.query.by
        is_any_order = self.query.order is Order.ANY
        steps = (
            Column(label if is_any_order else f"{step + 1}. {label}", behind=number_place(REACHED, "*", step))
            for step, label in enumerate(self.step_labels)
        )
        share = Column("Of first step", Shown.PERCENT, behind=number_place(FIRST, "*", self.last))
        columns = (Column(self.query.by.label, Shown.TEXT), *steps, share)
        apart = frozenset(place for place, side in enumerate(self.sides) if side.is_apart)
        rows = tuple((side.label, *side.counts, side.conversion) for side in self.sides)
        return Table(columns, rows, apart=apart, behind=self.side_places)

    def _times(self) -> Table:
        """A row for each step after the first of each side: how many reached it, the median, and how many by bin."""
        is_one = len(self.sides) == 1
        sides = () if is_one else (Column(self.query.by.label if self.query.by else "Segment", Shown.TEXT),)
        bin_names = self.query.bin_names
        bins = (Column(name, behind=f"{REACHED}.*.{number}") for number, name in enumerate(bin_names))
        numbers = (Column("People", behind=f"{REACHED}.*.{ALL}"), Column("Median in seconds"), *bins)
        rows = tuple(
            (*(() if is_one else (side.label,)), label, each.people, each.median, *each.bins[: len(bin_names)])
            for side in self.sides
            for label, each in zip(self.step_labels[1:], side.times, strict=True)
        )
        apart = (side.is_apart and not is_one for side in self.sides for _ in side.times)
        places = frozenset(place for place, is_apart in enumerate(apart) if is_apart)
        behind = tuple(f"{side}.{step}" for side in self.side_places for step in range(1, self.last + 1))
        return Table((*sides, Column("Up to step", Shown.TEXT), *numbers), rows, apart=places, behind=behind)

    def _trend(self) -> Table:
        """A row for each bucket: of each side, how many began, how many got to the end, and their share."""
        unit, zone = self.query.unit, self.query.scope.zone
        columns = [Column(unit.capitalize(), Shown.TIME)]
        for side, place in zip(self.sides, self.side_places, strict=True):
            prefix = f"{side.label}: " if side.compared else ""
            began, ended, share = (
                f"{prefix}{name}" if prefix else name.capitalize() for name in ("began", "got to the end", "share")
            )
            columns += [
                Column(began, behind=number_place(REACHED, place, 0, "*")),
                Column(ended, behind=number_place(REACHED, place, self.last, "*")),
                Column(share, Shown.PERCENT, behind=number_place(FIRST, place, self.last, "*")),
            ]
        rows = [
            (
                bucket_label(bucket, unit, zone),
                *(cell for side in self.sides for cell in _began_and_ended(side.trend[place])),
            )
            for place, bucket in enumerate(self.buckets)
        ]
        whole = ("Whole range", *(cell for side in self.sides for cell in _began_and_ended(side.counts)))
        incomplete = frozenset(place for place, bucket in enumerate(self.buckets) if not bucket.complete)
        behind = (*map(str, range(len(rows))), ALL)
        return Table(tuple(columns), (*rows, whole), incomplete, behind=behind)


def _began_and_ended(counts: tuple[int, ...]) -> tuple[Cell, ...]:
    return counts[0], counts[-1], percent(counts[-1], counts[0])
