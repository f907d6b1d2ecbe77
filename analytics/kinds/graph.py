"""Graph: how often something happens over time, optionally by group or segment.

Its SQL is in analytics/sql/time_counts.py. A store may have the rows already, from days that it counted beforehand.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from django.utils.safestring import SafeString

from analytics.charts.charts import Across, across_time, bar_chart, line_chart, share_bar
from analytics.charts.plots import Line, colours, fold
from analytics.charts.scales import bucket_name, full
from analytics.definitions.glossary import Glossary
from analytics.definitions.words import compared_words
from analytics.forms.choices import Choices
from analytics.forms.controls import Select, plain, with_nothing
from analytics.forms.questions import QuestionForm, SpanControls, menus, select, span_controls, stray
from analytics.forms.rows import group_rows
from analytics.kinds.kind import AnswerView, KeyFigure, LegendItem, QueryKind, nothing_further
from analytics.questions.conditions import BadQuery, Field, read_value
from analytics.questions.parameters import Reader, write_common, write_compared
from analytics.questions.query import (
    LAST_30_DAYS,
    PAGEVIEW,
    TOP_GROUPS,
    Compared,
    Counting,
    Counts,
    EventReference,
    Query,
    RefersTo,
    Scope,
    check_compared,
)
from analytics.questions.results import Column, Number, Ran, Result, Shown, Table, bucket_label
from analytics.questions.spans import Bucket, Span, Unit
from analytics.questions.words import COUNTED, span_words
from analytics.sql.context import QueryContext
from analytics.sql.time_counts import OTHER, counting_sql, decode_key
from analytics.store.current import event_store
from common.counted import noun

NO_VALUE_LABEL = "(none)"
EMPTY_LABEL = "(empty)"
OTHER_LABEL = "Other"
SHARES_DECIMALS = 2


class Chart(StrEnum):
    LINE = "line"
    BAR = "bar"
    TABLE = "table"


@dataclass(frozen=True)
class Graph(Query["GraphResult"]):
    """How often something happens over time. With `compare`, each segment has its own line."""

    kind: ClassVar[str] = "graph"

    event: EventReference
    counts: Counts = Counts.EVENTS
    span: Span = LAST_30_DAYS
    unit: Unit = Unit.DAY
    by: Field | None = None
    compare: tuple[Compared, ...] = ()
    chart: Chart = Chart.LINE

    def __post_init__(self) -> None:
        super().__post_init__()
        check_compared(self.compare)
        self.span.check(self.unit)
        if self.by is not None and self.compare:
            raise BadQuery("Compare segments or group by a property, not both.", "by")

    @property
    def counting(self) -> Counting:
        return Counting(self.event, self.counts, self.where, self.by, self.segments)

    def parameters(self) -> Iterator[tuple[str, str]]:
        yield "event", str(self.event)
        yield "counts", self.counts.value
        yield "unit", self.unit.value
        if self.by:
            yield "by", str(self.by)
        yield from write_common(self, self.span)
        yield from write_compared(self.compare)
        yield "chart", self.chart.value

    def events(self) -> Iterable[EventReference]:
        return [self.event]

    def named_segments(self) -> Iterable[UUID]:
        return [*self.segments, *(side.segment for side in self.compare if side.segment)]

    def range_words(self) -> str:
        return span_words(self.span)


def read(reader: Reader, scope: Scope) -> Graph:
    by = reader.text("by")
    return Graph(
        scope,
        event=reader.event("event") or PAGEVIEW,
        counts=reader.choice("counts", Counts, Counts.EVENTS),
        span=reader.span(30),
        unit=reader.choice("unit", Unit, Unit.DAY),
        where=reader.group(),
        by=reader.attempt("by", lambda: Field.parse(by)) if by else None,
        segments=reader.lineages("segment"),
        compare=reader.compared(),
        chart=reader.choice("chart", Chart, Chart.LINE),
    )


def words(graph: Graph, glossary: Glossary) -> str:
    """ "Unique users of Signed up by plan"."""
    line = f"{COUNTED[graph.counts]} {glossary.event_label(graph.event)}"
    return line + (f" by {graph.by.label}" if graph.by else "")


def details(graph: Graph, glossary: Glossary) -> Iterator[str]:
    yield f"By {graph.unit}, as {graph.chart}"
    yield from compared_words(graph.compare, glossary)


# --- The answer ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Series:
    """One line of a graph. `values` has one number per bucket. `key` is the group's value; None for events without one.

    `total` is counted over the whole span and is not their sum: a person who came on two days is one user.
    """

    label: str
    values: tuple[Number, ...]
    total: Number
    key: str | None = None
    compared: Compared | None = None
    is_other: bool = False


@dataclass(frozen=True)
class GraphResult(Result):
    """`series` are in order of size, "other" last. `total` is over all of them; None if segments are compared."""

    query: Graph
    buckets: tuple[Bucket, ...]
    series: tuple[Series, ...]
    total: Number | None

    def table(self) -> Table:
        """A row per bucket, a column per series, and a last row of totals."""
        zone = self.query.scope.zone
        columns = (Column(self.query.unit.capitalize(), Shown.TIME), *(Column(each.label) for each in self.series))
        rows = [
            (bucket_label(bucket, self.query.unit, zone), *(each.values[index] for each in self.series))
            for index, bucket in enumerate(self.buckets)
        ]
        incomplete = frozenset(index for index, bucket in enumerate(self.buckets) if not bucket.complete)
        return Table(columns, (*rows, ("Whole range", *(each.total for each in self.series))), incomplete)


def answer(graph: Graph, context: QueryContext) -> GraphResult:
    found = context.placed(graph.span, graph.unit)
    cut = found.buckets
    ran = Ran(context.now, cut[0].start, cut[-1].end, note=found.note)
    placed = replace(graph, span=found.span)
    if not graph.compare:
        series, total = _lines(placed, context, cut)
        return GraphResult(graph, ran, cut, series, total)
    lines = []
    for side in graph.compare:
        (line,), _ = _lines(replace(placed, compare=(), segments=side.among(graph.segments)), context, cut)
        lines.append(replace(line, label=context.glossary.segment_label(side.segment), compared=side))
    return GraphResult(graph, ran, cut, tuple(lines), None)


def _lines(graph: Graph, context: QueryContext, cut: tuple[Bucket, ...]) -> tuple[tuple[Series, ...], Number]:
    """The lines of a graph without comparison, and its total."""
    rows = event_store().counted_times(graph.counting, graph.span, graph.unit, context)
    if rows is None:
        statement = context.statement()
        rows = context.rows(statement, counting_sql(statement, graph.counting, cut))
    places = {bucket.start: index for index, bucket in enumerate(cut)}
    values: dict[int | None, list[Number]] = {}
    totals: dict[int | None, Number] = {}
    keys: dict[int, str | None] = {}
    for slot, key, bucket, n, people in rows:
        number = _number(graph.counts, int(n or 0), int(people or 0))
        if slot is not None:
            keys[slot] = key
        if bucket is None:
            totals[slot] = number
        else:
            values.setdefault(slot, [0] * len(cut))[places[bucket]] = number
    if graph.by is None:
        line = values.get(0, [0] * len(cut))
        total = sum(line) if graph.counts is Counts.EVENTS else totals.get(None, 0)
        return (Series(context.glossary.event_label(graph.event), tuple(line), total),), total
    series = (_group_line(graph.by, slot, keys[slot], values[slot], totals[slot]) for slot in sorted(keys))
    return tuple(series), totals.get(None, 0)


def _number(counts: Counts, n: int, people: int) -> Number:
    if counts is not Counts.PER_USER:
        return n
    return round(n / people, SHARES_DECIMALS) if people else 0


def _group_line(by: Field, slot: int, encoded: str | None, values: list[Number], total: Number) -> Series:
    key = decode_key(encoded)
    label = OTHER_LABEL if slot == OTHER else NO_VALUE_LABEL if key is None else read_value(by, key) or EMPTY_LABEL
    return Series(label, tuple(values), total, key=key, is_other=slot > TOP_GROUPS)


# --- The page --------------------------------------------------------------------------------------------------------


COUNTS = plain((each.value, COUNTED[each]) for each in Counts)
UNITS = plain((each.value, f"by {each.value}") for each in Unit)
CHARTS = plain([("line", "as lines"), ("bar", "as bars"), ("table", "as a table")])


@dataclass(frozen=True)
class GraphForm(QuestionForm):
    counts: Select
    event: Select
    by: Select
    span: SpanControls
    unit: Select
    chart: Select


def form(raw: Reader, choices: Choices) -> GraphForm:
    return GraphForm(
        counts=select(raw, "counts", "Measure", COUNTS),
        event=select(raw, "event", "Event", choices.events, str(PAGEVIEW)),
        by=select(raw, "by", "Group by", with_nothing("nothing", choices.all_fields)),
        span=span_controls(raw, 30),
        unit=select(raw, "unit", "Unit", UNITS, Unit.DAY.value),
        chart=select(raw, "chart", "Show", CHARTS),
        where=group_rows(raw, "where", choices.all_fields),
        menus=menus(raw, choices, compare=True),
        errors=stray(raw, "segment", "compare"),
    )


ADDITIVE = {Counts.EVENTS}  # only these may be added up: a person in two groups is still one person
BUILTIN_UNITS = {"pageview": "pageview", "session": "session"}
RANKING_ROWS = 7
COUNTED_UNITS = {
    Counts.EVENTS: "event",
    Counts.USERS: "person",
    Counts.SESSIONS: "session",
}


@dataclass(frozen=True)
class RankingItem:
    """One group of a graph as a line of a short list. `bar` is its share of the largest group."""

    name: str
    bar: SafeString
    total: str


@dataclass(frozen=True)
class GraphView(AnswerView):
    chart: SafeString | None
    legend: tuple[LegendItem, ...]
    left_out: int  # the number of series that only the table shows
    ranking: tuple[RankingItem, ...]  # for the tile of a grouped graph that is shown as a table
    table: Table
    has_incomplete: bool
    unit: str


def graph_lines(result: GraphResult) -> tuple[list[Line], int]:
    """The lines that are drawn, and how many series only the table shows."""
    lines = [Line(each.label, each.values, each.is_other) for each in result.series]
    shown, left_out = fold(lines, result.query.counts in ADDITIVE and not result.query.compare)
    begun = [each.start <= result.ran.as_of for each in result.buckets]
    return [replace(line, values=_without_future(line.values, begun)) for line in shown], left_out


def _without_future(values: Sequence[float | None], begun: Sequence[bool]) -> tuple[float | None, ...]:
    """Replace zeros in the future by None, so that the line ends now. A sender with a fast clock causes others."""
    return tuple(value if value or is_begun else None for value, is_begun in zip(values, begun, strict=True))


def _for_people(result: GraphResult) -> Table:
    """The table with times as people say them. (The CSV has them as programs read them.)"""
    table, zone = result.table(), result.query.scope.zone
    names = [bucket_name(each.start.astimezone(zone), result.query.unit) for each in result.buckets]
    rows = [(name, *row[1:]) for name, row in zip(names, table.rows, strict=False)]
    return replace(table, rows=(*rows, *table.rows[len(names) :]))


def buckets_across(result: GraphResult) -> Across:
    zone = result.query.scope.zone
    starts = [each.start.astimezone(zone) for each in result.buckets]
    return across_time(starts, [each.complete for each in result.buckets], result.query.unit)


def show(result: GraphResult, title: str) -> GraphView:
    query = result.query
    lines, left_out = graph_lines(result)
    across = buckets_across(result)
    chart = None
    if query.chart is Chart.LINE:
        chart = line_chart(lines, across, title)
    elif query.chart is Chart.BAR:
        chart = bar_chart(lines, across, title, stacked=query.counts in ADDITIVE and not query.compare)
    return GraphView(
        result,
        headline=None if result.total is None else KeyFigure(full(result.total), _counted_unit(query, result.total)),
        is_empty=not any(each.total for each in result.series),
        chart=chart,
        legend=_legend(result, lines),
        left_out=left_out if chart else 0,
        ranking=_ranking(result) if query.chart is Chart.TABLE and query.by else (),
        table=_for_people(result),
        has_incomplete=not all(each.complete for each in result.buckets),
        unit=query.unit.value,
    )


def _counted_unit(query: Graph, number: Number) -> str:
    """What the number counts: "events", or a more exact word if there is a common one."""
    if query.counts is Counts.PER_USER:
        return "per person"
    if query.counts is Counts.EVENTS and query.event.to is RefersTo.BUILTIN:
        return noun(number, BUILTIN_UNITS.get(query.event.key, "event"))
    return noun(number, COUNTED_UNITS[query.counts])


def _legend(result: GraphResult, lines: list[Line]) -> tuple[LegendItem, ...]:
    """A legend with all lines, unless there is only one. The folded "other" has no total: nothing counted it."""
    if len(lines) < 2 and not result.query.compare:
        return ()
    totals = [full(each.total) for each in result.series if not each.is_other]  # in the order of the lines
    return tuple(
        LegendItem(line.name, colour, "" if line.is_other else totals[place])
        for place, (line, colour) in enumerate(zip(lines, colours(lines), strict=True))
    )


def _ranking(result: GraphResult) -> tuple[RankingItem, ...]:
    largest = max((each.total for each in result.series), default=0) or 1
    named = [each for each in result.series if not each.is_other][:RANKING_ROWS]
    return tuple(
        RankingItem(each.label, share_bar(100 * each.total / largest, 0, "1"), full(each.total)) for each in named
    )


GRAPH = QueryKind(
    query=Graph,
    label="Graph",
    prompt=None,
    read=read,
    answer=answer,
    further=nothing_further,
    words=words,
    details=details,
    form=form,
    show=show,
)
