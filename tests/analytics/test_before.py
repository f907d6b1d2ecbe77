"""What a range is compared with: the examples of the definition, and random ranges against plain loops."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.definitions.glossary import Glossary
from analytics.questions.before import Before, check_before, earlier
from analytics.questions.conditions import BadQuery
from analytics.questions.periods import PAST, RUNNING, Period
from analytics.questions.spans import Calendar, Span, Unit, buckets, placed
from tests.analytics import oracle_of_before
from tests.analytics.oracle import World
from tests.analytics.random_worlds import MOMENTS, ZONES, thorough

UTC_ZONE, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
SATURDAY = datetime(2026, 11, 28, 10, tzinfo=UTC)
LEAP_DAY = Span(None, date(2028, 2, 29), date(2028, 2, 29))
OWN = Span(None, date(2026, 11, 10), date(2026, 11, 12))


def compared(span, before=Before.PERIOD, unit=Unit.DAY, now=SATURDAY, zone=UTC_ZONE):
    calendar = Calendar(now, zone)
    return earlier(before, span, placed(span, unit, calendar), unit, calendar)


def period(name, over=False):
    return Span(None, period=Period(name), over=over)


@pytest.mark.parametrize(
    ("span", "before", "unit", "first", "last", "until"),
    [
        (Span(7), "period", Unit.DAY, "2026-11-15", "2026-11-21", "2026-11-21 10:00"),
        (Span(7, over=True), "period", Unit.DAY, "2026-11-14", "2026-11-20", "2026-11-21 00:00"),
        (OWN, "period", Unit.DAY, "2026-11-07", "2026-11-09", "2026-11-10 00:00"),
        (period("today"), "period", Unit.HOUR, "2026-11-27", "2026-11-27", "2026-11-27 10:00"),
        (period("this_week"), "period", Unit.DAY, "2026-11-16", "2026-11-22", "2026-11-21 10:00"),
        (period("last_week"), "period", Unit.DAY, "2026-11-09", "2026-11-15", "2026-11-16 00:00"),
        (period("this_month"), "period", Unit.DAY, "2026-10-01", "2026-10-31", "2026-10-28 10:00"),
        (period("this_month", over=True), "period", Unit.DAY, "2026-10-01", "2026-10-31", "2026-10-28 00:00"),
        (period("this_month", over=True), "period", Unit.WEEK, "2026-10-05", "2026-10-25", "2026-10-26 00:00"),
        (period("last_month"), "period", Unit.DAY, "2026-09-01", "2026-09-30", "2026-10-01 00:00"),
        (period("last_quarter"), "period", Unit.DAY, "2026-04-01", "2026-06-30", "2026-07-01 00:00"),
        (period("this_year"), "period", Unit.MONTH, "2025-01-01", "2025-12-31", "2025-11-28 10:00"),
        (Span(7), "year", Unit.DAY, "2025-11-22", "2025-11-28", "2025-11-28 10:00"),
        (Span(7), "year", Unit.WEEK, "2025-11-23", "2025-11-29", "2025-11-29 10:00"),
        (period("this_month"), "year", Unit.DAY, "2025-11-01", "2025-11-30", "2025-11-28 10:00"),
        (LEAP_DAY, "year", None, "2027-02-28", "2027-02-28", "2027-02-28 00:00"),
    ],
)
def test_what_a_range_on_a_saturday_at_ten_is_compared_with(span, before, unit, first, last, until):
    found = compared(span, Before(before), unit)

    assert (str(found.span.first), str(found.span.last), f"{found.until:%Y-%m-%d %H:%M}") == (first, last, until)


def test_after_a_skipped_hour_ten_o_clock_is_nine_hours():
    """Clocks went from 2 to 3 on Sunday 29 March 2026; the day before had all its hours."""
    ten = datetime(2026, 3, 29, 10, tzinfo=BERLIN)

    found = compared(period("today"), unit=Unit.HOUR, now=ten, zone=BERLIN)

    assert found.until == datetime(2026, 3, 28, 9, tzinfo=BERLIN)


def test_late_on_a_day_of_25_hours_the_whole_day_before_is_compared():
    almost = datetime(2026, 10, 25, 23, 30, tzinfo=BERLIN)

    assert not compared(period("today"), unit=Unit.HOUR, now=almost, zone=BERLIN).is_part


def test_a_changed_clock_shifts_no_hour_of_later_days():
    span = Span(None, date(2026, 3, 29), date(2026, 3, 30))

    found = compared(span, unit=Unit.HOUR, now=SATURDAY, zone=BERLIN)

    own = buckets(span, Unit.HOUR, SATURDAY, BERLIN)
    paired = {own[at].start.astimezone(BERLIN).strftime("%a %H"): then for at, then in found.pairs if at is not None}
    assert found.buckets[paired["Mon 00"]].start.astimezone(BERLIN).hour == 0
    assert (len(own), len(found.buckets), len(found.pairs)) == (47, 48, 48)
    assert (None, 23) in found.pairs


def test_days_that_a_shorter_month_does_not_have_stand_alone():
    march = compared(period("last_month"), now=datetime(2026, 4, 10, tzinfo=UTC))
    february = compared(period("this_month"), now=datetime(2026, 2, 2, 10, tzinfo=UTC))

    assert march.pairs[27:] == ((27, 27), (28, None), (29, None), (30, None))
    assert (february.pairs[:3], len(february.ahead)) == (((0, 0), (1, 1), (2, 2)), 26)
    assert february.pairs[26:] == ((26, 26), (27, 27), (None, 28), (None, 29), (None, 30))


def test_nothing_is_before_all_time():
    with pytest.raises(BadQuery, match="Nothing is before all time"):
        check_before(Before.YEAR, period("all"))


spans = st.one_of(
    st.builds(lambda name, over: Span(None, period=name, over=over), st.sampled_from([*RUNNING, *PAST]), st.booleans()),
    st.builds(lambda days, over: Span(days, over=over), st.sampled_from([1, 2, 7, 30]), st.booleans()),
    st.builds(lambda first, days, over: (first, days, over), st.integers(-45, 3), st.integers(0, 44), st.booleans()),
)


@settings(thorough, max_examples=3 * thorough.max_examples)
@given(
    st.one_of(
        st.datetimes(datetime(2023, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC)),
        st.builds(lambda at, hours: at + timedelta(hours=hours), st.sampled_from(MOMENTS), st.integers(-30, 30)),
    ),
    st.sampled_from(ZONES),
    st.sampled_from([None, *Unit]),
    spans,
    st.sampled_from(list(Before)),
    st.integers(1, 7),
)
def test_every_range_is_compared_with_the_days_that_the_oracle_finds(now, zone, unit, span, before, week_starts_on):
    if isinstance(span, tuple):
        first = now.date() + timedelta(days=span[0])
        span = Span(None, first, first + timedelta(days=span[1]), over=span[2])
    world = World([], {}, {}, Glossary(), now, ZoneInfo(zone))
    calendar = Calendar(now, ZoneInfo(zone), week_starts_on)
    try:
        span.check(unit)
        own = placed(span, unit, calendar)
    except BadQuery:
        return

    found = earlier(before, span, own, unit, calendar)

    asked = oracle_of_before.days_of_own(world, span, unit, week_starts_on, own.buckets)
    then = oracle_of_before.days_before(world, span, before, unit, week_starts_on, asked)
    assert [found.span.first, found.span.last, len(then)] == [then[0], then[-1], (then[-1] - then[0]).days + 1]
    assert found.until == oracle_of_before.until(world, span, asked, own.buckets, then, week_starts_on)
    axis = (*own.buckets, *found.ahead)
    pairs = oracle_of_before.pairs(world, unit or Unit.DAY, axis, found.buckets)
    begun = {each.start for each in own.buckets}
    assert [
        (None if at is None else axis[at].start, None if there is None else found.buckets[there].start)
        for at, there in found.pairs
    ] == [pair for pair in pairs if pair[0] in begun or pair[1] is not None]
