# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see sql/statement.py
"""Stickiness: on how many days (in how many weeks or months) of the range people were active."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from django.utils.safestring import SafeString

from analytics.definitions.glossary import Glossary
from analytics.forms.choices import Choices
from analytics.forms.controls import Select
from analytics.forms.questions import UNITS_OF_DAYS, QuestionForm, menus, select, span_controls, stray
from analytics.forms.rows import group_rows
from analytics.kinds.behind import Behind, NumberPart
from analytics.kinds.kind import AnswerView, KeyFigure, QueryKind, nothing_further
from analytics.questions.behind import ALL, BehindList, NoPlace, NumberPlace, index
from analytics.questions.conditions import BadQuery
from analytics.questions.parameters import Reader, write_common
from analytics.questions.query import ANY_EVENT, LAST_30_DAYS, EventReference, Query, Scope, Selection
from analytics.questions.results import Column, Ran, Result, Shown, Table, percent
from analytics.questions.spans import Bucket, Span, Unit
from analytics.questions.words import span_words
from analytics.sql.active import active, matching
from analytics.sql.behind import define_behind, only_of
from analytics.sql.context import QueryContext
from analytics.sql.selections import Limits
from analytics.sql.statement import Statement
from common.charts.charts import Across, bar_chart
from common.charts.plots import Line
from common.charts.scales import numbered_labels, percent_text
from common.counted import counted


@dataclass(frozen=True)
class Stickiness(Query["StickinessResult"]):
    """How many people were active in one, two, … units of the span. Units that the span cuts count too."""

    kind: ClassVar[str] = "stickiness"

    event: EventReference = ANY_EVENT
    unit: Unit = Unit.DAY
    span: Span = LAST_30_DAYS

    def __post_init__(self) -> None:
        super().__post_init__()
        self.span.check(self.unit)
        if self.unit is Unit.HOUR:
            raise BadQuery("Stickiness is by day, week or month.", "unit")

    def parameters(self) -> Iterator[tuple[str, str]]:
        yield "event", str(self.event)
        yield "unit", self.unit.value
        yield from write_common(self, self.span)

    def events(self) -> Iterable[EventReference]:
        return [self.event]

    def named_segments(self) -> Iterable[UUID]:
        return self.segments

    def range_words(self) -> str:
        return span_words(self.span)


def read(reader: Reader, scope: Scope) -> Stickiness:
    return Stickiness(
        scope,
        event=reader.event("event", ANY_EVENT) or ANY_EVENT,
        unit=reader.choice("unit", Unit, Unit.DAY),
        span=reader.span(30),
        where=reader.group(),
        segments=reader.lineages("segment"),
    )


def words(stickiness: Stickiness, glossary: Glossary) -> str:
    """ "People by days with Signed up"."""
    return f"People by {stickiness.unit}s with {glossary.event_label(stickiness.event)}"


def details(stickiness: Stickiness, glossary: Glossary) -> Iterable[str]:
    return ()


def clauses(stickiness: Stickiness, glossary: Glossary) -> Iterable[str]:
    return [words(stickiness, glossary)]


# --- What stands behind a number: "people.<bar from 0>", "share.<bar>"; bars "more" (than one unit) and "all" --------

PEOPLE, SHARE, MORE = "people", "share", "more"


def behind(stickiness: Stickiness, place: NumberPlace, context: QueryContext) -> Behind:
    cut = context.placed(stickiness.span, stickiness.unit).buckets
    what, which = place.parts(2)
    if which not in (MORE, ALL):
        index(which, len(cut))
    named = f"{words(stickiness, context.glossary)}, {stickiness.range_words()}"
    often = _how_often(stickiness.unit, which)
    if what == SHARE:
        parts = (NumberPart(often, f"{PEOPLE}.{which}"), NumberPart("all people", f"{PEOPLE}.{ALL}"))
        return Behind(f"{named}: the share active {often}", parts=parts)
    if what != PEOPLE:
        raise NoPlace

    def define(statement: Statement, listed: BehindList) -> None:
        persons = define_persons(statement, stickiness, cut)
        units = {MORE: "units > 1", ALL: "true"}.get(which) or f"units = {statement.bind(int(which) + 1)}"
        statement.define("chosen", f"select actor from {persons} where {units}")
        limits = Limits(cut[0].start, cut[-1].end)
        rows, where = matching(statement, stickiness, Selection(stickiness.event), limits)
        only_of(rows, "chosen")
        define_behind(statement, rows, where, listed)

    return Behind(f"{named}: active {often}", (BehindList.PEOPLE, BehindList.EVENTS), define)


def _how_often(unit: Unit, which: str) -> str:
    within = "on" if unit is Unit.DAY else "in"
    if which in (MORE, ALL):
        return f"{within} {'more than one' if which == MORE else 'any'} {unit}"
    return f"{within} {counted(int(which) + 1, unit.value)}"


# --- The answer ------------------------------------------------------------------------------------------------------


def stickiness_sql(statement: Statement, stickiness: Stickiness, buckets: tuple[Bucket, ...]) -> str:
    """Rows (units, people): how many people were active in exactly so many units."""
    persons = define_persons(statement, stickiness, buckets)
    return statement.text(f"select units, count(*) as people from {persons} group by 1")


def define_persons(statement: Statement, stickiness: Stickiness, buckets: tuple[Bucket, ...]) -> str:
    """Rows (actor, units): in how many units a person was active."""
    pairs = active(statement, stickiness, Selection(stickiness.event), buckets, "active")
    return statement.define("persons", f"select actor, count(*) as units from {pairs} group by 1")


@dataclass(frozen=True)
class StickinessResult(Result):
    """`people[n]` were active in exactly n + 1 of the buckets. Everybody is counted once."""

    query: Stickiness
    buckets: tuple[Bucket, ...]
    people: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.people)

    def table(self) -> Table:
        columns = (
            Column(f"{self.query.unit.capitalize()}s", Shown.TEXT),
            Column("People", behind=PEOPLE),
            Column("Of all people", Shown.PERCENT, behind=SHARE),
        )
        rows = tuple((str(n), people, percent(people, self.total)) for n, people in enumerate(self.people, 1))
        return Table(columns, rows, behind=tuple(map(str, range(len(rows)))))


def answer(stickiness: Stickiness, context: QueryContext) -> StickinessResult:
    placed = context.placed(stickiness.span, stickiness.unit)
    cut = placed.buckets
    statement = context.statement()
    people = [0] * len(cut)
    for units, n in context.rows(statement, stickiness_sql(statement, stickiness, cut)):
        people[units - 1] = n
    return StickinessResult(
        stickiness, Ran(context.now, cut[0].start, cut[-1].end, note=placed.note), cut, tuple(people)
    )


# --- The page --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StickinessForm(QuestionForm):
    event: Select
    unit: Select


def form(raw: Reader, choices: Choices) -> StickinessForm:
    return StickinessForm(
        event=select(raw, "event", "Active: did", choices.events, str(ANY_EVENT)),
        unit=select(raw, "unit", "Unit", UNITS_OF_DAYS, Unit.DAY.value),
        span=span_controls(raw, 30),
        where=group_rows(raw, "where", choices.all_fields),
        menus=menus(raw, choices, compare=False),
        errors=stray(raw, "segment"),
    )


@dataclass(frozen=True)
class StickinessView(AnswerView):
    chart: SafeString
    table: Table
    has_incomplete: bool
    unit: str


def show(result: StickinessResult, title: str) -> StickinessView:
    unit, often = result.query.unit, percent(result.total - result.people[0], result.total)
    return StickinessView(
        result,
        headline=KeyFigure(percent_text(often), f"active {_how_often(unit, MORE)}", f"{SHARE}.{MORE}"),
        is_empty=not result.total,
        chart=bar_chart([Line("People", result.people, behind=PEOPLE)], across_numbers(result), title),
        table=result.table(),
        has_incomplete=not all(each.complete for each in result.buckets),
        unit=unit.value,
    )


def across_numbers(result: StickinessResult) -> Across:
    """A bar for each number of units; its name says the share too."""
    unit, places = result.query.unit, range(len(result.people))
    names = (
        f"{counted(n + 1, unit.value)}, {percent_text(percent(result.people[n], result.total))} of all people"
        for n in places
    )
    return Across(tuple(names), (True,) * len(places), tuple(numbered_labels(len(places), "")))


STICKINESS = QueryKind(
    query=Stickiness,
    label="Stickiness",
    prompt=None,
    read=read,
    answer=answer,
    further=nothing_further,
    words=words,
    details=details,
    clauses=clauses,
    form=form,
    show=show,
    behind=behind,
)
