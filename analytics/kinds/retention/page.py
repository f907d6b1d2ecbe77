"""Retention: the form, and the answer as the page shows it."""

from dataclasses import dataclass

from django.utils.safestring import SafeString

from analytics.charts.buttons import number_button
from analytics.forms.choices import Choices
from analytics.forms.controls import Select, plain, with_nothing
from analytics.forms.questions import UNITS_OF_DAYS, QuestionForm, menus, select, span_controls, stray
from analytics.forms.rows import SelectionRow, group_rows, selection_row
from analytics.kinds.kind import AnswerView, KeyFigure, LegendItem, QueryKind, nothing_further
from analytics.kinds.retention.answer import answer
from analytics.kinds.retention.behind import behind, shown_groups
from analytics.kinds.retention.question import (
    CAME,
    SHARE,
    SIZE,
    CellsShow,
    Cohort,
    CohortEntry,
    Retention,
    RetentionResult,
    Return,
    clauses,
    details,
    number_place,
    read,
    words,
)
from analytics.questions.behind import ALL
from analytics.questions.parameters import Reader
from analytics.questions.query import PAGEVIEW
from analytics.questions.spans import Unit
from common.charts.charts import across_periods, line_chart
from common.charts.plots import Line, Shades, colours
from common.charts.scales import bucket_name, full, percent_text
from common.counted import counted

ENTRIES = plain(
    [
        (CohortEntry.FIRST.value, "the first time in the range"),
        (CohortEntry.EVER.value, "the first time ever"),
        (CohortEntry.EVERY.value, "in any period, and count in each"),
    ]
)
RETURNS = plain([(Return.ON.value, "in that period"), (Return.OR_AFTER.value, "in that period or later")])
CELLS = plain([(CellsShow.PERCENT.value, "percent"), (CellsShow.PEOPLE.value, "people")])
MOST_CELLS = 6_000  # of the triangles of all groups; with more, only everybody's is drawn
MOST_COHORTS = 200  # that are drawn, the newest, in 2 MB: 1,100 days were 45 MB


@dataclass(frozen=True)
class RetentionForm(QuestionForm):
    start: SelectionRow
    returning: SelectionRow
    entry: Select
    back: Select
    unit: Select
    by: Select
    cells: Select


def form(raw: Reader, choices: Choices) -> RetentionForm:
    return RetentionForm(
        start=selection_row(raw, "start", choices, "They first did", default=str(PAGEVIEW)),
        returning=selection_row(raw, "return", choices, "and came back to do", default=str(PAGEVIEW)),
        entry=select(raw, "entry", "They did it", ENTRIES),
        back=select(raw, "back", "and came back", RETURNS),
        unit=select(raw, "unit", "Unit", UNITS_OF_DAYS, Unit.WEEK.value),
        span=span_controls(raw, 90),
        by=select(raw, "by", "Group by", with_nothing("nothing", choices.all_fields)),
        cells=select(raw, "cells", "Show", CELLS),
        where=group_rows(raw, "where", choices.all_fields),
        menus=menus(raw, choices, compare=False),
        errors=stray(raw, "segment"),
    )


@dataclass(frozen=True)
class CohortView:
    """A row of the triangle. `cells` are HTML made in Python, because templates are slow for thousands of cells."""

    name: str
    size: int
    at: str  # the place of its size
    running: bool
    cells: SafeString


@dataclass(frozen=True)
class TriangleView:
    """The cohorts of everybody or of a group, after their averages. `people` is in all cohorts together.

    `left_out` counts the oldest cohorts, which are not drawn; then only the first `periods` are.
    """

    name: str
    is_apart: bool
    people: int
    at: str  # the place of these people
    averages: tuple[float | None, ...]
    periods: tuple[int, ...]
    average_cells: SafeString
    cohorts: tuple[CohortView, ...]
    left_out: int


@dataclass(frozen=True)
class RetentionView(AnswerView):
    chart: SafeString
    legend: tuple[LegendItem, ...]
    everybody: TriangleView
    groups: tuple[TriangleView, ...]  # without their cohorts, if these are too many
    unit: str
    by: str
    or_later: bool
    is_open: bool  # the range is not over, so that whoever may still come back counts then
    in_several: bool  # people may be in several cohorts


def show(result: RetentionResult, title: str) -> RetentionView:
    query, unit = result.query, result.query.unit
    has_room = len(result.groups) * len(result.buckets) * len(result.cohorts) / 2 <= MOST_CELLS
    everybody = _triangle(result, "Everyone", ALL, result.cohorts)
    groups = tuple(
        _triangle(result, each.label, place, each.cohorts, is_apart=each.is_apart, is_drawn=has_room)
        for each, place in zip(result.groups, result.group_places, strict=True)
    )
    lines = [Line(everybody.name if groups else "Came back", everybody.averages, behind=f"{SHARE}.{ALL}.{ALL}")]
    lines += [
        Line(view.name, view.averages, each.is_rest, behind=f"{SHARE}.{place}.{ALL}")
        for view, each, place in zip(groups, result.groups, result.group_places, strict=True)
    ]
    or_later = query.counts_as is Return.OR_AFTER
    return RetentionView(
        result,
        headline=_headline(result, everybody) if everybody.averages else None,
        is_empty=not any(cohort.size for cohort in result.cohorts),
        chart=line_chart(lines, across_periods(unit, len(everybody.averages)), title, "%"),
        legend=_legend(result, lines) if groups else (),
        everybody=everybody,
        groups=groups,
        unit=unit.value,
        by=query.by.label if query.by else "",
        or_later=or_later,
        is_open=or_later and result.buckets[-1].end > result.ran.as_of,
        in_several=query.entry is CohortEntry.EVERY,
        behind_groups=shown_groups(result),
    )


def _headline(result: RetentionResult, everybody: TriangleView) -> KeyFigure:
    share, or_later = everybody.averages[0], " or later" * (result.query.counts_as is Return.OR_AFTER)
    place = number_place(SHARE, ALL, ALL, 1) if share else ""
    return KeyFigure(percent_text(share), f"came back in {result.query.unit} 1{or_later}", place)


def _legend(result: RetentionResult, lines: list[Line]) -> tuple[LegendItem, ...]:
    apart = [True, *(group.is_apart for group in result.groups)]  # everyone is no value either
    return tuple(
        LegendItem(line.name, colour, percent_text(line.values[0]) if line.values else "", is_apart)
        for line, colour, is_apart in zip(lines, colours(lines), apart, strict=True)
    )


def _triangle(
    result: RetentionResult,
    name: str,
    group: str,
    cohorts: tuple[Cohort, ...],
    *,
    is_apart: bool = False,
    is_drawn: bool = True,
) -> TriangleView:
    """`group` is its part of the places of its numbers."""
    periods = tuple(range(1, len(result.buckets)))
    averages = tuple(result.average(period, cohorts) for period in periods)
    left_out = max(len(cohorts) - MOST_COHORTS, 0)
    if left_out:
        periods = periods[: MOST_COHORTS - 1]  # for more, the newest cohorts have had no time
    drawn = cohorts[left_out:] if is_drawn else ()
    shades = Shades.of(cohort.rate(period) for cohort in drawn for period in periods)
    return TriangleView(
        name,
        is_apart,
        sum(cohort.size for cohort in cohorts),
        number_place(SIZE, group, ALL, ALL),
        averages,
        periods,
        SafeString("".join(_average_cell(averages[period - 1], group, period) for period in periods)),
        tuple(
            CohortView(
                _bucket_name(result, cohort),
                cohort.size,
                number_place(SIZE, group, row, ALL) if cohort.size else "",
                not cohort.bucket.complete,
                SafeString("".join(_cell(result, cohort, group, row, period, shades) for period in periods)),
            )
            for row, cohort in enumerate(drawn, left_out)
        ),
        left_out,
    )


def _bucket_name(result: RetentionResult, cohort: Cohort) -> str:
    unit = result.query.unit
    return bucket_name(cohort.bucket.start.astimezone(result.query.scope.zone), Unit.DAY if unit is Unit.WEEK else unit)


def _average_cell(share: float | None, group: str, period: int) -> str:
    place = number_place(SHARE, group, ALL, period) if share else ""
    return f'<td class="number">{number_button(percent_text(share), place)}</td>'


def _cell(result: RetentionResult, cohort: Cohort, group: str, row: int, period: int, shades: Shades) -> str:
    """One cell of the triangle: a shaded share or number of people, with the other on hover."""
    came = cohort.returned[period] if period < len(cohort.returned) else None
    if came is None:
        return "<td></td>"
    share = cohort.rate(period)
    running, word = (" is-running", ", incomplete") if result.is_running(row, period) else ("", "")
    of = f"{full(came)} of {counted(cohort.size, 'person')}{word}"
    if result.query.cells is CellsShow.PEOPLE:
        what, shown, title = CAME, full(came), f"{percent_text(share)}: {of}"
    else:
        what, shown, title = SHARE, percent_text(share), of
    if came:
        shown = number_button(shown, number_place(what, group, row, period))
    return f'<td class="number heat heat-{shades(share)}{running}" title="{title}">{shown}</td>'


RETENTION = QueryKind(
    query=Retention,
    label="Retention",
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
