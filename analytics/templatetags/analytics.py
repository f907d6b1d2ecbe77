"""Template filters and tags of analytics: they print times, numbers and values."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from analytics.charts.buttons import number_button
from analytics.questions import parameters
from analytics.questions.query import Query
from analytics.questions.results import Cell, Shown, Table, as_text
from analytics.questions.words import elapsed_words
from common.charts.scales import full, percent_text

register = template.Library()
MINUTE = "%-d %b %Y, %H:%M"
NUMERIC = (Shown.NUMBER, Shown.PERCENT)
CLASSES = {**dict.fromkeys(NUMERIC, ' class="number"'), Shown.TIME: ' class="nowrap"'}


@register.filter
def clock(moment: datetime) -> SafeString:
    """A time to the second: without the day if it is today. On hover the full time with its zone."""
    local = timezone.localtime(moment)
    is_today = local.date() == timezone.localdate()
    text = local.strftime("%H:%M:%S") if is_today else local.strftime("%-d %b %H:%M:%S")
    return _time(local, text)


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """A time to the minute; on hover the exact time with its zone. None is a dash."""
    if value is None:
        return "–"
    local = timezone.localtime(value)
    return _time(local, local.strftime(MINUTE))


def _time(local: datetime, text: str) -> SafeString:
    exact = f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}"
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), exact, text)


@register.filter
def plain(value: Any) -> str:
    """A property's value as text, the same as in CSV and in conditions."""
    return as_text(value) or ("null" if value is None else "")


@register.filter
def pairs(values: dict[str, Any]) -> list[tuple[str, Any]]:
    """Names and values. In a template, `values.items` would find a property named "items" instead."""
    return list(values.items())


@register.filter
def number(value: float | None) -> str:
    """A number with separators and few decimals."""
    return full(value)


@register.filter
def percent(share: float | None) -> str:
    """A share; the value is already in percent."""
    return percent_text(share)


@register.filter
def duration(value: timedelta | None) -> str:
    """ "3 minutes 5 seconds", cut to whole seconds; None is a dash."""
    return elapsed_words(None if value is None else int(value.total_seconds()))


@register.filter
def value_of(values: dict[str, Any], name: str) -> str:
    """One of a person's properties; empty if they do not have it."""
    return plain(values[name]) if name in values else ""


@register.filter
def titled(pages: list[tuple[str, str]], text: str) -> list[tuple[str, str]]:
    """Those of some pages, (label, url), whose label has the text in it."""
    return [page for page in pages if text.lower() in page[0].lower()]


@register.filter
def querystring(query: Query) -> str:
    """The question as the part of a URL after the question mark."""
    return parameters.querystring(query)


# A result can have thousands of cells, and a template is slow for each of them. So Python builds these rows.


@register.filter
def body_rows(table: Table, has_total: bool) -> SafeString:
    """All rows of a result's table, without the last one if it is the total row."""
    rows = range(len(table.rows) - 1 if has_total else len(table.rows))
    return SafeString("".join(_row(table, at) for at in rows))


@register.filter
def total_rows(table: Table) -> SafeString:
    """The last row only."""
    return SafeString(_row(table, len(table.rows) - 1))


@register.filter
def without_places(table: Table) -> Table:
    """The table without buttons, for pages without the form that these send (analytics/answer.html)."""
    return replace(table, behind=())


@register.filter
def with_moments(table: Table) -> Table:
    """The table of a list of people or sessions, whose times are written for programs, with times for people."""
    are_times = [column.shown is Shown.TIME for column in table.columns]
    rows = (
        tuple(_minute(cell) if is_time else cell for cell, is_time in zip(row, are_times, strict=True))
        for row in table.rows
    )
    return replace(table, rows=tuple(rows))


def _minute(cell: Cell) -> Cell:
    return datetime.fromisoformat(str(cell)).strftime(MINUTE) if cell else cell


@register.filter
def behind(number: str, place: str) -> SafeString | str:
    """A number, already as text, as a button that opens what is behind it; as it is without a place."""
    return number_button(number, place)


def _row(table: Table, at: int) -> str:
    """One row as HTML. The first cell names the row; each cell is formatted as its column says.

    Numbers other than 0 are buttons if they have a place.
    """
    row, columns, is_apart = table.rows[at], table.columns, at in table.apart
    first, *cells = (str(escape(_written(cell, column.shown))) for cell, column in zip(row, columns, strict=True))
    if table.behind and table.behind[at]:
        places = (table.place(at, column) if row[column] else "" for column in range(1, len(row)))
        cells = [number_button(cell, place) if place else cell for cell, place in zip(cells, places, strict=True)]
    kinds = (CLASSES.get(column.shown, "") for column in columns[1:])
    rest = "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(cells, kinds, strict=True))
    mark = ' <span class="faint">incomplete</span>' if at in table.incomplete else ""
    name = f'<em class="soft">{first}</em>' if is_apart else first
    return f'<tr><th scope="row" class="sticky nowrap">{name}{mark}</th>{rest}</tr>'


def _written(cell: Cell, shown: Shown) -> str:
    if cell is None:
        return "–" if shown in NUMERIC else ""
    if isinstance(cell, str):
        return cell
    return percent_text(cell) if shown is Shown.PERCENT else full(cell)
