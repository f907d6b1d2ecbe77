"""Named ranges of the calendar, and leaving out what is not over: the examples of the decision, and random ones."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.definitions.glossary import Glossary
from analytics.questions.conditions import BadQuery
from analytics.questions.periods import PAST, RUNNING, Period
from analytics.questions.spans import Calendar, Span, Unit, placed
from tests.analytics import oracle
from tests.analytics.oracle import FakeEvent, World

UTC_ZONE = ZoneInfo("UTC")
SATURDAY = datetime(2026, 11, 28, 10, tzinfo=UTC)
NOVEMBER = Calendar(SATURDAY, UTC_ZONE, 1, date(2025, 3, 5))


def days(span, unit=Unit.DAY, calendar=NOVEMBER):
    found = placed(span, unit, calendar)
    fixed, cut = found.span, found.buckets
    assert not found.note
    assert fixed.first == cut[0].start.date()
    return str(fixed.first), str(fixed.last)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (Period.TODAY, "2026-11-28", "2026-11-28"),
        (Period.YESTERDAY, "2026-11-27", "2026-11-27"),
        (Period.THIS_WEEK, "2026-11-23", "2026-11-28"),
        (Period.LAST_WEEK, "2026-11-16", "2026-11-22"),
        (Period.THIS_MONTH, "2026-11-01", "2026-11-28"),
        (Period.LAST_MONTH, "2026-10-01", "2026-10-31"),
        (Period.THIS_QUARTER, "2026-10-01", "2026-11-28"),
        (Period.LAST_QUARTER, "2026-07-01", "2026-09-30"),
        (Period.THIS_YEAR, "2026-01-01", "2026-11-28"),
        (Period.LAST_YEAR, "2025-01-01", "2025-12-31"),
        (Period.ALL, "2025-03-05", "2026-11-28"),
    ],
)
def test_what_a_named_range_means_on_a_saturday(period, first, last):
    assert days(Span(None, period=period)) == (first, last)


def test_weeks_begin_on_the_projects_day():
    assert days(Span(None, period=Period.LAST_WEEK), calendar=Calendar(SATURDAY, UTC_ZONE, 7)) == (
        "2026-11-15",
        "2026-11-21",
    )


def test_what_is_not_over_is_left_out():
    assert days(Span(7, over=True)) == ("2026-11-21", "2026-11-27")
    assert days(Span(None, period=Period.THIS_MONTH, over=True), Unit.WEEK) == ("2026-11-02", "2026-11-22")
    assert days(Span(None, period=Period.THIS_MONTH, over=True)) == ("2026-11-01", "2026-11-27")
    assert days(Span(None, date(2026, 11, 4), date(2026, 12, 4), over=True), Unit.WEEK) == ("2026-11-09", "2026-11-22")
    hours = placed(Span(None, period=Period.TODAY, over=True), Unit.HOUR, NOVEMBER).buckets
    assert (len(hours), hours[-1].end) == (10, SATURDAY)


def test_where_nothing_is_over_it_says_so():
    with pytest.raises(BadQuery, match=r"No month of this range is over yet\."):
        placed(Span(None, period=Period.THIS_WEEK, over=True), Unit.MONTH, NOVEMBER)


@pytest.mark.parametrize(
    ("unit", "most", "first", "words"),
    [
        (Unit.HOUR, 45, date(2026, 10, 15), "Since 15 Oct 2026: more than 45 days cannot be shown by hour"),
        (Unit.DAY, 1125, date(2023, 10, 31), "Since 31 Oct 2023: more than 1,125 days cannot be shown by day"),
        (Unit.WEEK, 3660, date(2016, 11, 21), "Since 21 Nov 2016: more than 3,660 days cannot be asked for"),
        (Unit.MONTH, 3660, date(2016, 11, 21), "Since 21 Nov 2016: more than 3,660 days cannot be asked for"),
        (None, 3660, date(2016, 11, 21), "Since 21 Nov 2016: more than 3,660 days cannot be asked for"),
    ],
)
def test_all_time_is_as_long_as_can_be_shown_and_says_where_it_begins(unit, most, first, words):
    """One event with a wrong date, which anybody can send, leaves all others to be seen."""
    everything = Span(None, period=Period.ALL)

    found = placed(everything, unit, replace(NOVEMBER, first_day=date(2001, 1, 1)))

    assert (found.span.first, found.span.last) == (first, SATURDAY.date())
    assert (SATURDAY.date() - first).days + 1 == most
    assert found.note == f"{words}, and there are older events."
    just = placed(everything, unit, replace(NOVEMBER, first_day=first))
    assert (just.span.first, just.note) == (first, "")


def test_what_is_drawn_by_no_unit_may_be_as_long_as_any():
    span = Span(None, date(2017, 1, 1), date(2026, 11, 1))

    fixed = placed(span, None, NOVEMBER).span

    assert (fixed.first, fixed.last) == (span.first, span.last)
    with pytest.raises(BadQuery, match="too long for this unit"):
        placed(span, Unit.DAY, NOVEMBER)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York", "Europe/Berlin"]),
    st.sampled_from([Unit.DAY, Unit.WEEK, Unit.MONTH]),
    st.one_of(st.sampled_from([Span(None, period=each) for each in (*RUNNING, *PAST, Period.ALL)]), st.just(Span(7))),
    st.booleans(),
    st.integers(1, 7),
    st.sampled_from([100, 1120, 1200]),
)
def test_every_range_is_the_days_that_the_oracle_finds_one_by_one(now, zone, unit, span, over, week_starts_on, ago):
    span = Span(span.days, period=span.period, over=over)
    stored = now - timedelta(days=ago)
    world = World([FakeEvent(stored, 1, 1)], {}, {}, Glossary(), now, ZoneInfo(zone))
    expected = oracle.days_asked(world, span, unit, week_starts_on)

    calendar = Calendar(now, ZoneInfo(zone), week_starts_on, stored.astimezone(ZoneInfo(zone)).date())
    try:
        fixed = placed(span, unit, calendar).span
    except BadQuery:
        assert expected == []
    else:
        assert [fixed.first, fixed.last] == [expected[0], expected[-1]]
        assert len(expected) == (fixed.last - fixed.first).days + 1
