"""A number with its noun, one way for all pages, mails and messages: "1 event", "1,200 events", "1 person", "2 people".

Templates have `counted` and `noun` as filters, without loading them.
"""

from django import template

PLURALS = {"person": "people", "has": "have", "is": "are", "was": "were", "it": "they"}

register = template.Library()


@register.filter
def noun(number: object, one: str) -> str:
    """The noun, or a word that goes with it, as it follows this number; a text stands for more than one."""
    if number == 1 or number == "1":
        return one
    head, space, last = one.rpartition(" ")
    if last.endswith("y") and last[-2:-1] not in tuple("aeiou"):
        last = f"{last[:-1]}ies"
    elif last.endswith(("s", "x", "ch", "sh")) and last not in PLURALS:
        last = f"{last}es"
    else:
        last = PLURALS.get(last, f"{last}s")
    return head + space + last


@register.filter
def counted(number: object, one: str) -> str:
    """The number, with separators, and its noun. A text is taken as it is: "over 1,000,000 events"."""
    shown = f"{number:,}" if isinstance(number, int) else str(number)
    return f"{shown} {noun(number, one)}"
