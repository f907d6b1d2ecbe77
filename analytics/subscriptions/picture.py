"""A chart as a PNG, for mails: the page's own SVG, with sizes and colours that a page would take from stylesheets.

Only shapes and texts get into the picture: nothing in it can name a file or an address. The texts are numbers and
dates, of steps their names, in DejaVu Sans, which is in `fonts/`. Scripts that it lacks are in a face of the system's.
"""

import re
import xml.etree.ElementTree as ET
from functools import lru_cache
from pathlib import Path

import resvg_py
from django.conf import settings

FACE = Path(__file__).with_name("fonts") / "DejaVuSans.ttf"
WIDTH, HEIGHT, BELOW, MARKS = 600, 220, 24, 14  # pixels of the whole, the plot, the times and the notes' marks
BESIDE = 16  # pixels more for the values: this face is wider than that of pages
SHAPES = {"svg", "g", "rect", "line", "polyline", "polygon", "circle", "path", "text", "tspan"}
KEPT = {
    *("class", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "width", "height", "points", "d", "dx", "dy"),
    *("viewBox", "text-anchor", "overflow"),
}
LEFT_OUT = {"chart__hover", "chart__target"}  # what only a pointer needs
UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
STYLES = """
text {{ font-family: "DejaVu Sans", sans-serif; font-size: 12px; fill: {ink-faint} }}
.chart__grid {{ stroke: {chart-grid}; stroke-width: 1 }}
.chart__axis {{ stroke: {chart-axis}; stroke-width: 1 }}
.chart__line {{ fill: none; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round }}
.chart__line--incomplete {{ stroke-dasharray: 4 4 }}
.chart__area {{ opacity: 0.1 }}
.chart__pale {{ opacity: 0.45 }}
.chart__bar--incomplete, .chart__point--incomplete {{ opacity: 0.5 }}
.chart__mark-dot {{ fill: {ink-soft} }}
.flow text {{ fill: {ink} }}
.flow__band {{ opacity: 0.15 }}
"""
OF_SERIES = """
.series-{n} .chart__line, .series-{n} .chart__hollow .chart__bar {{ stroke: {colour} }}
.series-{n} .chart__area, .series-{n} .chart__bar, .series-{n} .flow__node, .series-{n} .flow__band {{ fill: {colour} }}
.series-{n}.chart__hollow .chart__bar {{ fill: none; stroke: {colour} }}
circle.series-{n} {{ fill: {surface}; stroke: {colour}; stroke-width: 2 }}
"""
ALL_SERIES = [*(str(number) for number in range(1, 9)), "other"]


@lru_cache(maxsize=1)
def colours() -> dict[str, str]:
    """The light colours of the pages, by their names in tokens.css."""
    text = (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text()
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", text))


def png(chart: str, marks: str = "") -> bytes:
    """The picture of a chart (common/charts, analytics/charts), 1,200 pixels wide, with the marks of notes below."""
    drawing, surface = _whole(chart, marks), colours()["surface"]
    return resvg_py.svg_to_bytes(svg_string=drawing, zoom=2, background=surface, font_files=[str(FACE)])


def _whole(chart: str, marks: str) -> str:
    parts = [each for each in (_clean(part) for part in _read(chart + marks)) if each is not None]
    placed, height = _placed(parts)
    names = colours()
    styles = STYLES.format(**names) + "".join(
        OF_SERIES.format(n=each, colour=names[f"series-{each}"], surface=names["surface"]) for each in ALL_SERIES
    )
    width = max(WIDTH, *(float(each.get("width", 0)) for each in placed if "flow" in each.get("class", "")), 0)
    whole = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", width=f"{width:g}", height=f"{height:g}")
    ET.SubElement(whole, "style").text = styles
    whole.extend(placed)
    return ET.tostring(whole, encoding="unicode")


def _read(drawing: str) -> list[ET.Element]:
    return list(ET.fromstring(f"<svg>{UNPRINTABLE.sub('', drawing)}</svg>"))  # noqa: S314  our own drawing


def _placed(parts: list[ET.Element]) -> tuple[list[ET.Element], float]:
    """The parts beside and below one another, and their height together."""
    by_class = {part.get("class", "").split(" ")[0]: part for part in parts}
    plot, values = by_class["chart__plot"], by_class.get("chart__values")
    if values is None:  # a flow has a size of its own
        return [plot], float(plot.get("height", HEIGHT))
    left = float(values.get("width", 0)) + BESIDE
    under = MARKS if "chart__marks" in by_class else 0
    rows = [(values, BESIDE, 10, left - BESIDE, HEIGHT), (plot, left, 10, WIDTH - left - 10, HEIGHT)]
    if "chart__marks" in by_class:
        rows.append((by_class["chart__marks"], left, 12 + HEIGHT, WIDTH - left - 10, MARKS))
    if "chart__times" in by_class:
        rows.append((by_class["chart__times"], left, 14 + HEIGHT + under, WIDTH - left - 10, BELOW))
    for part, x, y, width, height in rows:
        place = {"x": x, "y": y, "width": width, "height": height}
        for name, value in place.items():
            part.set(name, f"{value:g}")
        part.set("overflow", "visible")
        _stretch(part, width, height)
    return [row[0] for row in rows], 14 + HEIGHT + under + BELOW


def _stretch(part: ET.Element, width: float, height: float) -> None:
    """Give drawings from 0 to 100 their real size: a stretched line would be thick one way and thin the other."""
    for inner in [each for each in part.iter("svg") if each.get("viewBox") == "0 0 100 100"]:
        inner.attrib.clear()
        for shape in inner.iter():
            if points := shape.get("points"):
                pairs = (pair.split(",") for pair in points.split())
                shape.set(
                    "points", " ".join(f"{float(x) * width / 100:.1f},{float(y) * height / 100:.1f}" for x, y in pairs)
                )


def _clean(element: ET.Element) -> ET.Element | None:
    """The element with known shapes and attributes alone; None if it is not one."""
    if element.tag not in SHAPES or LEFT_OUT & set(element.get("class", "").split()) - _hover_of_flow(element):
        return None
    cleaned = ET.Element(element.tag, {name: value for name, value in element.attrib.items() if name in KEPT})
    cleaned.text, cleaned.tail = element.text, element.tail
    cleaned.extend(each for each in map(_clean, element) if each is not None)
    return cleaned


def _hover_of_flow(element: ET.Element) -> set[str]:
    """In a flow the targets hold what is drawn."""
    return {"chart__hover"} if any("flow__" in each.get("class", "") for each in element) else set()
