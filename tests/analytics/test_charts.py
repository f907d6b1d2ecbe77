"""Marks are where their numbers put them, and the SVG has no scripts and no inline styles."""

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.charts.folding import fold
from analytics.questions.spans import Unit
from common.charts import svg
from common.charts.charts import Across, across_periods, across_time, bar_chart, line_chart, share_bar
from common.charts.plots import Line, Shades, bar_marks, funnel_marks, line_marks, value_scale
from common.charts.scales import scale

NAMES = "abcdefghijkl"


def axis_of(count: int, last_complete: bool = True) -> Across:
    starts = tuple(datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=number) for number in range(count))
    return across_time(starts, ((True,) * (count - 1) + (last_complete,))[:count], Unit.DAY)


def parse(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<figure>{text}</figure>")


def test_zero_is_at_the_bottom_and_the_top_of_the_axis_at_the_top():
    [line] = line_marks([Line("a", (0, 100))], [True, True], scale(100))

    assert [(point.x, point.y) for point in line.points] == [(25, 100), (75, 0)]


def test_nothing_to_say_breaks_the_line():
    [line] = line_marks([Line("a", (1, None, 3, 4))], [True] * 4, scale(4))

    assert [[point.value for point in path.points] for path in line.paths] == [[1], [3, 4]]


def test_a_line_does_not_fall_because_the_day_is_young():
    """No line leads into a bucket that is not over: it is a pale point of its own."""
    [line] = line_marks([Line("a", (3, 2, 0))], [True, True, False], scale(3))

    assert [([point.value for point in path.points], path.incomplete) for path in line.paths] == [
        ([3, 2], False),
        ([0], True),
    ]
    drawn = line_chart([Line("a", (3, 2, 0))], axis_of(3, last_complete=False), "Signups")
    assert drawn.count("chart__line") == 1
    assert drawn.count("chart__point--incomplete") == 1


def test_a_range_that_begins_inside_a_week_leads_out_of_it_dashed():
    [line] = line_marks([Line("a", (1, 2, 3))], [False, True, True], scale(3))

    assert [([point.value for point in path.points], path.incomplete) for path in line.paths] == [
        ([2, 3], False),
        ([1, 2], True),
    ]


def test_a_single_running_bucket_is_still_drawn():
    [line] = line_marks([Line("a", (5,))], [False], scale(5))

    assert [[point.value for point in path.points] for path in line.paths] == [[5]]


def test_stacked_bars_stand_on_one_another():
    below, above = bar_marks([Line("a", (1,)), Line("b", (3,))], [True], scale(4), stacked=True)

    assert (below.bars[0].y, below.bars[0].height) == (75, 25)
    assert (above.bars[0].y, above.bars[0].height) == (0, 75)


def test_bars_side_by_side_do_not_overlap():
    left, right = bar_marks([Line("a", (1,)), Line("b", (3,))], [True], scale(3), stacked=False)

    assert left.bars[0].x + left.bars[0].width == pytest.approx(right.bars[0].x)


def test_bars_below_zero_hang_from_it():
    [bars] = bar_marks([Line("a", (1, -1))], [True, True], value_scale([Line("a", (1, -1))]), stacked=False)

    assert [(bar.y, bar.height) for bar in bars.bars] == [(0, 50), (50, 50)]


def test_a_stack_fits_its_axis():
    assert value_scale([Line("a", (3,)), Line("b", (4,))], stacked=True).top >= 7


def test_events_past_the_eighth_line_are_added_to_other():
    lines = [Line(name, (1, 2)) for name in NAMES]

    shown, hidden = fold(lines, additive=True)

    assert [line.name for line in shown] == [*"abcdefgh", "everything else (4)"]
    assert (shown[-1].values, hidden) == ((4, 8), 0)


def test_the_databases_other_goes_into_ours():
    lines = [*(Line(name, (1,)) for name in NAMES), Line("everything else (5)", (10,), is_other=True, groups=5)]

    shown, _ = fold(lines, additive=True)

    assert (shown[-1].name, shown[-1].values) == ("everything else (9)", (14,))


def test_people_are_never_added_up():
    shown, hidden = fold([Line(name, (1,)) for name in NAMES], additive=False)

    assert ([line.name for line in shown], hidden) == ([*"abcdefgh"], 4)


def test_few_lines_stay_as_they_are():
    lines = [Line("a", (1,)), Line("other", (2,), is_other=True)]

    assert fold(lines, additive=False) == (lines, 0)


def test_a_funnel_shows_each_step_as_a_share_of_the_first():
    steps = funnel_marks(["Viewed", "Bought"], [(200, 50), (10, 10)])

    assert [(step.width, step.before) for step in steps[1]] == [(25, 100), (100, 100)]


def test_a_funnel_without_people_has_no_bars():
    assert [step.width for [step] in funnel_marks(["a", "b"], [(0, 0)])] == [0, 0]


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ((None, 0, 5, 10, 14), (0, 0, 1, 6, 10)),
        ((0.4, 100), (1, 10)),
        ((7, 7), (10, 10)),
        ((None, 0), (0, 0)),
        ((), ()),
    ],
)
def test_shades_are_of_the_tables_own_range(shares, expected):
    shades = Shades.of(shares)

    assert tuple(shades(share) for share in shares) == expected


@pytest.mark.parametrize("draw", [line_chart, bar_chart])
def test_a_chart_says_what_it_is_and_every_value(draw):
    chart = parse(draw([Line("Signed up", (1234, 5))], axis_of(2, last_complete=False), "Signups by day"))

    plot = chart.find("svg[@role='img']")
    titles = [each.text for each in chart.iter("title")]
    assert plot.get("aria-label") == "Signups by day"
    assert titles[1:] == ["Sun 1 Mar 2026\nSigned up: 1,234", "Mon 2 Mar 2026 (incomplete)\nSigned up: 5"]


@pytest.mark.parametrize("draw", [line_chart, bar_chart])
@given(values=st.lists(st.none() | st.integers(min_value=0, max_value=10**12), max_size=40), name=st.text())
def test_any_numbers_and_any_name_give_a_drawing_without_style_or_script(draw, values, name):
    name = "".join(each for each in name if each.isprintable())
    chart = parse(draw([Line(name, tuple(values))], axis_of(len(values)), name))

    assert not [each for each in chart.iter() if each.tag == "script" or "style" in each.attrib]
    assert not [key for each in chart.iter() for key in each.attrib if key.startswith("on")]


def test_periods_are_numbered_and_numbers_get_their_unit():
    chart = parse(line_chart([Line("Came back", (50.0, None))], across_periods(Unit.WEEK, 2), "Retention", "%"))

    assert [each.text for each in chart.iter("title")][1:] == [
        "Week 1\nCame back: 50%",
        "Week 2\nCame back: nothing to tell yet",
    ]
    assert [each.text for each in chart.iter("text")][-2:] == ["Week 1", "2"]


def test_values_are_escaped():
    assert svg.element("text", "<b>&", title='"x"') == '<text title="&quot;x&quot;">&lt;b&gt;&amp;</text>'


def test_a_bar_of_a_share_is_well_formed():
    assert len(parse(share_bar(20, 50, "1")).findall(".//rect")) == 2


def test_values_below_zero_hang_from_it():
    lines = [Line("New", (3, 1)), Line("Returning", (2, None)), Line("Dormant", (-4, 0))]
    axis = value_scale(lines, stacked=True)

    new, returning, dormant = bar_marks(lines, [True, True], axis, stacked=True)

    assert (axis.ticks[0], axis.top) == (-4, 6)
    assert [(bar.y, bar.height) for bar in new.bars] == [(30, 30), (50, 10)]
    assert [(bar.y, bar.height) for bar in returning.bars] == [(10, 20)]
    assert [(bar.y, bar.height) for bar in dormant.bars] == [(60, 40)]


def test_a_line_of_too_many_points_leads_somewhere_all_the_same():
    """The band of each bucket with a number does; of several lines, only the table tells which is meant."""
    days = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(601)]
    across = across_time(days, [True] * 601, Unit.DAY)
    line = Line("Signups", (0, *range(1, 601)), behind="0.all")

    alone, two = line_chart([line], across, "Signups"), line_chart([line, line], across, "Signups")

    assert re.findall(r'<g class="chart__hover" data-at="([^"]*)">', alone)[:2] == ["0.all.1", "0.all.2"]
    assert "data-at" not in two and "<circle" not in alone
