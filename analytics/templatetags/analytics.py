"""How analytics prints moments, numbers and values."""

import json
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from analytics import describing
from analytics.charts.scales import full, percent_text
from analytics.results import Cell, Column, PersonRow, Shown, Table

register = template.Library()


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
    """A property's value as it was sent: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


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
def body_rows(table: Table, has_total: bool) -> list[list[dict[str, Any]]]:
    """All rows of a result's table written out, without the last one where that is of the whole range."""
    return [_cells(row, table.columns) for row in (table.rows[:-1] if has_total else table.rows)]


@register.filter
def total_rows(table: Table) -> list[list[dict[str, Any]]]:
    """The last row alone."""
    return [_cells(row, table.columns) for row in table.rows[-1:]]


@register.filter
def person_name(person: PersonRow) -> str:
    """How a person of a list is called."""
    return describing.person_name(person.actor_id, person.identity)


def _cells(row: tuple[Cell, ...], columns: tuple[Column, ...]) -> list[dict[str, Any]]:
    """A row's cells as text, each written as its column says."""
    return [
        {"text": _written(cell, column.shown), "is_number": column.shown in (Shown.NUMBER, Shown.PERCENT)}
        for cell, column in zip(row, columns, strict=True)
    ]


def _written(cell: Cell, shown: Shown) -> str:
    if cell is None:
        return "–" if shown in (Shown.NUMBER, Shown.PERCENT) else ""
    if isinstance(cell, str):
        return cell
    return percent_text(cell) if shown is Shown.PERCENT else full(cell)
