"""What a mail shows: the answers of a report, or of the tiles of a dashboard, as of now, within bounds."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from analytics import actions
from analytics.charts.notes import Happened, marks_of_tile
from analytics.dashboards import kept
from analytics.dashboards.tiles import Shows, range_of
from analytics.definitions.glossary import glossary_for
from analytics.environments.notes import notes_between
from analytics.kinds.kind import AnswerView, KeyFigure, LegendItem
from analytics.kinds.people import ABOUT_PEOPLE, HOLDS_ADDRESSES, LISTS, has_addresses, may_tell_who
from analytics.kinds.registry import kind_named, parse, run, show
from analytics.models import Dashboard, Report
from analytics.questions.conditions import BadQuery
from analytics.questions.query import Scope
from analytics.questions.results import Cell, Shown, Table
from analytics.store.failures import PASSING, QueryFailed
from analytics.subscriptions.models import Subscription
from analytics.subscriptions.picture import png
from common.charts.scales import full, percent_text
from projects.models import Environment

ONE = timedelta(seconds=15)  # for a question, because other jobs wait
ALL_SECONDS = 30.0  # for the questions of a mail
MOST_ROWS, ROWS_OF_TILE, MOST_COLUMNS = 40, 7, 9
TOO_LONG = "Not asked: what stands before took too long."
CANNOT = "This could not be answered: {}"
HIDES_PEOPLE = f"{ABOUT_PEOPLE} It is not sent to this address."
HIDES_ADDRESSES = f"{HOLDS_ADDRESSES} It is not sent to this address."


@dataclass(frozen=True)
class Section:
    """One answer, or a heading (`title` alone), or a text (`text` alone). `problem` says why there is no answer."""

    title: str = ""
    text: str = ""
    sentence: str = ""
    problem: str = ""
    figure: KeyFigure | None = None
    picture: bytes = b""
    legend: tuple[LegendItem, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    is_cut: bool = False  # the page has more rows or columns
    rows_below: bool = True  # in HTML, where a picture may do
    notes: tuple[tuple[str, str], ...] = ()  # when, what


def found(subscription: Subscription) -> Report | Dashboard | None:
    """What it is about; None if that was deleted."""
    return kept.report_or_dashboard(subscription.environment, subscription.noun, subscription.lineage)


def sections(thing: Report | Dashboard, now: datetime, shows_people: bool) -> list[Section]:
    """All that the mail shows of it; without `shows_people` no notes either, for teammates write them for one another.

    Raises PASSING failures, which are a matter of trying again.
    """
    environment = thing.environment
    if isinstance(thing, Report):
        return [_answered(environment, "", thing.kind, actions.parameters_of(thing), now, ONE, shows_people)]
    return list(_tiles(thing, now, shows_people))


def _tiles(dashboard: Dashboard, now: datetime, shows_people: bool) -> Iterator[Section]:
    until = time.monotonic() + ALL_SECONDS
    chosen = range_of(dashboard.body)
    for tile, report in kept.tiles_with_reports(dashboard):
        if not tile.asks:
            yield Section(title=tile.heading, text=tile.text)
            continue
        title = report.name if report else tile.name
        left = timedelta(seconds=until - time.monotonic())
        if left < timedelta(seconds=1):
            yield Section(title=title, problem=TOO_LONG)
            continue
        kind, asked = kept.question_of(tile, report, chosen)
        limit = min(ONE, left)
        section = _answered(dashboard.environment, title, kind, asked, now, limit, shows_people, of_tile=True)
        if tile.shows is Shows.NUMBER:
            section = replace(section, picture=b"", legend=(), rows=(), notes=(), is_cut=False)
        yield section


def _answered(
    environment: Environment,
    title: str,
    kind: str,
    parameters: dict[str, list[str]],
    now: datetime,
    limit: timedelta,
    shows_people: bool,
    of_tile: bool = False,
) -> Section:
    parsed = parse(kind, parameters, Scope.of(environment))
    if parsed.query is None:
        return Section(title=title, problem=CANNOT.format(" ".join(parsed.errors.values())))
    if not shows_people and may_tell_who(parsed.query):
        return Section(title=title, problem=HIDES_PEOPLE)
    try:
        glossary = glossary_for(parsed.query)
        sentence = kind_named(kind).sentence(parsed.query, glossary)
        result = run(parsed.query, now=now, limit=limit)
    except PASSING:
        raise
    except (BadQuery, QueryFailed) as error:
        return Section(title=title, problem=CANNOT.format(error.message))
    if not shows_people and has_addresses(result, [title, sentence]):
        return Section(title=title, problem=HIDES_ADDRESSES)
    view = show(result, kind_named(kind).words(parsed.query, glossary))
    section = Section(title=title, sentence=sentence, figure=view.headline)
    if view.is_empty:
        return replace(section, text="There is nothing to show for this yet.")
    if isinstance(parsed.query, LISTS):  # people are listed on the page alone
        return section
    notes = _notes(environment, view) if shows_people else []
    return _filled(section, view, notes, of_tile)


def _filled(section: Section, view: AnswerView, notes: list[Happened], of_tile: bool) -> Section:
    chart = getattr(view, "chart", None)
    picture = b""
    if chart:
        marks = marks_of_tile(view.time_axis.buckets, notes) if view.time_axis else ""
        picture = png(chart, marks)
    table: Table = getattr(view, "table", None) or view.result.table()
    legend: tuple[LegendItem, ...] = getattr(view, "legend", ())
    most = ROWS_OF_TILE if of_tile else MOST_ROWS
    rows = table.rows[-most:] if view.time_axis else table.rows[:most]  # the newest, or the first of an order
    return replace(
        section,
        picture=picture,
        legend=tuple(legend),
        columns=tuple(column.name for column in table.columns[:MOST_COLUMNS]),
        rows=tuple(_row(table, row) for row in rows),
        rows_below=not (of_tile and chart and (legend or section.figure)),
        is_cut=len(table.rows) > most or len(table.columns) > MOST_COLUMNS,
        notes=tuple((note.when, note.text) for note in notes),
    )


def _notes(environment: Environment, view: AnswerView) -> list[Happened]:
    own = [bucket for bucket in view.time_axis.buckets if bucket] if view.time_axis else []
    if not own:
        return []
    zone = ZoneInfo(environment.project.time_zone)
    rows, _ = notes_between(environment.pk, own[0].start, own[-1].end, zone)
    return [Happened(note.begins(zone), number, note.when(zone), note.text) for number, note in enumerate(rows, 1)]


def _row(table: Table, row: tuple[Cell, ...]) -> tuple[str, ...]:
    return tuple(_written(cell, column.shown) for cell, column in zip(row, table.columns[:MOST_COLUMNS], strict=False))


def _written(cell: Cell, shown: Shown) -> str:
    if cell is None:
        return "–" if shown in (Shown.NUMBER, Shown.PERCENT) else ""
    if isinstance(cell, str):
        return cell
    return percent_text(cell) if shown is Shown.PERCENT else full(cell)
