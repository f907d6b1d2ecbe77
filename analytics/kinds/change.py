"""How far a number is from that of an earlier range, in words: never by a colour alone."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from analytics.questions.results import Number
from common.charts.scales import full, percent_text

ARROWS = {1: "▲", -1: "▼", 0: ""}
SIGNS = {1: "+", -1: "\N{MINUS SIGN}", 0: ""}
SPOKEN = {1: "up ", -1: "down ", 0: ""}


@dataclass(frozen=True)
class Change:
    """ "▲ +25.0%", for screen readers "up 25.0%", from `before`, "24", `when`: "on 27 Nov 2026, until 10:00".

    `text` is empty where one of the numbers has no value.
    """

    arrow: str
    text: str
    spoken: str
    before: str
    when: str


def change(
    now: Number | None,
    before: Number | None,
    when: str,
    *,
    in_points: bool = False,
    shown: Callable[[Any], str] = full,
) -> Change:
    """The difference in percent, from 0 as a number; `in_points` between two percentages."""
    if now is None or before is None:
        return Change("", "", "", shown(before), when)
    difference = Fraction(now) - Fraction(before)
    way = (difference > 0) - (difference < 0)
    if not way:
        return Change("", "no change", "no change", shown(before), when)
    if in_points:
        far = f"{float(abs(difference)):,.1f} points"
    elif before:
        far = percent_text(float(abs(100 * difference / Fraction(before))))
    else:
        far = shown(abs(now))
    return Change(ARROWS[way], SIGNS[way] + far, SPOKEN[way] + far, shown(before), when)
