"""Words and counts for support's pages."""

from typing import Any

from django import template

from support.models.status import State
from support.status.render import WORDS

register = template.Library()


@register.filter
def count_of(bars: list[dict[str, Any]], kind: str) -> int:
    """How many bars of a strip are of one kind ("good", "warn", "bad", "none")."""
    return sum(bar["kind"] == kind for bar in bars)


@register.filter
def state_word(state: State | None) -> str:
    """ "up", "degraded", "down"; "not measured" for None."""
    return "not measured" if state is None else WORDS[state]
