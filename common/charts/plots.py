"""From numbers to marks. All positions are percentages of the plot: x from the left, y from the top."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from common.charts.scales import Scale, scale

MAX_SERIES = 8
Value = float | None


@dataclass(frozen=True)
class Line:
    """The values of one series, one per bucket. None is a bucket without a value (such as a share of nobody).

    `groups`: of how many groups it is; all others together (`is_other`) are several. `behind`: its part of the place of
    its numbers, to which the bucket's is added; without it, nothing stands behind them.
    """

    name: str
    values: tuple[Value, ...]
    is_other: bool = False
    groups: int = 1
    behind: str = ""


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    bucket: int
    value: float


@dataclass(frozen=True)
class Path:
    """A run of points without a gap. An `incomplete` path leads out of an incomplete bucket, or is its point alone."""

    points: tuple[Point, ...]
    incomplete: bool = False


@dataclass(frozen=True)
class DrawnLine:
    name: str
    colour: str  # "1" to "8", or "other"
    paths: tuple[Path, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    bucket: int
    value: float
    incomplete: bool


@dataclass(frozen=True)
class DrawnBars:
    name: str
    colour: str
    bars: tuple[Bar, ...]


def colours(lines: Sequence[Line]) -> list[str]:
    """A colour for each line, by its position. Everything else is always grey."""
    return ["other" if each.is_other else str(number % MAX_SERIES + 1) for number, each in enumerate(lines)]


def center(bucket: int, buckets: int) -> float:
    """The middle of a bucket's band."""
    return 100 * (bucket + 0.5) / buckets


def value_scale(lines: Sequence[Line], stacked: bool = False) -> Scale:
    """An axis that is long enough for every value, or for every stack. What is below zero is stacked downwards."""
    values = [value for each in lines for value in each.values if value is not None]
    ends = values
    if stacked:
        stacks = list(zip(*(each.values for each in lines), strict=True))
        ends = [sum(value for value in stack if value and value * sign > 0) for stack in stacks for sign in (1, -1)]
    whole = all(float(value).is_integer() for value in values)
    return scale(max(ends, default=0), whole=whole, lowest=min([0, *ends]))


def line_marks(lines: Sequence[Line], complete: Sequence[bool], axis: Scale) -> list[DrawnLine]:
    """Each line as paths between gaps. Where it leads out of an incomplete bucket, it is a separate path.

    None leads into an incomplete bucket, which is a point of its own: a line would fall because the day is young.
    """
    drawn = []
    for line, colour in zip(lines, colours(lines), strict=True):
        places = [
            None if value is None else Point(center(index, len(complete)), 100 - axis.percent(value), index, value)
            for index, value in enumerate(line.values)
        ]
        points = tuple(each for each in places if each is not None)
        drawn.append(DrawnLine(line.name, colour, tuple(_runs(places, complete)), points))
    return drawn


def _runs(places: Sequence[Point | None], complete: Sequence[bool]) -> list[Path]:
    runs: list[list[Point]] = []
    dashed: list[Path] = []
    previous: Point | None = None
    for place in places:
        if place is not None:
            if previous is None:
                runs.append([place])
            elif complete[previous.bucket] and complete[place.bucket]:
                runs[-1].append(place)
            else:
                if complete[place.bucket]:
                    dashed.append(Path((previous, place), incomplete=True))
                runs.append([place])
        previous = place
    reached = {point for path in dashed for point in path.points}
    drawn = [run for run in runs if len(run) > 1 or run[0] not in reached]
    return [*(Path(tuple(run), incomplete=not complete[run[0].bucket]) for run in drawn), *dashed]


def bar_marks(lines: Sequence[Line], complete: Sequence[bool], axis: Scale, stacked: bool) -> list[DrawnBars]:
    """Bars side by side in each bucket's band, or on top of one another. Those below zero hang from it."""
    buckets, rows = len(complete), len(lines)
    band = 100 / buckets if buckets else 100
    room = band * (0.72 if rows == 1 or stacked else 0.84)
    width = room if stacked else room / max(rows, 1)
    zero = axis.percent(0)
    heaps = {above: [zero] * buckets for above in (True, False)}  # where the next bar of each stack begins
    drawn = []
    for row, (line, colour) in enumerate(zip(lines, colours(lines), strict=True)):
        bars = []
        for index, value in enumerate(line.values):
            if not value:
                continue
            height = axis.percent(value) - zero
            x = center(index, buckets) - room / 2 + (0 if stacked else row * width)
            begin = heaps[value > 0][index]
            top = 100 - max(begin, begin + height)
            bars.append(Bar(x, top, width, abs(height), index, value, not complete[index]))
            heaps[value > 0][index] += height if stacked else 0
        drawn.append(DrawnBars(line.name, colour, tuple(bars)))
    return drawn


@dataclass(frozen=True)
class Step:
    """The bar of one side in one step of a funnel, in percent: its `width`, and the width of the step `before`."""

    label: str
    count: int
    width: float
    before: float  # for the first step its own width
    colour: str


def funnel_marks(labels: Sequence[str], sides: Sequence[tuple[int, ...]]) -> list[list[Step]]:
    """For each step, one bar per side. 100 is everybody in the side's first step: sides are compared by share."""
    steps = []
    for number, label in enumerate(labels):
        row = []
        for side, counts in enumerate(sides):
            first = counts[0] or 1
            width = 100 * counts[number] / first
            before = 100 * counts[max(number - 1, 0)] / first
            row.append(Step(label, counts[number], width, before, str(side % MAX_SERIES + 1)))
        steps.append(row)
    return steps


@dataclass(frozen=True)
class Shades:
    """Shades of cells by the range of their own table: 0 for nothing, 1 for the least share above, 10 for the most."""

    least: float
    most: float

    @classmethod
    def of(cls, shares: Iterable[float | None]) -> "Shades":
        above = [share for share in shares if share]
        return cls(min(above, default=0), max(above, default=0))

    def __call__(self, share: float | None) -> int:
        if not share:
            return 0
        if self.most == self.least:
            return 10
        return 1 + round(9 * (share - self.least) / (self.most - self.least))
