"""How analytics prints moments, numbers and values."""

import json
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

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
