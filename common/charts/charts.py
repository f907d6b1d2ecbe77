"""Whole charts as SVG: a plot that stretches, with labels beside and below that keep their size.

For screen readers the plot is one image, whose title says what it shows; the numbers are in the table behind it. Each
bucket has a target for the pointer. The target's title lists the values; analytics-charts.js shows them as a tip.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from common.charts import svg
from common.charts.plots import DrawnLine, Line, Value, bar_marks, center, colours, line_marks, value_scale
from common.charts.scales import Scale, XLabel, bucket_labels, bucket_name, compact, full, numbered_labels
from common.time_units import Unit

MOST_POINTS = 600  # up to this many values, each has a dot that shows under the pointer
LABEL_WIDTH = 7  # pixels: a wide digit at the size of axis labels


@dataclass(frozen=True)
class Across:
    """The horizontal axis: each bucket's name, whether it is complete, and the labels below.

    `before` are the names of earlier buckets, where lines have a pale one of these.
    """

    names: tuple[str, ...]
    complete: tuple[bool, ...]
    labels: tuple[XLabel, ...]
    before: tuple[str, ...] = ()


def across_time(starts: Sequence[datetime], complete: Sequence[bool], unit: Unit) -> Across:
    """A horizontal axis of time, from the local starts of the buckets."""
    names = (
        bucket_name(start, unit) + ("" if whole else " (incomplete)")
        for start, whole in zip(starts, complete, strict=True)
    )
    return Across(tuple(names), tuple(complete), tuple(bucket_labels(starts, unit)))


def across_periods(unit: Unit, count: int) -> Across:
    """A horizontal axis of periods after the first one: "Week 1", "Week 2"…"""
    numbers = range(1, count + 1)
    return Across(
        tuple(f"{unit.capitalize()} {number}" for number in numbers),
        (True,) * count,
        tuple(numbered_labels(count, unit.capitalize())),
    )


def line_chart(
    lines: Sequence[Line], across: Across, title: str, suffix: str = "", before: Sequence[Line] = ()
) -> SafeString:
    """Draw lines. A single line gets its area filled. `suffix` follows every number ("%").

    `before` has a pale line for each, of `across.before`, or nothing.
    """
    axis = value_scale([*lines, *before])
    drawn = line_marks(lines, across.complete, axis)
    floor = 100 - axis.percent(0)
    marks = [*_pale(before, axis, floor), *(_line(each, floor, filled=len(drawn) == 1) for each in drawn)]
    return _framed(lines, across, axis, title, [svg.stretched(*marks), *_lone_points(drawn)], drawn, suffix, before)


def _pale(before: Sequence[Line], axis: Scale, floor: float) -> list[SafeString]:
    complete = [True] * max((len(each.values) for each in before), default=0)
    return [_line(each, floor, pale=True) for each in line_marks(before, complete, axis)]


def bar_chart(
    lines: Sequence[Line], across: Across, title: str, stacked: bool = False, before: Sequence[Line] = ()
) -> SafeString:
    """Draw bars over time, side by side or stacked. Stack only what may be added up.

    `before` has hollow bars for each line, if they are not stacked.
    """
    stacked = stacked and len(lines) > 1
    together = [*lines, *before]
    axis = value_scale(together, stacked)
    classes = [f"series-{colour}" for colour in colours(lines)]
    classes += [f"series-{colour} chart__hollow series-{colour}-before" for colour in colours(before)]
    marks = [
        svg.element(
            "g",
            *(
                svg.element(
                    "rect",
                    class_="chart__bar" + (" chart__bar--incomplete" if bar.incomplete and at < len(lines) else ""),
                    x=svg.percent(bar.x),
                    y=svg.percent(bar.y),
                    width=svg.percent(bar.width),
                    height=svg.percent(bar.height),
                    data_at=_place(line, bar.bucket),
                )
                for bar in each.bars
            ),
            class_=f"chart__series {classes[at]}",
        )
        for at, (each, line) in enumerate(
            zip(bar_marks(together, across.complete, axis, stacked), together, strict=True)
        )
    ]
    return _framed(lines, across, axis, title, marks, [], "", before, stacked)


def _line(line: DrawnLine, floor: float, *, filled: bool = False, pale: bool = False) -> SafeString:
    parts = []
    for path in line.paths:
        places = [(point.x, point.y) for point in path.points]
        if filled and len(places) > 1:
            area = [(places[0][0], floor), *places, (places[-1][0], floor)]
            parts.append(svg.element("polygon", class_="chart__area", points=svg.points(area)))
        if len(places) > 1:
            dashed = " chart__line--incomplete" if path.incomplete else ""
            parts.append(svg.element("polyline", class_=f"chart__line{dashed}", points=svg.points(places)))
    kind = f" chart__pale series-{line.colour}-before" if pale else ""
    return svg.element("g", *parts, class_=f"chart__series series-{line.colour}{kind}")


POINT_OF = {False: "chart__point", True: "chart__point chart__point--incomplete"}


def _lone_points(lines: Sequence[DrawnLine]) -> list[SafeString]:
    """Dots for values that no line shows: without a neighbour, or of a bucket that is not over yet, which are pale."""
    return [
        svg.element(
            "circle",
            cx=svg.percent(path.points[0].x),
            cy=svg.percent(path.points[0].y),
            r=3,
            class_=f"{POINT_OF[path.incomplete]} chart__series series-{line.colour}",
        )
        for line in lines
        for path in line.paths
        if len(path.points) == 1
    ]


def _framed(
    lines: Sequence[Line],
    across: Across,
    axis: Scale,
    title: str,
    marks: Sequence[SafeString],
    drawn: Sequence[DrawnLine],
    suffix: str,
    before: Sequence[Line],
    stacked: bool = False,
) -> SafeString:
    """The marks on a grid, with the labels of both axes and a target for each bucket.

    A plot of several lines has their values too: chart-scale.js draws it to another scale when some are hidden.
    """
    plot = svg.element(
        "svg",
        svg.element("title", title),
        *_grid(axis),
        *marks,
        *_targets(lines, across, drawn, suffix, before),
        class_="chart__plot",
        role="img",
        aria_label=title,
        data_values=_values(lines, before) if len(lines) > 1 else None,
        data_stacked="" if stacked else None,
        data_suffix=suffix or None,
    )
    return svg.together([_value_labels(axis, suffix), plot, _labels_below(across)])


def _values(lines: Sequence[Line], before: Sequence[Line]) -> str:
    """ "1:3,,2.5;other:1,0,0;1-before:4,2,1": the values of each line by its colour; nothing where there is none."""
    named = [*zip(colours(lines), lines, strict=True)]
    named += [(f"{colour}-before", line) for colour, line in zip(colours(before), before, strict=True)]
    return ";".join(
        f"{name}:{','.join('' if value is None else f'{value:.12g}' for value in line.values)}" for name, line in named
    )


def _grid(axis: Scale) -> list[SafeString]:
    return [
        svg.element(
            "line",
            class_="chart__axis" if tick == 0 else "chart__grid",
            x1=0,
            x2="100%",
            y1=svg.percent(100 - axis.percent(tick)),
            y2=svg.percent(100 - axis.percent(tick)),
        )
        for tick in axis.ticks
    ]


def _value_labels(axis: Scale, suffix: str) -> SafeString:
    texts = [compact(tick) + suffix for tick in axis.ticks]
    width = LABEL_WIDTH * max(len(text) for text in texts) + 8
    labels = [
        svg.element("text", text, x=width - 8, y=svg.percent(100 - axis.percent(tick)), dy="0.32em", text_anchor="end")
        for tick, text in zip(axis.ticks, texts, strict=True)
    ]
    return svg.element("svg", *labels, class_="chart__values", width=width, aria_hidden="true")


def _labels_below(across: Across) -> SafeString:
    labels = [
        svg.element(
            "text",
            label.text,
            class_="chart__minor" if label.minor else None,
            x=svg.percent(center(label.index, len(across.names))),
            y="1em",
            text_anchor="middle",
        )
        for label in across.labels
    ]
    return svg.element("svg", *labels, class_="chart__times", aria_hidden="true")


def _targets(
    lines: Sequence[Line], across: Across, drawn: Sequence[DrawnLine], suffix: str, before: Sequence[Line]
) -> list[SafeString]:
    """The targets for the pointer: one band per bucket, with a rule, its points and a title that lists its values."""
    buckets = len(across.names)
    band = 100 / buckets if buckets else 100
    points: dict[int, list[SafeString]] = {}
    has_points = buckets * len(drawn) <= MOST_POINTS
    shown = zip(drawn, lines, strict=False) if has_points else ()  # bars are not drawn here
    alone = lines[0] if not has_points and len(lines) == 1 else None  # then the whole band leads to its number
    for line, asked in shown:
        for point in line.points:
            mark = svg.element(
                "circle",
                cx=svg.percent(point.x),
                cy=svg.percent(point.y),
                r=3.5,
                class_=f"chart__point chart__series series-{line.colour}",
                data_at=_place(asked, point.bucket) if point.value else None,
            )
            points.setdefault(point.bucket, []).append(mark)
    return [
        svg.element(
            "g",
            svg.element("title", _values_at(lines, across, bucket, suffix, before)),
            svg.element("line", **_vertical(center(bucket, buckets)), class_="chart__rule"),
            *points.get(bucket, []),
            svg.element(
                "rect", x=svg.percent(bucket * band), width=svg.percent(band), height="100%", class_="chart__target"
            ),
            class_="chart__hover",
            data_at=_place(alone, bucket) if alone and alone.values[bucket] else None,
        )
        for bucket in range(buckets)
    ]


def _place(line: Line, bucket: int) -> str | None:
    """Where the number stands in the answer: analytics-charts.js opens what is behind it, as its cell in the table."""
    return f"{line.behind}.{bucket}" if line.behind else None


def _vertical(x: float) -> dict[str, str]:
    return {"x1": svg.percent(x), "x2": svg.percent(x), "y1": "0", "y2": "100%"}


def _values_at(lines: Sequence[Line], across: Across, bucket: int, suffix: str, before: Sequence[Line]) -> str:
    """The bucket's name, then one line per series: "name: value"; then the earlier ones, by the earlier bucket's."""
    spoken = [f"{each.name}: {_spoken(each.values[bucket], suffix)}" for each in lines]
    for each in before:
        when = across.before[bucket] if len(before) == 1 else f"{each.name}, {across.before[bucket]}"
        spoken.append(f"{when}: {_spoken(each.values[bucket], suffix)}")
    return "\n".join([across.names[bucket], *spoken])


def _spoken(value: Value, suffix: str) -> str:
    return "nothing to tell yet" if value is None else full(value) + suffix


def share_bar(width: float, before: float, colour: str) -> SafeString:
    """A horizontal bar of `width` percent in front of a paler one of `before` percent."""
    return svg.element(
        "svg",
        svg.element("rect", class_="share-bar__before", width=svg.percent(before), height="100%", rx=3),
        svg.element("rect", class_="share-bar__now", width=svg.percent(width), height="100%", rx=3),
        class_=f"share-bar series-{colour}",
        aria_hidden="true",
        focusable="false",
    )
