# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see sql/statement.py
"""Retention: how many people came back.

Both SQL and counted days give rows (cohort, period, people). Cohort and period are starts of buckets; a row with the
period null has the cohort's size.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.utils.safestring import SafeString

from analytics.charts.charts import across_periods, line_chart
from analytics.charts.plots import Line, heat
from analytics.charts.scales import bucket_name, full, percent_text
from analytics.definitions.glossary import Glossary
from analytics.definitions.words import selection_words
from analytics.forms.choices import Choices
from analytics.forms.controls import Select, plain
from analytics.forms.questions import QuestionForm, SpanControls, menus, select, span_controls, stray
from analytics.forms.rows import SelectionRow, group_rows, selection_row
from analytics.kinds.kind import AnswerView, KeyFigure, QueryKind, nothing_further
from analytics.questions.conditions import BadQuery, Match
from analytics.questions.parameters import Reader, need, write_common, write_selection
from analytics.questions.query import LAST_90_DAYS, PAGEVIEW, EventReference, Query, Scope, Selection
from analytics.questions.results import Column, Ran, Result, Shown, Table, bucket_label, percent
from analytics.questions.spans import Bucket, Span, Unit
from analytics.questions.words import span_words
from analytics.sql.context import QueryContext
from analytics.sql.rows import Rows, joined
from analytics.sql.segments import in_segments
from analytics.sql.selections import Limits, event_rows, selected
from analytics.sql.statement import Statement
from analytics.store.current import event_store
from common.counted import counted


@dataclass(frozen=True)
class Retention(Query["RetentionResult"]):
    """How many people came back. A person is in the cohort of their first start event in the span."""

    kind: ClassVar[str] = "retention"

    start: Selection
    returning: Selection
    unit: Unit = Unit.WEEK
    span: Span = LAST_90_DAYS

    def __post_init__(self) -> None:
        super().__post_init__()
        self.span.check(self.unit)
        if self.unit is Unit.HOUR:
            raise BadQuery("Retention is by day, week or month.", "unit")

    def parameters(self) -> Iterator[tuple[str, str]]:
        yield from write_selection(self.start, "start")
        yield from write_selection(self.returning, "return")
        yield "unit", self.unit.value
        yield from write_common(self, self.span)

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
    )


def words(retention: Retention, glossary: Glossary) -> str:
    """ "Signed up, then Paid, by week"."""
    start, returning = (glossary.event_label(each.event) for each in (retention.start, retention.returning))
    return f"{start}, then {returning}, by {retention.unit}"


def details(retention: Retention, glossary: Glossary) -> Iterator[str]:
    yield f"From {selection_words(retention.start, glossary)} to {selection_words(retention.returning, glossary)}"


# --- Rows from events, and from counted days -------------------------------------------------------------------------


def retention_sql(statement: Statement, retention: Retention, buckets: Sequence[Bucket]) -> str:
    starts = _active(statement, retention, retention.start, buckets, "started")
    same = retention.start == retention.returning
    returns = starts if same else _active(statement, retention, retention.returning, buckets, "returned")
    statement.define("cohorts", f"select actor, min(bucket) as cohort from {starts} group by 1")
    return statement.text(
        "select cohort, null as period, count(*) as people from cohorts group by 1 "
        "union all select c.cohort as cohort, r.bucket as period, count(*) as people "
        f"from cohorts c join {returns} r on r.actor = c.actor "
        "where r.bucket > c.cohort group by 1, 2"
    )


def _active(
    statement: Statement, retention: Retention, selection: Selection, buckets: Sequence[Bucket], name: str
) -> str:
    """Define pairs (actor, bucket): who did it, and when. Merges are looked up per pair, not per event."""
    limits = Limits(buckets[0].start, buckets[-1].end)
    rows, where = event_rows(statement, limits, sessions=selection.event.is_session)
    where += [selected(rows, selection), rows.group(retention.where), *in_segments(rows, retention.segments)]
    bucket = statement.dialect.bucket("e.time", buckets, statement.bind)
    pairs = statement.define(
        f"{name}_pairs",
        f"select distinct e.actor_id as actor_id, {bucket} as bucket {rows.from_()} where {joined(Match.ALL, where)}",
    )
    resolved = Rows(statement, f"{pairs} e")
    actor = resolved.actor
    return statement.define(name, f"select distinct {actor} as actor, e.bucket as bucket {resolved.from_()}")


# --- The answer ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cohort:
    """The `size` people whose first start event in the span is in `bucket`.

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
class RetentionResult(Result):
    """The triangle: one cohort per bucket, and in each how many people came back after 1, 2, … periods."""

    query: Retention
    buckets: tuple[Bucket, ...]
    cohorts: tuple[Cohort, ...]

    def is_running(self, cohort: int, period: int) -> bool:
        """Whether this period of this cohort is not over yet, so that its number may still grow."""
        return cohort + period < len(self.buckets) and not self.buckets[cohort + period].complete

    def average(self, period: int) -> float | None:
        """The percentage of people who came back, over all cohorts for which the period is over."""
        counted = [
            (came, each.size)
            for index, each in enumerate(self.cohorts)
            if (came := each.returned[period]) is not None and not self.is_running(index, period)
        ]
        return percent(sum(came for came, _ in counted), sum(size for _, size in counted))

    def table(self) -> Table:
        """One row per cohort: its start, its size, then how many people came back after 1, 2, … periods."""
        unit = self.query.unit
        columns = (
            Column("Cohort", Shown.TIME),
            Column("People"),
            *(Column(f"{unit.capitalize()} {period}") for period in range(1, len(self.buckets))),
        )
        zone = self.query.scope.zone
        rows = tuple((bucket_label(each.bucket, unit, zone), each.size, *each.returned[1:]) for each in self.cohorts)
        return Table(columns, rows)


def answer(retention: Retention, context: QueryContext) -> RetentionResult:
    placed = context.placed(retention.span, retention.unit)
    cut = placed.buckets
    rows = None
    if not (retention.where or retention.segments):
        rows = event_store().counted_cohorts(retention.start, retention.returning, placed.span, cut, context)
    if rows is None:
        statement = context.statement()
        rows = context.rows(statement, retention_sql(statement, retention, cut))
    ran = Ran(context.now, cut[0].start, cut[-1].end, note=placed.note)
    return RetentionResult(retention, ran, cut, cohorts_from(rows, cut, context.now))


def cohorts_from(rows: list[tuple[Any, ...]], cut: tuple[Bucket, ...], now: datetime) -> tuple[Cohort, ...]:
    """The cohorts, from rows (cohort, period, people)."""
    people = {(cohort, period): int(n) for cohort, period, n in rows}
    cohorts = []
    for index, bucket in enumerate(cut):
        if bucket.start > now:
            break
        size = people.get((bucket.start, None), 0)
        later = (
            people.get((bucket.start, after.start), 0) if after.start <= now else None for after in cut[index + 1 :]
        )
        returned = (size, *later)
        cohorts.append(Cohort(bucket, size, returned + (None,) * (len(cut) - len(returned))))
    return tuple(cohorts)


# --- The page --------------------------------------------------------------------------------------------------------


UNITS = plain((each.value, f"by {each.value}") for each in Unit if each is not Unit.HOUR)


@dataclass(frozen=True)
class RetentionForm(QuestionForm):
    start: SelectionRow
    returning: SelectionRow
    unit: Select
    span: SpanControls


def form(raw: Reader, choices: Choices) -> RetentionForm:
    return RetentionForm(
        start=selection_row(raw, "start", choices, "They first did", default=str(PAGEVIEW)),
        returning=selection_row(raw, "return", choices, "and came back to do", default=str(PAGEVIEW)),
        unit=select(raw, "unit", "Unit", UNITS, Unit.WEEK.value),
        span=span_controls(raw, 90),
        where=group_rows(raw, "where", choices.all_fields),
        menus=menus(raw, choices, compare=False),
        errors=stray(raw, "segment"),
    )


@dataclass(frozen=True)
class CohortView:
    """A row of the triangle. `cells` are HTML made in Python, because templates are slow for thousands of cells."""

    name: str
    size: int
    running: bool
    cells: SafeString


@dataclass(frozen=True)
class RetentionView(AnswerView):
    chart: SafeString
    averages: tuple[float | None, ...]
    periods: tuple[int, ...]
    cohorts: tuple[CohortView, ...]
    table: Table
    unit: str


def show(result: RetentionResult, title: str) -> RetentionView:
    zone, unit = result.query.scope.zone, result.query.unit
    periods = tuple(range(1, len(result.buckets)))
    cohorts = tuple(
        CohortView(
            bucket_name(cohort.bucket.start.astimezone(zone), Unit.DAY if unit is Unit.WEEK else unit),
            cohort.size,
            not cohort.bucket.complete,
            SafeString("".join(_cell(result, row, period) for period in periods)),
        )
        for row, cohort in enumerate(result.cohorts)
    )
    averages = tuple(result.average(period) for period in periods)
    return RetentionView(
        result,
        headline=KeyFigure(percent_text(averages[0]), f"came back in {unit} 1") if averages else None,
        is_empty=not any(cohort.size for cohort in result.cohorts),
        chart=line_chart([Line("Came back", averages)], across_periods(unit, len(averages)), title, "%"),
        averages=averages,
        periods=periods,
        cohorts=cohorts,
        table=result.table(),
        unit=unit.value,
    )


def _cell(result: RetentionResult, row: int, period: int) -> str:
    """One cell of the triangle: a shaded share, with the number of people on hover."""
    cohort = result.cohorts[row]
    came = cohort.returned[period] if period < len(cohort.returned) else None
    share = cohort.rate(period)
    shade = None if came is None else heat(share)
    if shade is None:
        return "<td></td>"
    running, word = (" is-running", ", incomplete") if result.is_running(row, period) else ("", "")
    title = f"{full(came)} of {counted(cohort.size, 'person')}{word}"
    return f'<td class="number heat heat-{shade}{running}" title="{title}">{percent_text(share)}</td>'


RETENTION = QueryKind(
    query=Retention,
    label="Retention",
    prompt=None,
    read=read,
    answer=answer,
    further=nothing_further,
    words=words,
    details=details,
    form=form,
    show=show,
)
