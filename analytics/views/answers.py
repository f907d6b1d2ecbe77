"""From a result to what the templates show: charts, headline numbers and tables. Nothing is counted again here."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.safestring import SafeString

from analytics.charts.drawing import Across, across_periods, across_time, bar_chart, line_chart, share_bar
from analytics.charts.plots import Line, colours, fold, funnel_marks, heat
from analytics.charts.scales import bucket_name, full, percent_text
from analytics.kinds.funnel import FunnelResult
from analytics.kinds.graph import Chart, Graph, GraphResult
from analytics.kinds.registry import UnknownKind
from analytics.kinds.retention import RetentionResult
from analytics.kinds.users import PersonRow, UsersResult
from analytics.questions.query import Counts, RefersTo
from analytics.questions.results import Result, Table
from analytics.questions.spans import Unit

ADDITIVE = {Counts.EVENTS}  # sums of these make sense; somebody in two groups is still one person
BUILTIN_UNITS = {"pageview": "pageviews", "session": "sessions"}
RANKING_ROWS = 7
COUNTED_UNITS = {
    Counts.EVENTS: "events",
    Counts.USERS: "people",
    Counts.SESSIONS: "sessions",
    Counts.PER_USER: "per person",
}


@dataclass(frozen=True)
class Headline:
    """The number that matters. `value` is written out, None where there is none."""

    value: str
    unit: str


@dataclass(frozen=True)
class LegendItem:
    name: str
    colour: str
    total: str


@dataclass(frozen=True)
class RankingItem:
    """One group of a graph as a line of a short list; `bar` is its share of the largest."""

    name: str
    bar: SafeString
    total: str


@dataclass(frozen=True)
class StepSide:
    """One side of one step of a funnel. Shares are percent, None of nobody."""

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
class Cell:
    """One cell of a retention triangle; `shade` 0 to 10, None where there is nothing to tell yet."""

    share: float | None
    people: int | None
    shade: int | None
    running: bool


@dataclass(frozen=True)
class CohortView:
    name: str
    size: int
    running: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Answer:
    """Everything that a template may show of a result."""

    kind: str
    result: Result
    headline: Headline | None = None
    chart: SafeString | None = None
    legend: tuple[LegendItem, ...] = ()
    left_out: int = 0  # series that are in the table only
    ranking: tuple[RankingItem, ...] = ()  # for a tile, of a grouped graph that is shown as a table
    table: Table | None = None
    has_total_row: bool = False
    has_incomplete: bool = False
    is_empty: bool = False
    steps: tuple[StepView, ...] = ()
    averages: tuple[float | None, ...] = ()
    cohorts: tuple[CohortView, ...] = ()
    unit: str = ""
    people: tuple[PersonRow, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


def present(result: Result, title: str) -> Answer:
    """The answer as it is shown; `title` says what a chart is of."""
    match result:
        case GraphResult():
            return _graph(result, title)
        case FunnelResult():
            return _funnel(result)
        case RetentionResult():
            return _retention(result, title)
        case UsersResult():
            return _users(result)
        case _:
            raise UnknownKind(result.query.kind)


def graph_lines(result: GraphResult) -> tuple[list[Line], int]:
    """The lines that are drawn, and how many series are left to the table."""
    lines = [Line(each.label, each.values, each.is_other) for each in result.series]
    shown, left_out = fold(lines, result.query.counts in ADDITIVE and not result.query.compare)
    begun = [each.start <= result.ran.as_of for each in result.buckets]
    return [replace(line, values=_so_far(line.values, begun)) for line in shown], left_out


def _so_far(values: Sequence[float | None], begun: Sequence[bool]) -> tuple[float | None, ...]:
    """Nothing yet is not zero: a line ends at now. (Clocks of senders run fast, so there can be something already.)"""
    return tuple(value if value or is_begun else None for value, is_begun in zip(values, begun, strict=True))


def _for_people(result: GraphResult) -> Table:
    """The table with its times as they are spoken; the CSV has them as programs read them."""
    table, zone = result.table(), result.query.scope.zone
    names = [bucket_name(each.start.astimezone(zone), result.query.unit) for each in result.buckets]
    rows = [(name, *row[1:]) for name, row in zip(names, table.rows, strict=False)]
    return replace(table, rows=(*rows, *table.rows[len(names) :]))


def buckets_across(result: GraphResult) -> Across:
    zone = result.query.scope.zone
    starts = [each.start.astimezone(zone) for each in result.buckets]
    return across_time(starts, [each.complete for each in result.buckets], result.query.unit)


def _graph(result: GraphResult, title: str) -> Answer:
    query = result.query
    lines, left_out = graph_lines(result)
    across = buckets_across(result)
    chart = None
    if query.chart is Chart.LINE:
        chart = line_chart(lines, across, title)
    elif query.chart is Chart.BAR:
        chart = bar_chart(lines, across, title, stacked=query.counts in ADDITIVE and not query.compare)
    return Answer(
        "graph",
        result,
        headline=None if result.total is None else Headline(full(result.total), _counted_unit(query)),
        chart=chart,
        legend=_legend(result, lines),
        left_out=left_out if chart else 0,
        ranking=_ranking(result) if query.chart is Chart.TABLE and query.by else (),
        table=_for_people(result),
        has_total_row=True,
        has_incomplete=not all(each.complete for each in result.buckets),
        is_empty=not any(each.total for each in result.series),
        unit=query.unit.value,
    )


def _counted_unit(query: Graph) -> str:
    """What the number counts: "events", or what they are called where everybody knows it."""
    if query.counts is Counts.EVENTS and query.event.to is RefersTo.BUILTIN:
        return BUILTIN_UNITS.get(query.event.key, "events")
    return COUNTED_UNITS[query.counts]


def _legend(result: GraphResult, lines: list[Line]) -> tuple[LegendItem, ...]:
    """A key for each line; one line alone needs none. The folded "other" has no total: it was never counted as one."""
    if len(lines) < 2 and not result.query.compare:
        return ()
    totals = [full(each.total) for each in result.series if not each.is_other]  # the lines' own, in their order
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


def _funnel(result: FunnelResult) -> Answer:
    marks = funnel_marks(result.step_labels, [side.counts for side in result.sides])
    steps = tuple(
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
    first = result.sides[0]
    return Answer(
        "funnel",
        result,
        headline=Headline(percent_text(first.conversion), "of them got to the end") if len(result.sides) == 1 else None,
        legend=tuple(
            LegendItem(side.label, str(number + 1), percent_text(side.conversion))
            for number, side in enumerate(result.sides)
        )
        if len(result.sides) > 1
        else (),
        table=result.table(),
        is_empty=not any(side.counts[0] for side in result.sides),
        steps=steps,
    )


def _retention(result: RetentionResult, title: str) -> Answer:
    zone, unit = result.query.scope.zone, result.query.unit
    periods = range(1, len(result.buckets))
    cohorts = tuple(
        CohortView(
            bucket_name(cohort.bucket.start.astimezone(zone), Unit.DAY if unit is Unit.WEEK else unit),
            cohort.size,
            not cohort.bucket.complete,
            tuple(_cell(result, row, period) for period in periods),
        )
        for row, cohort in enumerate(result.cohorts)
    )
    averages = tuple(result.average(period) for period in periods)
    return Answer(
        "retention",
        result,
        headline=Headline(percent_text(averages[0]), f"came back in {unit} 1") if averages else None,
        chart=line_chart([Line("Came back", averages)], across_periods(unit, len(averages)), title, "%"),
        table=result.table(),
        is_empty=not any(cohort.size for cohort in result.cohorts),
        averages=averages,
        cohorts=cohorts,
        unit=unit.value,
        extra={"periods": list(periods)},
    )


NOTHING_YET = Cell(None, None, None, False)


def _cell(result: RetentionResult, row: int, period: int) -> Cell:
    cohort = result.cohorts[row]
    came = cohort.returned[period] if period < len(cohort.returned) else None
    if came is None:
        return NOTHING_YET
    share = cohort.rate(period)
    return Cell(share, came, heat(share), result.is_running(row, period))


def _users(result: UsersResult) -> Answer:
    return Answer(
        "users",
        result,
        headline=Headline(full(result.total), "person" if result.total == 1 else "people"),
        people=result.people,
        is_empty=not result.people,
    )
