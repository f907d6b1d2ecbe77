"""A tiny chart of bars as the `d` of one SVG path. Pure; the page sets size and colour."""

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 12.0
WIDTH_OF_BAR = 3.0
GAP = 1.0
LEAST = 1.0
"""The smallest height of a bar that is not zero, so that one event is visible beside a thousand."""


@dataclass(frozen=True)
class Bars:
    """Counts of successive time spans, oldest first, as a tiny chart (templates/components/spark.html)."""

    counts: Sequence[int]

    @property
    def total(self) -> int:
        return sum(self.counts)

    @property
    def path(self) -> str:
        return path(self.counts)

    @property
    def view_box(self) -> str:
        return f"0 0 {width(len(self.counts)):g} {HEIGHT:g}"


def path(values: Sequence[int]) -> str:
    """Bars from left to right, the tallest `HEIGHT` high. Zeros get no bar."""
    highest = max(values, default=0)
    return "".join(
        _bar(number * (WIDTH_OF_BAR + GAP), max(value / highest * HEIGHT, LEAST))
        for number, value in enumerate(values)
        if value > 0
    )


def width(count: int) -> float:
    """The width of a chart with `count` bars."""
    return count * (WIDTH_OF_BAR + GAP) - GAP


def _bar(x: float, height: float) -> str:
    return f"M{x:g} {HEIGHT:g}v-{round(height, 2):g}h{WIDTH_OF_BAR:g}V{HEIGHT:g}z"
