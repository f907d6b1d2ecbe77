"""Charts in Chromium: hiding a series draws the rest to their own scale; a finger and the keyboard show the numbers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from analytics.questions.spans import Unit
from common.charts.charts import across_time, bar_chart, line_chart
from common.charts.plots import Line, colours
from common.charts.scales import compact, scale

DAYS = [datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=number) for number in range(4)]
ACROSS = across_time(DAYS, [False, True, True, False], Unit.DAY)
LARGE = Line("Large", (90_000, 123_456, 0, 17))
SMALL = Line("Small", (3, 0, 2, 7))
PARTS = Line("Per person", (0.25, None, 1.5, 0.3333333333333333))
OTHER = Line("everything else", (1, 1, 12, 1), is_other=True)
COMPARED = replace(ACROSS, before=("Sat", "Sun", "Mon", "Tue"))


def before(line):
    return replace(line, values=tuple(reversed(line.values)))


DRAW = {
    "lines": lambda lines: line_chart(lines, ACROSS, "Signups", "%"),
    "pale": lambda lines: line_chart(lines, COMPARED, "Signups", before=[before(each) for each in lines]),
    "bars": lambda lines: bar_chart(lines, ACROSS, "Signups"),
    "stacked": lambda lines: bar_chart(lines, ACROSS, "Signups", stacked=True),
}
PUT = """([html, name]) => {
    const figure = document.createElement("figure");
    figure.innerHTML = html;
    figure.dataset.chart = "";
    figure.id = name;
    figure.className = "chart";
    document.getElementById("content").prepend(figure);
    document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: document.getElementById("content") } }));
}"""
MARKS = """id => {
    const chart = document.getElementById(id);
    const shown = [...chart.querySelectorAll(".chart__plot :is(polyline, circle, .chart__bar)")]
        .filter((part) => !part.closest(".is-off"));
    const marks = shown.map((part) => part.matches("polyline")
        ? part.getAttribute("points").split(" ").map((point) => Number(point.split(",")[1]))
        : ["cy", "y", "height"].map((name) => parseFloat(part.getAttribute(name))).filter((each) => !isNaN(each)));
    const lines = [...chart.querySelectorAll(":is(.chart__grid, .chart__axis)")];
    const grid = lines.map((line) => `${line.className.baseVal} ${parseFloat(line.getAttribute("y1")).toFixed(1)}`);
    return [marks, grid.sort(), [...chart.querySelectorAll(".chart__values text")].map((text) => text.textContent)];
}"""


@pytest.fixture
def charts(signed_in_page, teammate):
    """A page with the scripts of charts, and a function that puts a chart of some lines on it."""
    signed_in_page.goto(reverse("analytics:graph", args=[teammate.environment.app_id]))

    def put(kind, lines, name="chart"):
        named = zip(lines, colours(lines), strict=True)
        items = (f'<span data-series="series-{colour}">{line.name}</span>' for line, colour in named)
        html = f'<p data-legend>{"".join(items)}</p><div class="chart__frame">{DRAW[kind](lines)}</div>'
        signed_in_page.evaluate(PUT, [html, name])
        return signed_in_page

    return put


@pytest.mark.parametrize("kind", DRAW)
def test_what_is_left_is_drawn_as_if_it_were_alone(charts, kind):
    page = charts(kind, [LARGE, SMALL, OTHER], "all")
    before = page.evaluate(MARKS, "all")
    charts(kind, [SMALL, OTHER], "alone")

    page.locator("#all button", has_text="Large").click()
    left, alone = page.evaluate(MARKS, "all"), page.evaluate(MARKS, "alone")
    assert [len(mark) for mark in left[0]] == [len(mark) for mark in alone[0]]
    for mine, theirs in zip(left[0], alone[0], strict=True):
        assert mine == pytest.approx(theirs, abs=0.02)
    assert left[1:] == alone[1:]

    page.locator("#all button", has_text="Large").click()
    again = page.evaluate(MARKS, "all")
    assert again[1:] == before[1:]
    for mine, theirs in zip(again[0], before[0], strict=True):
        assert mine == pytest.approx(theirs, abs=0.02)


def test_fractions_and_gaps_and_nothing_left(charts):
    page = charts("lines", [LARGE, PARTS])

    page.get_by_role("button", name="Large").click()
    assert page.evaluate(MARKS, "chart")[2] == ["0%", "0.5%", "1%", "1.5%"]
    page.get_by_role("button", name="Per person").click()
    assert page.evaluate(MARKS, "chart")[2] == ["0%", "1%"]


def test_the_axis_is_the_one_that_the_server_would_choose(charts):
    page = charts("lines", [LARGE, SMALL])
    numbers = [0, 1e-7, 0.004, 0.1, 0.3, 1, 1.5, 3, 7, 9.99, 10, 99, 101, 999, 9_999, 10_001, 123_456, 5e6, 7.7e9, 9e15]
    script = (
        "numbers => import(document.querySelector('script[src*=chart-scale]').src).then(({ticks, compact}) => numbers"
    )
    whole = [number for number in numbers if float(number).is_integer()]

    theirs = page.evaluate(f"{script}.map((each) => ticks(0, each, false).map(compact)))", numbers)
    theirs_whole = page.evaluate(f"{script}.map((each) => ticks(0, each, true).map(compact)))", whole)

    assert theirs == [[compact(tick) for tick in scale(number, whole=False).ticks] for number in numbers]
    assert theirs_whole == [[compact(tick) for tick in scale(number).ticks] for number in whole]


def test_the_keyboard_moves_through_the_numbers(charts):
    page = charts("bars", [LARGE, SMALL])
    page.locator(".chart__plot").focus()

    page.keyboard.press("ArrowRight")
    expect(page.locator(".chart__tip")).to_have_text("Sun 1 Mar 2026 (incomplete)Large 90,000Small 3")
    page.keyboard.press("End")
    expect(page.get_by_role("status").filter(has_text="Wed 4 Mar 2026")).to_contain_text("Small 7")
    page.keyboard.press("Escape")
    expect(page.locator(".chart__tip")).to_have_count(0)


def test_a_tap_shows_the_numbers_until_the_next(new_page, charts, teammate, live_server):
    page = charts("bars", [LARGE, SMALL])
    state, address = page.context.storage_state(), page.url
    phone = new_page(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800}, storage_state=state)
    phone.goto(address)
    phone.evaluate(PUT, [f'<div class="chart__frame">{DRAW["bars"]([LARGE, SMALL])}</div>', "chart"])
    box = phone.locator("#chart .chart__plot").bounding_box()

    phone.touchscreen.tap(box["x"] + box["width"] * 0.4, box["y"] + 20)
    expect(phone.locator(".chart__tip")).to_contain_text("Mon 2 Mar 2026")
    expect(phone.locator(".chart__tip")).to_contain_text("Large 123,456")
    phone.touchscreen.tap(box["x"] + box["width"] * 0.9, box["y"] + 20)
    expect(phone.locator(".chart__tip")).to_contain_text("Small 7")
    phone.touchscreen.tap(box["x"] + 5, box["y"] + box["height"] + 60)
    expect(phone.locator(".chart__tip")).to_have_count(0)
