# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see sql/statement.py
"""Funnel: how many people did several things in order and in time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.utils.safestring import SafeString

from analytics.charts.charts import share_bar
from analytics.charts.plots import funnel_marks
from analytics.charts.scales import percent_text
from analytics.definitions.glossary import Glossary
from analytics.definitions.words import compared_words, selection_words
from analytics.forms.choices import Choices
from analytics.forms.controls import Control, Select, plain
from analytics.forms.questions import QuestionForm, SpanControls, control, menus, select, span_controls, stray
from analytics.forms.rows import SelectionRow, group_rows, selection_rows
from analytics.kinds.kind import AnswerView, KeyFigure, LegendItem, QueryKind, nothing_further
from analytics.questions.conditions import BadQuery, Match
from analytics.questions.parameters import Reader, write_common, write_compared, write_selection
from analytics.questions.query import (
    LAST_30_DAYS,
    Compared,
    EventReference,
    Query,
    Scope,
    Selection,
    check_compared,
)
from analytics.questions.results import Cell, Column, Ran, Result, Shown, Table, percent
from analytics.questions.spans import Span
from analytics.questions.words import duration_words, group_words, span_words
from analytics.sql.context import QueryContext
from analytics.sql.rows import joined
from analytics.sql.segments import in_segments
from analytics.sql.selections import EventKey, Limits, event_rows, keyed, keys_of, selected
from analytics.sql.statement import Statement

MAX_STEPS = 10
WINDOW_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


@dataclass(frozen=True)
class Funnel(Query["FunnelResult"]):
    """How many people did the steps in order, the last one at most `within` after the first.

    The first step must be inside the span. The later steps may follow after its end.
    """

    kind: ClassVar[str] = "funnel"

    steps: tuple[Selection, ...]
    within: timedelta = timedelta(days=7)
    span: Span = LAST_30_DAYS
    compare: tuple[Compared, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_compared(self.compare)
        self.span.check(None)
        if not 2 <= len(self.steps) <= MAX_STEPS:
            raise BadQuery(f"A funnel has 2 to {MAX_STEPS} steps.", "step")
        if not timedelta(0) < self.within <= timedelta(days=366):
            raise BadQuery("The conversion window is 1 minute to 366 days.", "within")

    def parameters(self) -> Iterator[tuple[str, str]]:
        for number, step in enumerate(self.steps):
            yield from write_selection(step, f"step.{number}")
        unit = next(name for name in ("day", "hour", "minute") if not self.within % WINDOW_UNITS[name])
        yield "within", str(self.within // WINDOW_UNITS[unit])
        yield "within_unit", unit
        yield from write_common(self, self.span)
        yield from write_compared(self.compare)

    def events(self) -> Iterable[EventReference]:
        return [step.event for step in self.steps]

    def named_segments(self) -> Iterable[UUID]:
        return [*self.segments, *(side.segment for side in self.compare if side.segment)]

    def range_words(self) -> str:
        return span_words(self.span)


def read(reader: Reader, scope: Scope) -> Funnel:
    steps = [reader.selection(prefix, None) for prefix in reader.numbered("step")]
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
    )


def words(funnel: Funnel, glossary: Glossary) -> str:
    """ "Pageview → Signed up"."""
    return " → ".join(glossary.event_label(step.event) for step in funnel.steps)


def details(funnel: Funnel, glossary: Glossary) -> Iterator[str]:
    yield f"Within {duration_words(funnel.within)}"
    for number, step in enumerate(funnel.steps, 1):
        yield f"Step {number}: {selection_words(step, glossary)}"
    yield from compared_words(funnel.compare, glossary)


# --- SQL: one scan for all steps on the same events, one sort, and one window for each step except the last ----------
#
# Of all starts that reached a step, only the latest matters, because it leaves the most time for the next step. So for
# each event of a person, s1 is their latest start before it, s2 the latest start that had reached step 2 before it, and
# so on. An event is step n if it matches the step and s(n-1) is at most `within` ago. "Before" excludes the event
# itself, so that one event is never two steps.

Numbered = tuple[int, Selection]
KeySet = frozenset[EventKey] | None  # kinds and names; None is any

BEFORE = "over (partition by actor order by time, id rows between unbounded preceding and 1 preceding)"


def funnel_sql(statement: Statement, funnel: Funnel, start: datetime, end: datetime) -> str:
    """One row: for each step, how many people reached it."""
    _define_matched(statement, funnel, Limits(start, end))
    is_start = f"is_1 and time < {statement.bind(end)}"
    source = statement.define("reached_1", f"select *, case when {is_start} then time end as x1 from matched")
    window = statement.bind(funnel.within)
    last = len(funnel.steps)
    for step in range(2, last + 1):
        source = _step(statement, step, source, window)
    levels = " ".join(f"when x{step} is not null then {step}" for step in range(last, 0, -1))
    statement.define("levels", f"select actor, max(case {levels} else 0 end) as level from {source} group by actor")
    steps = range(1, last + 1)
    counts = ", ".join(f"sum(case when level >= {step} then 1 else 0 end) as step_{step}" for step in steps)
    return statement.text(f"select {counts} from levels")


def _step(statement: Statement, step: int, source: str, window: str) -> str:
    """Define the rows with x<step>: if the event is this step, the start that it continues, else null."""
    before = f"s{step - 1}"
    started = statement.define(f"before_{step}", f"select *, max(x{step - 1}) {BEFORE} as {before} from {source}")
    in_time = f"is_{step} and time <= {statement.dialect.later(before, window)}"
    return statement.define(
        f"reached_{step}", f"select *, case when {in_time} then {before} end as x{step} from {started}"
    )


def _define_matched(statement: Statement, funnel: Funnel, limits: Limits) -> None:
    """Define the rows `matched` (actor, time, id, is_1, is_2, …), each event once."""
    groups = _by_source(statement, funnel)
    scans = [_scan(statement, funnel, steps, limits) for steps in groups]
    if len(scans) == 1 or _are_disjoint(statement, groups):
        statement.define("matched", " union all ".join(scans))
        return
    statement.define("scanned", " union all ".join(scans))
    steps = range(1, len(funnel.steps) + 1)
    flags = ", ".join(f"max(case when is_{step} then 1 else 0 end) = 1 as is_{step}" for step in steps)
    statement.define("matched", f"select actor, time, id, {flags} from scanned group by actor, time, id")


def _by_source(statement: Statement, funnel: Funnel) -> list[list[Numbered]]:
    """Group the steps by their kinds and names. Each group is one scan, which reads its own part of the index."""
    groups: dict[tuple[bool, KeySet], list[Numbered]] = {}
    for number, step in enumerate(funnel.steps, 1):
        groups.setdefault(_source(statement, step), []).append((number, step))
    return list(groups.values())


def _source(statement: Statement, step: Selection) -> tuple[bool, KeySet]:
    return step.event.is_session, keys_of(statement, step.event)


def _are_disjoint(statement: Statement, groups: list[list[Numbered]]) -> bool:
    """Whether no two scans can find the same event."""
    found: list[EventKey] = []
    for steps in groups:
        _, keys = _source(statement, steps[0][1])
        if keys is None:
            return False
        found += keys
    return len(found) == len(set(found))


def _scan(statement: Statement, funnel: Funnel, steps: list[Numbered], limits: Limits) -> str:
    """Rows of the events that match any of these steps. Later steps may be up to `within` after the span's end."""
    assert limits.end is not None
    is_start_alone = len(steps) == 1 and steps[0][0] == 1
    until = limits if is_start_alone else Limits(limits.start, limits.end + funnel.within)
    rows, where = event_rows(statement, until, sessions=steps[0][1].event.is_session)
    where.append(rows.group(funnel.where))
    where += in_segments(rows, funnel.segments)
    where.append(keyed(rows, keys_of(statement, steps[0][1].event)))  # all of these steps have the same keys
    tests = {number: selected(rows, step, of_its_keys=True) for number, step in steps}
    where.append(joined(Match.ANY, list(tests.values())))
    if len(tests) == 1:  # the WHERE already tests it
        tests = dict.fromkeys(tests, "true")
    flags = ", ".join(f"{tests.get(step, 'false')} as is_{step}" for step in range(1, len(funnel.steps) + 1))
    actor = rows.actor
    columns = f"{actor} as actor, e.time as time, e.id as id, {flags}"
    return f"select {columns} {rows.from_()} where {joined(Match.ALL, where)}"


# --- The answer ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FunnelSide:
    """`counts[n]` is how many people reached step n. It never grows from step to step."""

    label: str
    counts: tuple[int, ...]
    compared: Compared | None = None

    def of_first(self, step: int) -> float | None:
        return percent(self.counts[step], self.counts[0])

    def of_previous(self, step: int) -> float | None:
        return percent(self.counts[step], self.counts[max(step - 1, 0)])

    @property
    def conversion(self) -> float | None:
        """The share of people who went from the first step to the last, in percent."""
        return self.of_first(len(self.counts) - 1)


@dataclass(frozen=True)
class FunnelResult(Result):
    query: Funnel
    step_labels: tuple[str, ...]
    sides: tuple[FunnelSide, ...]

    def table(self) -> Table:
        columns = [Column("Step", Shown.TEXT)]
        for side in self.sides:
            prefix = f"{side.label}: " if side.compared else ""
            columns += [
                Column(f"{prefix}people" if prefix else "People"),
                Column(f"{prefix}of previous step" if prefix else "Of previous step", Shown.PERCENT),
                Column(f"{prefix}of first step" if prefix else "Of first step", Shown.PERCENT),
            ]
        rows = []
        for step, label in enumerate(self.step_labels):
            row: list[Cell] = [label]
            for side in self.sides:
                row += [side.counts[step], side.of_previous(step), side.of_first(step)]
            rows.append(tuple(row))
        return Table(tuple(columns), tuple(rows))


def answer(funnel: Funnel, context: QueryContext) -> FunnelResult:
    placed = context.placed(funnel.span, None)
    start, end = placed.span.bounds(context.now, funnel.scope.zone)
    sides = []
    for side in funnel.compare or (Compared(None),):
        statement = context.statement()
        one_side = replace(funnel, compare=(), segments=side.among(funnel.segments))
        (row,) = context.rows(statement, funnel_sql(statement, one_side, start, end))
        counts = tuple(int(count or 0) for count in row)
        label = context.glossary.segment_label(side.segment)
        sides.append(FunnelSide(label, counts, side if funnel.compare else None))
    labels = tuple(step_label(step, context.glossary) for step in funnel.steps)
    return FunnelResult(funnel, Ran(context.now, start, end, note=placed.note), labels, tuple(sides))


def step_label(step: Selection, glossary: Glossary) -> str:
    """ "Pageview", or with conditions "Pageview (Path is /pricing)"."""
    event = glossary.event_label(step.event)
    if not step.where:
        return event
    return f"{event} ({group_words(step.where)})"


# --- The page --------------------------------------------------------------------------------------------------------


WINDOWS = plain([("minute", "minutes"), ("hour", "hours"), ("day", "days")])


@dataclass(frozen=True)
class FunnelForm(QuestionForm):
    steps: tuple[SelectionRow, ...]
    spare_step: SelectionRow
    within: Control
    within_unit: Select
    span: SpanControls


def form(raw: Reader, choices: Choices) -> FunnelForm:
    steps, spare = selection_rows(raw, "step", choices, "Step", least=2)
    return FunnelForm(
        steps=steps,
        spare_step=spare,
        within=control(raw, "within", "Conversion window", "7", "number"),
        within_unit=select(raw, "within_unit", "Unit", WINDOWS, "day"),
        span=span_controls(raw, 30),
        where=group_rows(raw, "where", choices.all_fields),
        menus=menus(raw, choices, compare=True),
        errors=stray(raw, "segment", "compare", "step"),
    )


@dataclass(frozen=True)
class StepSide:
    """One side of one step of a funnel. Shares are in percent; None is a share of nobody."""

    label: str
    bar: SafeString
    people: int
    of_first: float | None
    of_previous: float | None
    lost: int


@dataclass(frozen=True)
class StepView:
    number: int
    label: str
    sides: tuple[StepSide, ...]


@dataclass(frozen=True)
class FunnelView(AnswerView):
    steps: tuple[StepView, ...]
    legend: tuple[LegendItem, ...]
    table: Table


def show(result: FunnelResult, title: str) -> FunnelView:
    first, *others = result.sides
    return FunnelView(
        result,
        headline=None if others else KeyFigure(percent_text(first.conversion), "of them got to the end"),
        is_empty=not any(side.counts[0] for side in result.sides),
        steps=_steps(result),
        legend=_legend(result.sides) if others else (),
        table=result.table(),
    )


def _legend(sides: tuple[FunnelSide, ...]) -> tuple[LegendItem, ...]:
    return tuple(
        LegendItem(side.label, str(number), percent_text(side.conversion)) for number, side in enumerate(sides, 1)
    )


def _steps(result: FunnelResult) -> tuple[StepView, ...]:
    marks = funnel_marks(result.step_labels, [side.counts for side in result.sides])
    return tuple(
        StepView(
            number + 1,
            label,
            tuple(
                StepSide(
                    side.label,
                    share_bar(mark.width, mark.before, mark.colour),
                    side.counts[number],
                    side.of_first(number),
                    side.of_previous(number),
                    side.counts[max(number - 1, 0)] - side.counts[number],
                )
                for side, mark in zip(result.sides, marks[number], strict=True)
            ),
        )
        for number, label in enumerate(result.step_labels)
    )


FUNNEL = QueryKind(
    query=Funnel,
    label="Funnel",
    prompt="Choose the steps above and press Run Query.",
    read=read,
    answer=answer,
    further=nothing_further,
    words=words,
    details=details,
    form=form,
    show=show,
)
