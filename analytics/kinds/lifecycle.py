# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see sql/statement.py
"""Lifecycle: who came for the first time, came again, came back after a pause, or stayed away, unit by unit."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from django.utils.safestring import SafeString

from analytics.charts.charts import bar_chart
from analytics.charts.plots import Line, colours
from analytics.charts.scales import bucket_name, full
from analytics.definitions.glossary import Glossary
from analytics.forms.choices import Choices
from analytics.forms.controls import Select
from analytics.forms.questions import UNITS_OF_DAYS, QuestionForm, menus, select, span_controls, stray
from analytics.forms.rows import group_rows
from analytics.kinds.behind import Behind
from analytics.kinds.buckets import TimeAxis, buckets_across, for_people
from analytics.kinds.kind import AnswerView, KeyFigure, LegendItem, QueryKind, nothing_further
from analytics.questions.behind import ALL, BehindList, NoPlace, NumberPlace, index
from analytics.questions.conditions import BadQuery
from analytics.questions.parameters import Reader, write_common
from analytics.questions.query import ANY_EVENT, LAST_90_DAYS, EventReference, Query, Scope, Selection
from analytics.questions.results import Column, Ran, Result, Shown, Table, bucket_label
from analytics.questions.spans import Bucket, Span, Unit, in_whole_units, unit_before
from analytics.questions.words import span_words
from analytics.sql.active import active, matching, people
from analytics.sql.behind import define_behind, only_of
from analytics.sql.context import QueryContext
from analytics.sql.selections import Limits
from analytics.sql.statement import Statement
from common.counted import noun


@dataclass(frozen=True)
class Lifecycle(Query["LifecycleResult"]):
    """The people of each unit by what they did before. The span is widened to whole units."""

    kind: ClassVar[str] = "lifecycle"

    event: EventReference = ANY_EVENT
    unit: Unit = Unit.WEEK
    span: Span = LAST_90_DAYS

    def __post_init__(self) -> None:
        super().__post_init__()
        self.span.check(self.unit)
        if self.unit is Unit.HOUR:
            raise BadQuery("Lifecycle is by day, week or month.", "unit")

    def parameters(self) -> Iterator[tuple[str, str]]:
        yield "event", str(self.event)
        yield "unit", self.unit.value
        yield from write_common(self, self.span)

    def events(self) -> Iterable[EventReference]:
        return [self.event]

    def named_segments(self) -> Iterable[UUID]:
        return self.segments

    def range_words(self) -> str:
        return span_words(self.span) + ("" if self.unit is Unit.DAY else f", in whole {self.unit}s")


def read(reader: Reader, scope: Scope) -> Lifecycle:
    return Lifecycle(
        scope,
        event=reader.event("event", ANY_EVENT) or ANY_EVENT,
        unit=reader.choice("unit", Unit, Unit.WEEK),
        span=reader.span(90),
        where=reader.group(),
        segments=reader.lineages("segment"),
    )


def words(lifecycle: Lifecycle, glossary: Glossary) -> str:
    """ "Lifecycle of people with Signed up, by week"."""
    return f"Lifecycle of people with {glossary.event_label(lifecycle.event)}, by {lifecycle.unit}"


def details(lifecycle: Lifecycle, glossary: Glossary) -> Iterable[str]:
    return ()


def clauses(lifecycle: Lifecycle, glossary: Glossary) -> Iterable[str]:
    return [words(lifecycle, glossary)]


# --- SQL -------------------------------------------------------------------------------------------------------------


def lifecycle_sql(statement: Statement, lifecycle: Lifecycle, before: Bucket, cut: Sequence[Bucket]) -> str:
    """Rows (place, people, newcomers, stayed) of the units with people. Place 0 is the unit `before`, 1 the first."""
    define_stages(statement, lifecycle, before, cut)
    return statement.text(
        "select place, count(*) as people, sum(case when stage = 'new' then 1 else 0 end) as newcomers, "
        "sum(case when stage = 'returning' then 1 else 0 end) as stayed from stages group by 1"
    )


def define_stages(statement: Statement, lifecycle: Lifecycle, before: Bucket, cut: Sequence[Bucket]) -> None:
    """Define `stages`: rows (actor, place, stage), one for each unit in which a person was active.

    A person is new where they have no earlier event in these units, and none of all the time before them.
    """
    selection, units = Selection(lifecycle.event), (before, *cut)
    pairs = active(statement, lifecycle, selection, units, "active")
    place = statement.dialect.place("bucket", units, statement.bind)
    statement.define("places", f"select actor, {place} - 1 as place from {pairs}")
    statement.define(
        "steps",
        "select actor, place, lag(place) over (partition by actor order by place) as previous from places",
    )
    people(statement, lifecycle, selection, Limits(None, before.start), "known")
    statement.define(
        "stages",
        "select s.actor as actor, s.place as place, case when s.previous is null and k.actor is null then 'new' "
        "when s.previous = s.place - 1 then 'returning' else 'resurrected' end as stage "
        "from steps s left join known k on k.actor = s.actor",
    )


# --- What stands behind a number: "new.<unit from 0>", "dormant.<unit>", …, and "new.all" ----------------------------

NEW = "new"
WORDS = {
    "new": "New people",
    "returning": "Returning people",
    "resurrected": "Resurrected people",
    "dormant": "Dormant people",
    "people": "Active people",
}
CHOSEN = {  # of `stages`, at `place`
    "new": "select actor from stages where stage = 'new' and place = {place}",
    "returning": "select actor from stages where stage = 'returning' and place = {place}",
    "resurrected": "select actor from stages where stage = 'resurrected' and place = {place}",
    "people": "select actor from stages where place = {place}",
    "dormant": (
        "select b.actor as actor from stages b left join stages n on n.actor = b.actor and n.place = {place} "
        "where b.place = {place} - 1 and n.actor is null"
    ),
}
EVER_NEW = "select actor from stages where stage = 'new' and place > 0"


def behind(lifecycle: Lifecycle, place: NumberPlace, context: QueryContext) -> Behind:
    """Their events are those of the unit; of dormant people, those of the unit before."""
    calendar = context.calendar(lifecycle.span)
    cut = in_whole_units(lifecycle.span, lifecycle.unit, calendar).buckets
    before = unit_before(cut[0], lifecycle.unit, calendar)
    stage, which = place.parts(2)
    if stage not in CHOSEN or (which == ALL and stage != NEW):
        raise NoPlace
    number = None if which == ALL else index(which, len(cut))
    if stage == "dormant" and number is not None and not cut[number].complete:
        raise NoPlace
    limits = Limits(cut[0].start, cut[-1].end)
    when = lifecycle.range_words()
    if number is not None:
        when = bucket_name(cut[number].start.astimezone(lifecycle.scope.zone), lifecycle.unit)
        own = (before, *cut)[number if stage == "dormant" else number + 1]
        limits = Limits(own.start, own.end)

    def define(statement: Statement, listed: BehindList) -> None:
        define_stages(statement, lifecycle, before, cut)
        chosen = EVER_NEW if number is None else CHOSEN[stage].format(place=statement.bind(number + 1))
        statement.define("chosen", chosen)
        rows, where = matching(statement, lifecycle, Selection(lifecycle.event), limits)
        only_of(rows, "chosen")
        define_behind(statement, rows, where, listed)

    note = f"Events are those of the {lifecycle.unit} before." if stage == "dormant" else ""
    named = f"{WORDS[stage]} with {context.glossary.event_label(lifecycle.event)}, {when}"
    return Behind(named, (BehindList.PEOPLE, BehindList.EVENTS), define, note=note)


# --- The answer ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stages:
    """The people of one unit. `new`: their first event ever is in it. `returning`: active in the unit before, too.

    `resurrected`: active earlier, but not in the unit before. `dormant`: active in the unit before, but not in this.
    All are None before the unit has begun; dormant is None until it is over.
    """

    new: int | None
    returning: int | None
    resurrected: int | None
    dormant: int | None

    @property
    def people(self) -> int | None:
        """Who was active in the unit."""
        return None if self.new is None else self.new + (self.returning or 0) + (self.resurrected or 0)


NAMES = ("New", "Returning", "Resurrected", "Dormant")


@dataclass(frozen=True)
class LifecycleResult(Result):
    """One `Stages` per bucket. Every bucket is a whole unit; it is not complete while it is running."""

    query: Lifecycle
    buckets: tuple[Bucket, ...]
    stages: tuple[Stages, ...]

    @property
    def total_new(self) -> int:
        """Nobody is new twice."""
        return sum(each.new or 0 for each in self.stages)

    def table(self) -> Table:
        unit, zone = self.query.unit, self.query.scope.zone
        numbers = (Column(name, behind=name.lower()) for name in NAMES)
        columns = (Column(unit.capitalize(), Shown.TIME), *numbers, Column("Active people", behind="people"))
        rows = tuple(
            (bucket_label(bucket, unit, zone), each.new, each.returning, each.resurrected, each.dormant, each.people)
            for bucket, each in zip(self.buckets, self.stages, strict=True)
        )
        incomplete = frozenset(index for index, bucket in enumerate(self.buckets) if not bucket.complete)
        return Table(columns, rows, incomplete, behind=tuple(map(str, range(len(rows)))))


def answer(lifecycle: Lifecycle, context: QueryContext) -> LifecycleResult:
    calendar = context.calendar(lifecycle.span)
    placed = in_whole_units(lifecycle.span, lifecycle.unit, calendar)
    cut = placed.buckets
    statement = context.statement()
    sql = lifecycle_sql(statement, lifecycle, unit_before(cut[0], lifecycle.unit, calendar), cut)
    found = {place: tuple(map(int, numbers)) for place, *numbers in context.rows(statement, sql)}
    people_before, *_ = found.get(0, (0,))
    stages = []
    for place, bucket in enumerate(cut, 1):
        people, new, returning = found.get(place, (0, 0, 0))
        dormant = people_before - returning if bucket.complete else None
        has_begun = bucket.start <= context.now
        stages.append(
            Stages(new, returning, people - new - returning, dormant) if has_begun else Stages(None, None, None, None)
        )
        people_before = people
    ran = Ran(context.now, cut[0].start, cut[-1].end, note=placed.note, days=placed.span)
    return LifecycleResult(lifecycle, ran, cut, tuple(stages))


# --- The page --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LifecycleForm(QuestionForm):
    event: Select
    unit: Select


def form(raw: Reader, choices: Choices) -> LifecycleForm:
    return LifecycleForm(
        event=select(raw, "event", "Active: did", choices.events, str(ANY_EVENT)),
        unit=select(raw, "unit", "Unit", UNITS_OF_DAYS, Unit.WEEK.value),
        span=span_controls(raw, 90),
        where=group_rows(raw, "where", choices.all_fields),
        menus=menus(raw, choices, compare=False),
        errors=stray(raw, "segment"),
    )


@dataclass(frozen=True)
class LifecycleView(AnswerView):
    chart: SafeString
    legend: tuple[LegendItem, ...]
    table: Table
    has_incomplete: bool
    unit: str


def show(result: LifecycleResult, title: str) -> LifecycleView:
    unit, scope = result.query.unit, result.query.scope
    lines = stacks(result)
    across = buckets_across(result.buckets, unit, scope)
    table = for_people(result.table(), result.buckets, unit, scope)
    return LifecycleView(
        result,
        headline=KeyFigure(full(result.total_new), noun(result.total_new, "new person"), f"{NEW}.{ALL}"),
        is_empty=not any(value for line in lines for value in line.values),
        chart=bar_chart(lines, across, title, stacked=True),
        legend=tuple(LegendItem(line.name, colour, "") for line, colour in zip(lines, colours(lines), strict=True)),
        table=table,
        has_incomplete=bool(table.incomplete),
        unit=unit.value,
        time_axis=TimeAxis(result.buckets, unit),
    )


def stacks(result: LifecycleResult) -> list[Line]:
    """A line for each name, who is dormant below zero."""
    stages = result.stages
    columns = (
        [each.new for each in stages],
        [each.returning for each in stages],
        [each.resurrected for each in stages],
        [None if each.dormant is None else -each.dormant for each in stages],
    )
    return [Line(name, tuple(values), behind=name.lower()) for name, values in zip(NAMES, columns, strict=True)]


LIFECYCLE = QueryKind(
    query=Lifecycle,
    label="Lifecycle",
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
