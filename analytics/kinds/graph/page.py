"""The form of a graph, and how the page shows its answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.safestring import SafeString

from analytics.charts.charts import bar_chart, line_chart, share_bar
from analytics.charts.plots import Line, colours, fold
from analytics.charts.scales import full
from analytics.forms.choices import Choices
from analytics.forms.controls import Check, Control, Select, plain, with_nothing
from analytics.forms.questions import UNITS, QuestionForm, control, menus, select, span_controls, stray
from analytics.forms.rows import SelectionRow, group_rows, next_number, selection_row
from analytics.kinds.buckets import TimeAxis, buckets_across, for_people
from analytics.kinds.change import Change, change
from analytics.kinds.graph.answer import answer
from analytics.kinds.graph.behind import behind, headline_place, line_places, shown_groups
from analytics.kinds.graph.formula import LETTERS
from analytics.kinds.graph.question import (
    BY_NAMES,
    MAX_SERIES,
    Chart,
    Graph,
    GraphLine,
    GraphResult,
    Series,
    read,
    series_prefixes,
)
from analytics.kinds.graph.words import clauses, details, words
from analytics.kinds.kind import AnswerView, KeyFigure, LegendItem, QueryKind, nothing_further
from analytics.questions.parameters import Reader
from analytics.questions.query import PAGEVIEW, Counts, RefersTo
from analytics.questions.results import Number, Table
from analytics.questions.spans import Unit
from analytics.questions.words import COUNTED, earlier_words, lowered
from common.counted import noun

COUNTS = plain((each.value, COUNTED[each]) for each in Counts)
CHARTS = plain([("line", "as lines"), ("bar", "as bars"), ("table", "as a table")])


@dataclass(frozen=True)
class SeriesRow:
    """An event with its filters, its measure, and the property that is measured."""

    selection: SelectionRow
    counts: Select
    of: Select


@dataclass(frozen=True)
class GraphForm(QuestionForm):
    series: tuple[SeriesRow, ...]
    spare_series: SeriesRow | None  # None if there are as many as may be
    by: tuple[Select, ...]
    formula: Control
    cumulative: Check
    unit: Select
    chart: Select


def form(raw: Reader, choices: Choices) -> GraphForm:
    rows = raw if series_prefixes(raw) else _only_row(raw)
    prefixes = series_prefixes(rows)
    spare = f"series.{next_number(prefixes)}"
    return GraphForm(
        series=tuple(_series_row(rows, each, choices, place) for place, each in enumerate(prefixes)),
        spare_series=_series_row(Reader({}), spare, choices, len(prefixes)) if len(prefixes) < MAX_SERIES else None,
        by=tuple(_by(raw, name, choices) for name in BY_NAMES),
        formula=replace(control(raw, "formula", "Formula"), placeholder="A / B"),
        cumulative=Check("cumulative", "1", "Count since the start", bool(raw.text("cumulative"))),
        span=span_controls(raw, 30, compares=True),
        unit=select(raw, "unit", "Unit", UNITS, Unit.DAY.value),
        chart=select(raw, "chart", "Show", CHARTS),
        where=group_rows(raw, "where", choices.all_fields),
        menus=menus(raw, choices, compare=True),
        errors=stray(raw, "segment", "compare", "series", "cumulative"),
    )


def _only_row(raw: Reader) -> Reader:
    """The only series, which has no number in the parameters, as the first row."""
    names = ("event", "counts", "of")
    row = Reader({f"series.0.{name}": raw.values[name] for name in names if name in raw.values})
    row.values.setdefault("series.0.event", [str(PAGEVIEW)])
    row.errors = {f"series.0.{name}": raw.errors[name] for name in names if name in raw.errors}
    return row


def _series_row(raw: Reader, prefix: str, choices: Choices, place: int) -> SeriesRow:
    name = f"Series {LETTERS[place]}" if place < MAX_SERIES else "Series"
    return SeriesRow(
        selection_row(raw, prefix, choices, name, place + 1),
        select(raw, f"{prefix}.counts", "Measure", COUNTS),
        select(raw, f"{prefix}.of", "Measured", with_nothing("Choose a property", choices.all_fields)),
    )


def _by(raw: Reader, name: str, choices: Choices) -> Select:
    nothing = "nothing" if name == BY_NAMES[0] else "nothing else"
    return select(raw, name, "Group by" if name == BY_NAMES[0] else "and by", with_nothing(nothing, choices.all_fields))


# --- The answer ------------------------------------------------------------------------------------------------------

PALE = {Chart.LINE: "Pale lines", Chart.BAR: "Hollow bars"}
MOST_PALE = {Chart.LINE: 4, Chart.BAR: 1, Chart.TABLE: 0}  # lines that have a pale one, of what was before
ADDITIVE = {Counts.EVENTS}  # groups of these alone may be added up: a person in two groups is still one person
BUILTIN_UNITS = {"pageview": "pageview", "session": "session"}
RANKING_ROWS = 7
COUNTED_UNITS = {
    Counts.EVENTS: "event",
    Counts.USERS: "person",
    Counts.SESSIONS: "session",
    Counts.DIFFERENT: "different value",
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
    pale: str  # what the pale lines are, and when; empty without
    is_pale_left_out: bool  # whether only the table has what was before


def graph_lines(result: GraphResult) -> tuple[list[Line], int]:
    """The lines that are drawn, and how many lines only the table shows; what a formula is made of is not missed."""
    drawn = _drawn(result)
    places = dict(zip(map(id, result.lines), _places_in_chart(result), strict=True))
    lines = [
        Line(_name(each), _floats(result.values_of(each)), each.is_other, each.groups, places[id(each)])
        for each in drawn
    ]
    shown, left_out = fold(lines, _is_additive(result.query))
    if not result.query.formula:
        left_out += sum(each.is_other for each in result.lines) - sum(each.is_other for each in drawn)
    begun = [each is not None and each.start <= result.ran.as_of for each in result.axis]
    return [replace(line, values=_without_future(line.values, begun)) for line in shown], left_out


def _lines_before(result: GraphResult) -> list[Line]:
    """A pale line for each that is drawn; none for more than can be read."""
    drawn = _drawn(result)
    if not result.earlier or len(drawn) > MOST_PALE[result.query.chart]:
        return []
    return [Line(_name(each), _floats(result.values_before(each)), each.is_other) for each in drawn]


def _name(line: GraphLine) -> str:
    """Of a formula only the group: the chart's title says the rest."""
    return (line.group if line.series is None else "") or line.label


def _drawn(result: GraphResult) -> list[GraphLine]:
    """The lines of a formula alone. Of several series, the largest groups of each first, and none of the others."""
    if result.query.formula:
        return [each for each in result.lines if each.series is None]
    if len(result.query.series) == 1:
        return list(result.lines)
    of_series = [[each for each in lines if not each.is_other] for lines in _by_series(result)]
    return [each for together in zip(*of_series, strict=True) for each in together]


def _by_series(result: GraphResult) -> list[list[GraphLine]]:
    numbers = range(len(result.query.series))
    return [[each for each in result.lines if each.series == number] for number in numbers]


def _is_additive(query: Graph) -> bool:
    return len(query.series) == 1 and query.series[0].counts in ADDITIVE and not (query.compare or query.formula)


def _floats(values: Sequence[Number | None]) -> tuple[float | None, ...]:
    """Positions in a drawing need no decimals."""
    return tuple(None if value is None else value if isinstance(value, int) else float(value) for value in values)


def _without_future(values: Sequence[float | None], begun: Sequence[bool]) -> tuple[float | None, ...]:
    """Replace zeros in the future by None, so that the line ends now. A sender with a fast clock causes others."""
    return tuple(value if value or is_begun else None for value, is_begun in zip(values, begun, strict=True))


def show(result: GraphResult, title: str) -> GraphView:
    query = result.query
    lines, left_out = graph_lines(result)
    before = _lines_before(result)
    across = buckets_across(result.axis, query.unit, query.scope, result.axis_before)
    chart = None
    if query.chart is Chart.LINE:
        chart = line_chart(lines, across, title, before=before)
    elif query.chart is Chart.BAR:
        chart = bar_chart(lines, across, title, stacked=_is_additive(query), before=before)
    return GraphView(
        result,
        headline=_headline(result),
        is_empty=not any(each.total or each.events or (each.before and each.before.whole) for each in result.lines),
        chart=chart,
        legend=_legend(result, lines),
        left_out=left_out if chart else 0,
        ranking=_ranking(result) if query.chart is Chart.TABLE and query.by and len(query.series) == 1 else (),
        table=for_people(_with_places(result), result.axis, query.unit, query.scope, result.axis_before),
        has_incomplete=not all(each.complete for each in result.buckets),
        unit=query.unit.value,
        pale=f"{PALE[query.chart]}: {query.before.label}" if query.before and before else "",
        is_pale_left_out=bool(query.before and not before),
        behind_groups=tuple(shown_groups(result)),
        time_axis=TimeAxis(result.axis, query.unit) if chart else None,
    )


def _with_places(result: GraphResult) -> Table:
    """The table with the places of its numbers; what was before has none."""
    table, places = result.table(), line_places(result)
    count, columns = len(result.buckets), list(table.columns)
    first, step = (1, 1) if result.earlier is None else (2, 3)
    for number, place in enumerate(places):
        columns[first + number * step] = replace(columns[first + number * step], behind=place)
    own = range(count) if result.earlier is None else [at for at, _ in result.earlier.pairs]
    rows = ["" if at is None or at >= count else str(at) for at in own]
    return replace(table, columns=tuple(columns), behind=(*rows, *["all"] * (len(table.rows) - len(rows))))


def _places_in_chart(result: GraphResult) -> list[str]:
    """The place of each line; none where a day of 23 hours shifts buckets in the chart, but not in their places."""
    if result.earlier and any(at not in (None, place) for place, (at, _) in enumerate(result.earlier.pairs)):
        return [""] * len(result.lines)
    return line_places(result)


def _headline(result: GraphResult) -> KeyFigure | None:
    if not result.is_of_one:
        return None
    unit = result.query.formula or _counted_unit(result.query.series[0], result.total)
    change_of_all = _change(result, result.total, result.total_before)
    return KeyFigure(full(result.total), unit, headline_place(result.query), change_of_all)


def _change(result: GraphResult, now: Number | None, before: Number | None) -> Change | None:
    """How far a total is from that of the same part of the earlier range."""
    if result.earlier is None:
        return None
    return change(now, before, earlier_words(result.earlier, result.query.scope.zone))


def _change_of(result: GraphResult, line: GraphLine) -> Change | None:
    return _change(result, line.total, line.before.part) if line.before else None


def _counted_unit(series: Series, number: Number | None) -> str:
    """What the number counts: "events", or a more exact word if there is a common one."""
    if series.counts is Counts.PER_USER:
        return "per person"
    if series.counts.is_of_numbers and series.of:
        return f"{lowered(COUNTED[series.counts])} {series.of.label}"
    if series.counts is Counts.EVENTS and series.event.to is RefersTo.BUILTIN:
        return noun(number, BUILTIN_UNITS.get(series.event.key, "event"))
    return noun(number, COUNTED_UNITS[series.counts])


def _legend(result: GraphResult, lines: list[Line]) -> tuple[LegendItem, ...]:
    """A legend with all lines, unless there is only one. The folded rest has no total: nothing counted it.

    Beside a formula, it says what the letters stand for and what they come to.
    """
    query = result.query
    if len(lines) < 2 and not (query.compare or query.formula):
        return ()
    named = [each for each in _drawn(result) if not each.is_other]  # in the order of the lines
    drawn = [
        LegendItem(line.name, colour, "", is_apart=True)
        if line.is_other
        else LegendItem(
            line.name, colour, full(named[place].total), named[place].is_apart, _change_of(result, named[place])
        )
        for place, (line, colour) in enumerate(zip(lines, colours(lines), strict=True))
    ]
    if query.formula and not query.by:
        operands = (each for each in result.lines if each.series is not None)
        drawn += [LegendItem(each.label, "", full(each.total), change=_change_of(result, each)) for each in operands]
    return tuple(drawn)


def _ranking(result: GraphResult) -> tuple[RankingItem, ...]:
    lines = [each for each in result.lines if each.series == (None if result.query.formula else 0)]
    largest = max((float(each.total or 0) for each in lines), default=0) or 1
    named = [each for each in lines if not each.is_other][:RANKING_ROWS]
    return tuple(
        RankingItem(each.label, share_bar(max(100 * float(each.total or 0) / largest, 0), 0, "1"), full(each.total))
        for each in named
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
    clauses=clauses,
    form=form,
    show=show,
    behind=behind,
)
