"""Funnels: the form, and the answer as the page shows it."""

from dataclasses import dataclass, replace

from django.utils.safestring import SafeString

from analytics.charts.charts import Across, bar_chart, line_chart, share_bar
from analytics.charts.plots import MAX_SERIES, Line, funnel_marks
from analytics.charts.scales import XLabel, percent_text
from analytics.forms.choices import Choices
from analytics.forms.controls import Control, Select, plain, with_nothing
from analytics.forms.questions import UNITS, QuestionForm, control, menus, select, span_controls, stray
from analytics.forms.rows import SelectionRow, group_rows, selection_rows
from analytics.kinds.buckets import TimeAxis, buckets_across, for_people
from analytics.kinds.change import Change, change
from analytics.kinds.funnel.answer import answer
from analytics.kinds.funnel.behind import behind, shown_groups
from analytics.kinds.funnel.places import FIRST, LOST, PREVIOUS, REACHED, number_place
from analytics.kinds.funnel.question import (
    MAX_STEPS,
    Asks,
    Funnel,
    FunnelResult,
    FunnelSide,
    Order,
    read,
)
from analytics.kinds.funnel.words import clauses, details, words
from analytics.kinds.kind import AnswerView, KeyFigure, LegendItem, QueryKind, nothing_further
from analytics.questions.parameters import Reader
from analytics.questions.results import Table
from analytics.questions.spans import Unit
from analytics.questions.words import earlier_words, elapsed_words

WINDOWS = plain([("minute", "minutes"), ("hour", "hours"), ("day", "days")])
ORDERS = plain(
    [
        (Order.IN_ORDER.value, "in this order"),
        (Order.STRICT.value, "one right after the other"),
        (Order.ANY.value, "in any order"),
    ]
)
ASKS = plain(
    [
        (Asks.STEPS.value, "how many reached each step"),
        (Asks.TIMES.value, "how long they took"),
        (Asks.TREND.value, "how many got to the end, over time"),
    ]
)
BEGINS = ("0", "1 min", "5 min", "30 min", "1 h", "6 h", "1 d", "3 d", "7 d", "30 d")  # of bins, below the chart
BETWEEN = plain((str(step), f"between step {step} and {step + 1}") for step in range(1, MAX_STEPS))


@dataclass(frozen=True)
class ExclusionRow:
    """An event that must not happen, and between which steps."""

    selection: SelectionRow
    after: Select


@dataclass(frozen=True)
class FunnelForm(QuestionForm):
    steps: tuple[SelectionRow, ...]
    spare_step: SelectionRow
    without: tuple[ExclusionRow, ...]
    spare_without: ExclusionRow
    order: Select
    within: Control
    within_unit: Select
    asks: Select
    by: Select
    unit: Select


def form(raw: Reader, choices: Choices) -> FunnelForm:
    steps, spare = selection_rows(raw, "step", choices, "Step", least=2)
    without, spare_without = selection_rows(raw, "without", choices, "Without")
    return FunnelForm(
        steps=steps,
        spare_step=spare,
        without=tuple(ExclusionRow(row, _after(raw, row)) for row in without),
        spare_without=ExclusionRow(spare_without, _after(Reader({}), spare_without)),
        order=select(raw, "order", "Order", ORDERS),
        within=control(raw, "within", "Conversion window", "7", "number"),
        within_unit=select(raw, "within_unit", "Unit", WINDOWS, "day"),
        span=span_controls(raw, 30, compares=True),
        asks=select(raw, "asks", "Show", ASKS),
        by=select(raw, "by", "Group by", with_nothing("nothing", choices.all_fields)),
        unit=select(raw, "unit", "Over time", UNITS, Unit.DAY.value),
        where=group_rows(raw, "where", choices.all_fields),
        menus=menus(raw, choices, compare=True),
        errors=stray(raw, "segment", "compare", "step", "without"),
    )


def _after(raw: Reader, row: SelectionRow) -> Select:
    return select(raw, f"{row.prefix}.after", "Where", BETWEEN)


@dataclass(frozen=True)
class StepPlaces:
    """The places of a step's numbers (behind.py); empty of those that are 0."""

    reached: str = ""
    lost: str = ""
    previous: str = ""
    first: str = ""

    @classmethod
    def of(cls, side: FunnelSide, place: str, step: int) -> "StepPlaces":
        people = side.counts[step]
        numbers = {REACHED: people, LOST: side.lost(step), PREVIOUS: people, FIRST: people}
        return cls(*(number_place(what, place, step) if number else "" for what, number in numbers.items()))


@dataclass(frozen=True)
class StepSide:
    """One side of one step of a funnel. Shares are in percent; None is a share of nobody."""

    label: str
    is_apart: bool  # the label is no value
    bar: SafeString
    people: int
    of_first: float | None
    of_previous: float | None
    lost: int
    took: str  # the median time from the start, in words; empty if it is not asked for
    at: StepPlaces


@dataclass(frozen=True)
class StepView:
    number: str
    label: str
    sides: tuple[StepSide, ...]


@dataclass(frozen=True)
class FunnelView(AnswerView):
    """`steps` are those of the sides that are drawn; `left_out` sides are in the table only.

    `chart` has the times by bin, or the conversion over time.
    """

    steps: tuple[StepView, ...]
    legend: tuple[LegendItem, ...]
    left_out: int
    chart: SafeString | None
    table: Table
    asks: str
    unit: str
    has_incomplete: bool
    groups: str  # the property that makes the groups, and how

    @property
    def steps_of_tile(self) -> tuple[StepView, ...]:
        """The steps without places, for pages without the form that these are sent with (analytics/answer.html)."""
        unplaced = StepPlaces()
        return tuple(
            replace(step, sides=tuple(replace(side, at=unplaced) for side in step.sides)) for step in self.steps
        )


def show(result: FunnelResult, title: str) -> FunnelView:
    query = result.query
    drawn, places = _drawn(result)
    return FunnelView(
        result,
        headline=_headline(result),
        is_empty=not any(side.counts[0] or any(side.before) for side in result.sides),
        steps=_steps(result, drawn, places),
        legend=_legend(result, drawn) if len(result.sides) > 1 else (),
        left_out=len(result.sides) - len(drawn),
        chart=_chart(result, drawn, places, title),
        table=for_people(result.table(), result.buckets, query.unit, query.scope),
        asks=query.asks.value,
        unit=query.unit.value,
        has_incomplete=not all(bucket.complete for bucket in result.buckets),
        groups=query.by.label if query.by else "",
        behind_groups=shown_groups(result),
        time_axis=TimeAxis(result.buckets, query.unit) if query.asks is Asks.TREND else None,
    )


def _drawn(result: FunnelResult) -> tuple[tuple[FunnelSide, ...], tuple[str, ...]]:
    """As many sides as there are colours, and the rest, which has none; and their parts of places."""
    placed = [
        (side, place)
        for number, (side, place) in enumerate(zip(result.sides, result.side_places, strict=True))
        if number < MAX_SERIES or side.is_rest
    ]
    return tuple(side for side, _ in placed), tuple(place for _, place in placed)


def _headline(result: FunnelResult) -> KeyFigure | None:
    side = result.sides[0]
    if side.compared:
        return None
    if result.query.asks is Asks.TIMES:
        return KeyFigure(elapsed_words(side.times[-1].median), "median time to get to the end")
    did = f"of them did all {len(side.counts)}" if result.query.order is Order.ANY else "of them got to the end"
    place = number_place(FIRST, result.side_places[0], result.last) if side.counts[-1] else ""
    return KeyFigure(percent_text(side.conversion), did, place, change=_change(result, side))


def _change(result: FunnelResult, side: FunnelSide) -> Change | None:
    if result.earlier is None:
        return None
    when = earlier_words(result.earlier, result.query.scope.zone)
    return change(side.conversion, side.conversion_before, when, in_points=True, shown=percent_text)


def _legend(result: FunnelResult, sides: tuple[FunnelSide, ...]) -> tuple[LegendItem, ...]:
    return tuple(
        LegendItem(side.label, colour, percent_text(side.conversion), side.is_apart, _change(result, side))
        for side, colour in zip(sides, _colours(sides), strict=True)
    )


def _colours(sides: tuple[FunnelSide, ...]) -> list[str]:
    return ["other" if side.is_rest else str(number % MAX_SERIES + 1) for number, side in enumerate(sides)]


def _steps(result: FunnelResult, sides: tuple[FunnelSide, ...], places: tuple[str, ...]) -> tuple[StepView, ...]:
    marks = funnel_marks(result.step_labels, [side.counts for side in sides])
    has_numbers = result.query.order is not Order.ANY
    return tuple(
        StepView(
            str(number + 1) if has_numbers else "",
            label,
            tuple(
                StepSide(
                    side.label,
                    side.is_apart,
                    share_bar(mark.width, mark.before, colour),
                    side.counts[number],
                    side.of_first(number),
                    side.of_previous(number),
                    side.lost(number),
                    elapsed_words(side.times[number - 1].median) if number and side.times else "",
                    StepPlaces.of(side, place, number),
                )
                for side, place, mark, colour in zip(sides, places, marks[number], _colours(sides), strict=True)
            ),
        )
        for number, label in enumerate(result.step_labels)
    )


def _chart(
    result: FunnelResult, sides: tuple[FunnelSide, ...], places: tuple[str, ...], title: str
) -> SafeString | None:
    if result.query.asks is Asks.TREND:
        across = buckets_across(result.buckets, result.query.unit, result.query.scope)
        shares = (f"{FIRST}.{place}.{result.last}" for place in places)
        lines = [Line(side.label, side.conversions, behind=at) for side, at in zip(sides, shares, strict=True)]
        return line_chart(lines, across, title, "%")
    if result.query.asks is Asks.TIMES:
        names = result.query.bin_names
        labels = tuple(XLabel(place, BEGINS[place], place % 2 == 1) for place in range(len(names)))
        lines = [
            Line(side.label, side.times[-1].bins[: len(names)], side.is_rest, behind=f"{REACHED}.{place}.{result.last}")
            for side, place in zip(sides, places, strict=True)
        ]
        return bar_chart(lines, Across(names, (True,) * len(names), labels), title)
    return None


FUNNEL = QueryKind(
    query=Funnel,
    label="Funnel",
    prompt="Choose the steps above and press Run Query.",
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
