"""Spans and their buckets, in time zones with odd clock changes."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.questions.conditions import BadQuery
from analytics.questions.periods import Period
from analytics.questions.spans import (
    EARLIEST,
    LATEST,
    Calendar,
    Span,
    Unit,
    buckets,
    in_whole_units,
    placed,
    unit_before,
)
from common.local_days import midnight
from tests.analytics.random_worlds import ZONES

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 30, 10, tzinfo=UTC)


def hours(found):
    return [(each.end - each.start) / timedelta(hours=1) for each in found]


def test_the_last_7_days_include_today_which_is_not_complete():
    found = buckets(Span(7), Unit.DAY, NOW, ZoneInfo("UTC"))

    assert [each.start.date() for each in found] == [date(2026, 3, 24) + timedelta(days=n) for n in range(7)]
    assert [each.complete for each in found] == [True] * 6 + [False]


def test_the_day_clocks_go_forward_has_23_hours():
    assert hours(buckets(Span(3), Unit.DAY, NOW, BERLIN)) == [24, 23, 24]


def test_the_day_clocks_go_back_has_25_buckets_of_an_hour():
    day = date(2026, 10, 25)

    assert hours(buckets(Span(None, day, day), Unit.HOUR, NOW, BERLIN)) == [1] * 25


def test_half_an_hour_of_summer_time_makes_half_a_bucket():
    day = date(2026, 10, 4)

    found = hours(buckets(Span(None, day, day), Unit.HOUR, NOW, ZoneInfo("Australia/Lord_Howe")))

    assert (found.count(1), found.count(0.5)) == (23, 1)


def test_a_day_begins_when_clocks_skip_its_midnight():
    assert midnight(date(2026, 3, 8), ZoneInfo("America/Havana")) == datetime(2026, 3, 8, 5, tzinfo=UTC)


def test_a_day_that_a_calendar_skips_has_no_bucket():
    found = buckets(Span(None, date(2011, 12, 29), date(2011, 12, 31)), Unit.DAY, NOW, ZoneInfo("Pacific/Apia"))

    assert hours(found) == [24, 24]


def test_a_day_that_a_calendar_skips_cannot_be_asked_for_alone():
    day = date(2011, 12, 30)

    with pytest.raises(BadQuery, match="does not exist"):
        buckets(Span(None, day, day), Unit.DAY, NOW, ZoneInfo("Pacific/Apia"))


@pytest.mark.parametrize(("starts_on", "lengths"), [(1, [5, 7, 2]), (7, [4, 7, 3]), (4, [1, 7, 6])])
def test_weeks_begin_on_the_projects_day_and_the_span_cuts_them(starts_on, lengths):
    span = Span(None, date(2026, 4, 1), date(2026, 4, 14))  # from a Wednesday to a Tuesday

    found = buckets(span, Unit.WEEK, datetime(2026, 6, 1, tzinfo=UTC), ZoneInfo("UTC"), starts_on)

    assert hours(found) == [24 * days for days in lengths]
    assert [each.complete for each in found] == [False, True, False]


def test_months_are_as_long_as_they_are():
    span = Span(None, date(2027, 11, 1), date(2028, 3, 31))

    found = buckets(span, Unit.MONTH, datetime(2029, 1, 1, tzinfo=UTC), ZoneInfo("UTC"))

    assert hours(found) == [24 * days for days in (30, 31, 31, 29, 31)]
    assert all(each.complete for each in found)


@given(
    st.sampled_from(ZONES),
    st.sampled_from(list(Unit)),
    st.dates(date(2025, 1, 1), date(2028, 1, 1)),
    st.integers(0, 40),
    st.integers(1, 7),
)
def test_buckets_cover_the_span_without_gaps(zone, unit, first, days, week_starts_on):
    span = Span(None, first, first + timedelta(days=days))

    found = buckets(span, unit, NOW, ZoneInfo(zone), week_starts_on)

    assert (found[0].start, found[-1].end) == span.bounds(NOW, ZoneInfo(zone))
    assert all(before.end == after.start for before, after in pairwise(found))
    assert all(each.start < each.end for each in found)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Span(0),
        lambda: Span(5000),
        lambda: Span(None),
        lambda: Span(None, date(2026, 1, 2), date(2026, 1, 1)),
        lambda: Span(None, date(1999, 12, 31), date(2000, 1, 1)),
        lambda: Span(None, date(2000, 1, 1), date(2020, 1, 1)),
        lambda: Span(365).check(Unit.HOUR),
    ],
)
def test_spans_that_make_no_sense_cannot_be_made(wrong):
    with pytest.raises(BadQuery):
        wrong()


@pytest.mark.parametrize("unit", [Unit.DAY, Unit.WEEK, Unit.MONTH])
@pytest.mark.parametrize(
    "span",
    [Span(None, period=Period.ALL), Span(None, EARLIEST, EARLIEST), Span(None, LATEST, LATEST), Span(3), Span(1125)],
    ids=["all", "earliest", "latest", "three", "many"],
)
def test_whole_units_are_cut_nowhere_however_long_the_range(span, unit):
    calendar = Calendar(datetime(2026, 3, 26, 12, tzinfo=UTC), BERLIN, 1, date(2001, 5, 5))

    cut = in_whole_units(span, unit, calendar).buckets
    before = unit_before(cut[0], unit, calendar)

    assert all(each.complete == (each.end <= calendar.now) for each in cut)
    assert before.end == cut[0].start and unit_before(cut[-1], unit, calendar).start == (before, *cut)[-2].start
    placed_cut = placed(span, unit, calendar).buckets
    assert cut[0].start <= placed_cut[0].start and cut[-1].end >= placed_cut[-1].end and len(cut) == len(placed_cut)


def test_the_day_before_one_that_the_calendar_skips_is_the_one_before_it():
    calendar = Calendar(datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("Pacific/Apia"))
    (day,) = in_whole_units(Span(None, date(2011, 12, 31), date(2011, 12, 31)), Unit.DAY, calendar).buckets

    before = unit_before(day, Unit.DAY, calendar)  # there was no 30 December

    assert (before.start.astimezone(calendar.zone).date(), before.end) == (date(2011, 12, 29), day.start)


def test_what_is_not_over_is_left_out_after_widening():
    calendar = Calendar(datetime(2026, 3, 26, 12, tzinfo=UTC), BERLIN)

    cut = in_whole_units(Span(10, over=True), Unit.WEEK, calendar).buckets

    assert [each.start.astimezone(BERLIN).date() for each in cut] == [date(2026, 3, 16)]
    days = in_whole_units(Span(10, over=True), Unit.WEEK, calendar).span
    assert in_whole_units(days, Unit.WEEK, calendar).buckets == cut
    with pytest.raises(BadQuery, match=r"No week of this range is over yet\."):
        in_whole_units(Span(2, over=True), Unit.WEEK, calendar)
