"""Retention: how many people came back."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from analytics.definitions.glossary import Glossary
from analytics.definitions.words import selection_label, selection_words
from analytics.questions.behind import ALL, REST
from analytics.questions.conditions import BadQuery, Field
from analytics.questions.parameters import Reader, need, write_common, write_selection
from analytics.questions.query import LAST_90_DAYS, EventReference, Query, Scope, Selection
from analytics.questions.results import Column, Result, Shown, Table, bucket_label, percent
from analytics.questions.spans import Bucket, Span, Unit
from analytics.questions.words import span_words


class CohortEntry(StrEnum):
    """With which start event a person is in a cohort, that of its period."""

    FIRST = "first"  # their first one in the span
    EVER = "ever"  # the first one that is stored, if it is in the span
    EVERY = "every"  # the first one of each period: people are in as many cohorts


class Return(StrEnum):
    """When a person came back in a period."""

    ON = "on"  # with a returning event in it
    OR_AFTER = "or_after"  # in it, or in a later one of the span


class CellsShow(StrEnum):
    """What the cells of the triangle on the page show. The CSV always has people."""

    PERCENT = "percent"
    PEOPLE = "people"


@dataclass(frozen=True)
class Retention(Query["RetentionResult"]):
    """How many people came back. A person is in the cohort of a start event in the span.

    With `by`, people are grouped by this value of the event with which they are in the cohort.
    """

    kind: ClassVar[str] = "retention"

    start: Selection
    returning: Selection
    unit: Unit = Unit.WEEK
    span: Span = LAST_90_DAYS
    entry: CohortEntry = field(default=CohortEntry.FIRST, kw_only=True)
    counts_as: Return = field(default=Return.ON, kw_only=True)
    by: Field | None = field(default=None, kw_only=True)
    cells: CellsShow = field(default=CellsShow.PERCENT, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.span.check(self.unit)
        if self.unit is Unit.HOUR:
            raise BadQuery("Retention is by day, week or month.", "unit")

    def parameters(self) -> Iterator[tuple[str, str]]:
        """What was not there when reports were first kept is only written if it is not the default."""
        yield from write_selection(self.start, "start")
        yield from write_selection(self.returning, "return")
        yield "unit", self.unit.value
        yield from write_common(self, self.span)
        if self.entry is not CohortEntry.FIRST:
            yield "entry", self.entry.value
        if self.counts_as is not Return.ON:
            yield "back", self.counts_as.value
        if self.by:
            yield "by", str(self.by)
        if self.cells is not CellsShow.PERCENT:
            yield "cells", self.cells.value

    def events(self) -> Iterable[EventReference]:
        return [self.start.event, self.returning.event]

    def named_segments(self) -> Iterable[UUID]:
        return self.segments

    def range_words(self) -> str:
        return span_words(self.span)


def read(reader: Reader, scope: Scope) -> Retention:
    return Retention(
        scope,
        start=need(reader.selection("start")),
        returning=need(reader.selection("return")),
        unit=reader.choice("unit", Unit, Unit.WEEK),
        span=reader.span(90),
        where=reader.group(),
        segments=reader.lineages("segment"),
        entry=reader.choice("entry", CohortEntry, CohortEntry.FIRST),
        counts_as=reader.choice("back", Return, Return.ON),
        by=reader.field("by"),
        cells=reader.choice("cells", CellsShow, CellsShow.PERCENT),
    )


def words(retention: Retention, glossary: Glossary) -> str:
    """ "Signed up, then Paid, by week", "Signed up for the first time ever, then Paid in that day or later, by day"."""
    start, returning = (glossary.event_label(each.event) for each in (retention.start, retention.returning))
    by = f" and {retention.by.label}" if retention.by else ""
    return f"{start}{_entered(retention)}, then {returning}{_or_later(retention)}, by {retention.unit}{by}"


def _entered(retention: Retention) -> str:
    entered = {CohortEntry.EVER: " for the first time ever", CohortEntry.EVERY: f" in any {retention.unit}"}
    return entered.get(retention.entry, "")


def _or_later(retention: Retention) -> str:
    return f" in that {retention.unit} or later" if retention.counts_as is Return.OR_AFTER else ""


def clauses(retention: Retention, glossary: Glossary) -> Iterator[str]:
    """ "People who did Signed up and came back to do Paid (plan is gold)", "by day", "grouped by Country"."""
    start, returning = (selection_label(each, glossary) for each in (retention.start, retention.returning))
    yield f"People who did {start}{_entered(retention)} and came back to do {returning}{_or_later(retention)}"
    yield f"by {retention.unit}"
    if retention.by:
        yield f"grouped by {retention.by.label}"
    if retention.cells is CellsShow.PEOPLE:
        yield "as numbers of people"


def details(retention: Retention, glossary: Glossary) -> Iterator[str]:
    yield f"From {selection_words(retention.start, glossary)} to {selection_words(retention.returning, glossary)}"
    if retention.entry is CohortEntry.EVERY:
        yield f"Who did it in several {retention.unit}s is in the cohort of each"


# --- The places of its numbers: "<what>.<group>.<cohort>.<period>" (behind.py) ---------------------------------------

CAME, SIZE, SHARE = "came", "size", "share"


def number_place(what: str, group: str, cohort: int | str, period: int | str) -> str:
    """The period after the cohort's own is 1 here, and 0 in the place, as in charts."""
    return f"{what}.{group}.{cohort}.{period if isinstance(period, str) else period - 1}"


# --- What an answer holds --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cohort:
    """The `size` people whose start event that counts is in `bucket`.

    `returned[k]` is how many of them came back in the k-th period after it (from 1; index 0 is the cohort itself). It
    is None for periods that have not begun or are after the span.
    """

    bucket: Bucket
    size: int
    returned: tuple[int | None, ...]

    def rate(self, period: int) -> float | None:
        came = self.returned[period] if period < len(self.returned) else None
        return None if came is None else percent(came, self.size)


@dataclass(frozen=True)
class CohortGroup:
    """The cohorts of one group. `key` is its value; None for people without one."""

    label: str
    cohorts: tuple[Cohort, ...]
    key: str | None = None
    is_rest: bool = False  # of all groups but the largest

    @property
    def is_apart(self) -> bool:
        """Whether the label is no value."""
        return not self.key


@dataclass(frozen=True)
class RetentionResult(Result):
    """The triangle: one cohort per bucket, and in each how many people came back after 1, 2, … periods.

    `groups`, by size and the rest last, add up to `cohorts`; there are none without a property.
    """

    query: Retention
    buckets: tuple[Bucket, ...]
    cohorts: tuple[Cohort, ...]
    groups: tuple[CohortGroup, ...] = ()

    @property
    def group_places(self) -> tuple[str, ...]:
        """Each group's part of the places of its numbers."""
        return tuple(REST if group.is_rest else str(number) for number, group in enumerate(self.groups))

    def is_running(self, cohort: int, period: int) -> bool:
        """Whether the number of this period of this cohort may still grow."""
        place = cohort + period
        is_open = self.query.counts_as is Return.OR_AFTER and self.buckets[-1].end > self.ran.as_of
        return place < len(self.buckets) and (is_open or not self.buckets[place].complete)

    def average(self, period: int, cohorts: tuple[Cohort, ...]) -> float | None:
        """The percentage of people who came back, over all these cohorts for which the period is over."""
        counted = [
            (came, each.size)
            for index, each in enumerate(cohorts)
            if (came := each.returned[period]) is not None and self.buckets[index + period].complete
        ]
        return percent(sum(came for came, _ in counted), sum(size for _, size in counted))

    def table(self) -> Table:
        """One row per cohort: its start, its size, then how many people came back after 1, 2, … periods.

        With groups, all rows of everybody, then those of each group.
        """
        unit, zone, by = self.query.unit, self.query.scope.zone, self.query.by
        later = " or later" if self.query.counts_as is Return.OR_AFTER else ""
        columns = (
            *((Column(by.label, Shown.TEXT),) if by else ()),
            Column("Week from" if unit is Unit.WEEK else unit.capitalize(), Shown.TIME),
            Column("People", behind=f"{SIZE}.*.{ALL}"),
            *(
                Column(f"Came back in {unit} {period}{later}", behind=f"{CAME}.*.{period - 1}")
                for period in range(1, len(self.buckets))
            ),
        )
        sides = [("Everyone", self.cohorts), *((group.label, group.cohorts) for group in self.groups)]
        rows = tuple(
            (*((label,) if by else ()), bucket_label(each.bucket, unit, zone), each.size, *each.returned[1:])
            for label, cohorts in sides
            for each in cohorts
        )
        behind = (f"{side}.{cohort}" for side in (ALL, *self.group_places) for cohort in range(len(self.cohorts)))
        return Table(columns, rows, behind=tuple(behind))
