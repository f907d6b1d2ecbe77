"""Axes at round values, and numbers in few characters."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from common.time_units import Unit

ROUND_STEPS = (1, 2, 2.5, 5, 10)
COMPACT = ((1_000_000_000_000, "T"), (1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k"))
MAX_X_LABELS = 8
MOST_DECIMALS = 6


@dataclass(frozen=True)
class Scale:
    """A vertical axis from the first to the last of `ticks`, of which one is 0: mostly the first."""

    ticks: tuple[float, ...]

    @property
    def top(self) -> float:
        return self.ticks[-1]

    def percent(self, value: float) -> float:
        """How high `value` is on the axis, in percent of its length."""
        return 100 * (value - self.ticks[0]) / (self.top - self.ticks[0])


def scale(largest: float, ticks: int = 4, whole: bool = True, lowest: float = 0) -> Scale:
    """An axis from 0 to at least `largest`, with about `ticks` steps of a round size. `whole` allows no fractions.

    With a `lowest` below 0 it goes down to that in the same steps. If both are 0, or nearly 0, the axis is from 0 to 1.
    """
    farthest = max(largest, -lowest)
    if not math.isfinite(farthest) or farthest < 1e-6:
        return Scale((0, 1))
    magnitude = 10 ** math.floor(math.log10(farthest / ticks))
    steps = [factor * magnitude for factor in ROUND_STEPS]
    if whole:
        steps = [step for step in steps if step >= 1 and float(step).is_integer()] or [1]
    step = next((each for each in steps if each * ticks >= farthest), steps[-1])
    up, down = (math.ceil(far / step - 1e-9) for far in (max(largest, 0), -lowest))
    return Scale(tuple(_clean(number * step) for number in range(-down, max(up, 1 - down) + 1)))


def _clean(value: float) -> float:
    rounded = round(value, 12)
    return int(rounded) if float(rounded).is_integer() else rounded


def compact(value: float) -> str:
    """An axis label: 950, 1,500, 25k, 2.5M, 2,500T. Exact for round values."""
    if abs(value) >= 10_000:
        for size, suffix in COMPACT:
            if abs(value) >= size:
                return full(float(f"{value / size:.3g}")) + suffix
    return full(value)


def full(value: float | Decimal | None) -> str:
    """A number with separators and at most two decimals, below 1 three digits; a dash for None."""
    if value is None:
        return "–"
    if value == int(value):
        return f"{int(value):,}"
    size = abs(float(value))
    decimals = 2 if size >= 1 else min(2 - math.floor(math.log10(size)), MOST_DECIMALS)
    return f"{value:,.{decimals}f}".rstrip("0").rstrip(".")


def percent_text(share: float | Decimal | None) -> str:
    """A share in percent with one decimal; a dash for None."""
    return "–" if share is None else f"{share:,.1f}%"


@dataclass(frozen=True)
class XLabel:
    """A label under bucket `index`. A `minor` label is hidden where space is short."""

    index: int
    text: str
    minor: bool


def bucket_labels(starts: Sequence[datetime], unit: Unit) -> list[XLabel]:
    """At most MAX_X_LABELS labels at round times: midnights, first days of months, or else every n-th bucket.

    `starts` are local times, in order.
    """
    candidates = _round_places(starts, unit)
    stride = math.ceil(len(candidates) / MAX_X_LABELS) if candidates else 1
    chosen = candidates[::stride]
    return [
        XLabel(index, _short(starts[index], unit, starts[chosen[number - 1]] if number else None), number % 2 == 1)
        for number, index in enumerate(chosen)
    ]


def numbered_labels(count: int, what: str) -> list[XLabel]:
    """Labels "Week 1", 2, 3… under `count` buckets, at most MAX_X_LABELS of them. Only the first has `what`, if any."""
    stride = math.ceil(count / MAX_X_LABELS) if count else 1
    return [
        XLabel(index, str(index + 1) if place else f"{what} 1".strip(), place % 2 == 1)
        for place, index in enumerate(range(0, count, stride))
    ]


def _round_places(starts: Sequence[datetime], unit: Unit) -> list[int]:
    everywhere = list(range(len(starts)))
    if unit is Unit.HOUR and len(starts) > 48:
        return [index for index in everywhere if starts[index].hour == 0] or everywhere
    if unit is Unit.DAY and len(starts) > 92:
        return [index for index in everywhere if starts[index].day == 1] or everywhere
    return everywhere


def _short(start: datetime, unit: Unit, previous: datetime | None) -> str:
    day = f"{start.day} {start:%b}"
    if unit is Unit.HOUR:
        is_new_day = previous is None or previous.date() != start.date()
        if start.hour == 0:
            return day
        return f"{day} {start:%H:%M}" if is_new_day else f"{start:%H:%M}"
    if previous is not None and previous.year == start.year:
        return f"{start:%b}" if unit is Unit.MONTH else day
    return f"{start:%b %Y}" if unit is Unit.MONTH else f"{day} {start.year}" if previous else day


def bucket_name(start: datetime, unit: Unit) -> str:
    """A bucket's full name for the chart's tip: "Tue 3 Mar 2026, 14:00 CET". `start` is local."""
    match unit:
        case Unit.HOUR:
            return f"{start:%a} {start.day} {start:%b %Y, %H:%M %Z}".strip()
        case Unit.DAY:
            return f"{start:%a} {start.day} {start:%b %Y}"
        case Unit.WEEK:
            return f"Week from {start.day} {start:%b %Y}"
        case Unit.MONTH:
            return f"{start:%B %Y}"
