"""Axes end at round values above all numbers. Labels are few, and name the day."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.questions.spans import Unit
from common.charts.scales import MAX_X_LABELS, bucket_labels, bucket_name, compact, full, scale

START = datetime(2026, 3, 1, tzinfo=UTC)


def days(count: int) -> list[datetime]:
    return [START + timedelta(days=number) for number in range(count)]


@pytest.mark.parametrize(
    ("largest", "ticks"),
    [
        (0, (0, 1)),
        (1, (0, 1)),
        (3, (0, 1, 2, 3)),
        (7, (0, 2, 4, 6, 8)),
        (100, (0, 25, 50, 75, 100)),
        (1042, (0, 500, 1000, 1500)),
        (80_000, (0, 20_000, 40_000, 60_000, 80_000)),
    ],
)
def test_ticks_are_round(largest, ticks):
    assert scale(largest).ticks == ticks


@pytest.mark.parametrize(
    ("smallest", "largest", "ticks"),
    [(-3, 0, (-3, -2, -1, 0)), (-20, 100, (-25, 0, 25, 50, 75, 100)), (-100, 20, (-100, -75, -50, -25, 0, 25))],
)
def test_an_axis_goes_below_zero_where_numbers_do(smallest, largest, ticks):
    axis = scale(largest, lowest=smallest)

    assert axis.ticks == ticks
    assert (axis.percent(ticks[0]), axis.percent(ticks[-1])) == (0, 100)


def test_an_average_gets_fractions():
    assert scale(1.3, whole=False).ticks == (0, 0.5, 1, 1.5)


@given(st.just(0.0) | st.floats(min_value=1e-6, max_value=1e15), st.booleans())
def test_every_value_fits_and_the_axis_is_not_much_larger(largest, whole):
    axis = scale(largest, whole=whole)

    assert axis.top >= largest * (1 - 1e-9)
    assert 2 <= len(axis.ticks) <= 6
    assert axis.top <= max(largest * 2.5, 1) or largest < 1


@pytest.mark.parametrize("nothing", [float("nan"), float("inf"), -3])
def test_what_cannot_be_drawn_gives_an_empty_axis(nothing):
    assert scale(nothing).ticks == (0, 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (950, "950"), (1500, "1,500"), (25_000, "25k"), (2_500_000, "2.5M"), (0.25, "0.25"), (2.5e15, "2,500T")],
)
def test_axis_labels_are_short(value, text):
    assert compact(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (1234567, "1,234,567"),
        (2.0, "2"),
        (2.5, "2.5"),
        (1 / 3, "0.333"),
        (-0.029412, "-0.0294"),
        (Decimal("1234.567"), "1,234.57"),
    ],
)
def test_numbers_are_written_in_full_with_separators(value, text):
    assert full(value) == text


@given(st.integers(min_value=0, max_value=1100), st.sampled_from(Unit))
def test_there_are_never_too_many_labels(count, unit):
    step = {Unit.HOUR: timedelta(hours=1), Unit.DAY: timedelta(days=1)}.get(unit, timedelta(days=7))

    labels = bucket_labels([START + number * step for number in range(count)], unit)

    assert len(labels) <= MAX_X_LABELS
    assert bool(labels) == bool(count)


def test_a_year_of_days_is_labelled_at_firsts_of_months():
    labels = bucket_labels(days(365), Unit.DAY)

    assert [label.text for label in labels][:3] == ["1 Mar", "1 May", "1 Jul"]
    assert {days(365)[label.index].day for label in labels} == {1}


def test_a_new_year_says_which():
    assert "1 Jan 2027" in [label.text for label in bucket_labels(days(365), Unit.DAY)]


def test_every_other_label_gives_way_on_a_phone():
    assert [label.minor for label in bucket_labels(days(5), Unit.DAY)] == [False, True, False, True, False]


def test_hours_say_their_day_at_midnight():
    hours = [START.replace(hour=22) + timedelta(hours=number) for number in range(4)]

    assert [label.text for label in bucket_labels(hours, Unit.HOUR)] == ["1 Mar 22:00", "23:00", "2 Mar", "01:00"]


def test_the_hour_that_comes_twice_is_told_apart_by_its_zone():
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 10, 25, 0, tzinfo=UTC).astimezone(berlin)
    second = datetime(2026, 10, 25, 1, tzinfo=UTC).astimezone(berlin)

    assert bucket_name(first, Unit.HOUR) == "Sun 25 Oct 2026, 02:00 CEST"
    assert bucket_name(second, Unit.HOUR) == "Sun 25 Oct 2026, 02:00 CET"


@pytest.mark.parametrize(
    ("unit", "name"),
    [(Unit.DAY, "Sun 1 Mar 2026"), (Unit.WEEK, "Week from 1 Mar 2026"), (Unit.MONTH, "March 2026")],
)
def test_a_bucket_has_a_name(unit, name):
    assert bucket_name(START, unit) == name
