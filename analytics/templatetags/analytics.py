"""How analytics prints moments, numbers and values."""

from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from analytics.charts.scales import full, percent_text
from analytics.questions import parameters
from analytics.questions.query import Query
from analytics.questions.results import Cell, Column, Shown, Table, as_text

register = template.Library()
NUMERIC = (Shown.NUMBER, Shown.PERCENT)


@register.filter
def clock(moment: datetime) -> SafeString:
    """A moment to the second: only the clock for today, else the day too; the whole of it with the zone on hover."""
    local = timezone.localtime(moment)
    is_today = local.date() == timezone.localdate()
    text = local.strftime("%H:%M:%S") if is_today else local.strftime("%-d %b %H:%M:%S")
    return _time(local, text)


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """A moment to the minute, exact with the zone on hover; a dash for None."""
    if value is None:
        return "–"
    local = timezone.localtime(value)
    return _time(local, local.strftime("%-d %b %Y, %H:%M"))


def _time(local: datetime, text: str) -> SafeString:
    exact = f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}"
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), exact, text)


@register.filter
def plain(value: Any) -> str:
    """A property's value as text, as CSV and conditions have it."""
    return as_text(value) or ("null" if value is None else "")


@register.filter
def pairs(values: dict[str, Any]) -> list[tuple[str, Any]]:
    """Names and values; `values.items` in a template would find a property that is named "items"."""
    return list(values.items())


@register.filter
def number(value: float | None) -> str:
    """With separators, at most two decimals."""
    return full(value)


@register.filter
def percent(share: float | None) -> str:
    """A share that is in percent already."""
    return percent_text(share)


@register.filter
def value_of(values: dict[str, Any], name: str) -> str:
    """One of a person's properties; nothing when they lack it."""
    return plain(values[name]) if name in values else ""


@register.filter
def querystring(query: Query) -> str:
    """The question as the part of a URL after the question mark."""
    return parameters.querystring(query)


# A result can have thousands of cells, and a template takes its time for each: these rows are put together here.


@register.filter
def body_rows(table: Table, has_total: bool) -> SafeString:
    """All rows of a result's table, without the last one where that is of the whole range."""
    rows = table.rows[:-1] if has_total else table.rows
    return SafeString("".join(_row(row, table.columns, at in table.incomplete) for at, row in enumerate(rows)))


@register.filter
def total_rows(table: Table) -> SafeString:
    """The last row alone."""
    return SafeString(_row(table.rows[-1], table.columns))


def _row(row: tuple[Cell, ...], columns: tuple[Column, ...], incomplete: bool = False) -> str:
    """The first cell names the row; each is written as its column says."""
    name, *cells = (escape(_written(cell, column.shown)) for cell, column in zip(row, columns, strict=True))
    kinds = (' class="number"' if column.shown in NUMERIC else "" for column in columns[1:])
    rest = "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(cells, kinds, strict=True))
    mark = ' <span class="faint">incomplete</span>' if incomplete else ""
    return f'<tr><th scope="row" class="sticky nowrap">{name}{mark}</th>{rest}</tr>'


def _written(cell: Cell, shown: Shown) -> str:
    if cell is None:
        return "–" if shown in NUMERIC else ""
    if isinstance(cell, str):
        return cell
    return percent_text(cell) if shown is Shown.PERCENT else full(cell)
