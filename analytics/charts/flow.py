"""A tree of steps as a flow: a column for each step, in it a bar for each node, as high as its share of the people.

The branches of a node are as high as the node together, so they lie beside it and bands lead to them. The drawing has a
fixed width, which the page scrolls, and a fixed height: what is too low for a label has a tip, and the table has all.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.safestring import SafeString

from common.charts import svg

COLUMN = 184  # of a step, with the band that leads to the next
HEIGHT = 520
BAR = 8  # the width of a node
GAP = 1  # between two nodes
LEAST_DRAWN = 1.5  # lower nodes are left out, so that a column has 346 at most
ONE_LINE, TWO_LINES = 15, 34  # heights from which there is room for so many lines
LINE = 16
MOST_LETTERS = 23  # in a column; what is wider all the same is clipped


@dataclass(frozen=True)
class FlowNode:
    """`size` decides how high it is. `tip` has a name, then lines "what: value". `at` is the place of its number."""

    label: str
    number: str
    size: int
    colour: str
    tip: str
    is_faint: bool = False
    branches: tuple["FlowNode", ...] = ()
    at: str = ""


@dataclass(frozen=True)
class Box:
    """A node's place: its column, where it begins from the top, and its height."""

    node: FlowNode
    column: int
    top: float
    height: float


def flow_chart(root: FlowNode, columns: int, title: str, *, leads_to_root: bool = False) -> SafeString:
    """Draw the tree from left to right, or with `leads_to_root` from right to left, in so many columns."""
    boxes = list(_boxes(root, 0, 0, HEIGHT))
    width = columns * COLUMN
    return svg.element(
        "svg",
        svg.element("title", title),
        *(_drawn(box, columns - 1 - box.column if leads_to_root else box.column, leads_to_root) for box in boxes),
        class_="chart__plot flow",
        role="img",
        aria_label=title,
        width=width,
        height=HEIGHT,
        viewBox=f"0 0 {width} {HEIGHT}",
    )


def _boxes(node: FlowNode, column: int, top: float, height: float) -> Iterator[Box]:
    if height < LEAST_DRAWN:
        return
    yield Box(node, column, top, height)
    for branch in node.branches:
        part = height * branch.size / node.size
        yield from _boxes(branch, column + 1, top, part)
        top += part


def _drawn(box: Box, column: int, leads_to_root: bool) -> SafeString:
    left, height = column * COLUMN, box.height - GAP
    bar, band = (left + COLUMN - BAR, left) if leads_to_root else (left, left + BAR)
    node = box.node
    marks = [svg.element("rect", class_="flow__node", x=bar, y=box.top, width=BAR, height=height)]
    if node.branches:
        marks.append(svg.element("rect", class_="flow__band", x=band, y=box.top, width=COLUMN - BAR, height=height))
    marks.append(
        svg.element("rect", class_="chart__target", x=left, y=box.top, width=COLUMN, height=height),
    )
    return svg.element(
        "g",
        svg.element("title", node.tip),
        *marks,
        *_label(box, band, leads_to_root),
        class_=f"chart__hover series-{node.colour}" + (" flow--faint" if node.is_faint else ""),
        data_at=node.at or None,
    )


def _label(box: Box, left: float, leads_to_root: bool) -> list[SafeString]:
    """The name and the number beside the bar, in two lines or one, clipped where the column ends; if there is room."""
    if box.height < ONE_LINE:
        return []
    node, lines = box.node, 2 if box.height >= TWO_LINES else 1
    room = MOST_LETTERS if lines == 2 else MOST_LETTERS - len(node.number) - 1
    begin, anchor = (COLUMN - BAR - 8, "end") if leads_to_root else (8, None)
    place: dict[str, float] = {"x": begin, "dy": LINE} if lines == 2 else {"dx": 6}
    number = svg.element("tspan", node.number, class_="flow__number", **place)
    text = svg.element("text", cut(node.label, room), number, x=begin, y=LINE - 4, text_anchor=anchor)
    height = lines * LINE
    return [
        svg.element(
            "svg",
            text,
            x=left,
            y=box.top + (box.height - GAP - height) / 2,
            width=COLUMN - BAR,
            height=height,
        )
    ]


def cut(label: str, most: int) -> str:
    """The label with at most so many letters, the end of a path rather than its beginning, because ends differ."""
    if len(label) <= most:
        return label
    return f"…{label[1 - most :]}" if label.startswith("/") else f"{label[: most - 1]}…"
