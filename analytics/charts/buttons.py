"""Numbers that lead to what is behind them (docs/decisions/behind-a-number.md)."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.utils.html import escape
from django.utils.safestring import SafeString

from analytics.questions.behind import AT, NUMBER_AFTER

_none: ContextVar[bool] = ContextVar("no_buttons", default=False)


@contextmanager
def no_buttons() -> Iterator[None]:
    """Until the end no number leads anywhere, whatever draws it: for readers who may not see what is behind."""
    token = _none.set(True)
    try:
        yield
    finally:
        _none.reset(token)


def number_button(number: str, place: str) -> SafeString | str:
    """A number, already as text, as a button that opens what is behind it; as it is without a place.

    It belongs to the form "behind" of analytics/answer.html, which holds the question once for all its numbers. It
    sends its place, and the number as it is shown.
    """
    if not place or _none.get():
        return number
    number, value = escape(number), escape(f"{place}{NUMBER_AFTER}{number}")
    return SafeString(f'<button class="behind" form="behind" name="{AT}" value="{value}">{number}</button>')
