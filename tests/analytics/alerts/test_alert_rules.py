"""When alerts fire and when they are over, and which interval is judged: without a database."""

import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.alerts.intervals import SETTLING, interval_before, last_finished, next_judging
from analytics.alerts.models import AlertRule
from analytics.alerts.reading import _difference, _float
from analytics.alerts.rules import Thresholds
from analytics.alerts.words import interval_words
from analytics.questions.query import Scope
from analytics.questions.spans import Unit

NUMBERS = st.one_of(st.none(), st.integers(-6, 6), st.floats(-6, 6))
JUDGED = (Unit.HOUR, Unit.DAY, Unit.WEEK)
ZONES = ("UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")


def told_by_a_plain_loop(rule, fires_at, over_at, values):
    """[(place, "fired" or "over")], in the words of the documentation."""
    told, firing = [], False
    for place, value in enumerate(values):
        if value is None:
            continue
        if rule == "fell":
            value = 0 - value
        if rule == "changed" and value < 0:
            value = 0 - value
        if not firing:
            if rule == "below":
                firing = value < fires_at
            elif rule == "lasts":
                firing = value >= fires_at
            else:
                firing = value > fires_at
            if firing:
                told.append((place, "fired"))
        else:
            is_over = value > over_at if rule == "below" else value < over_at
            if is_over:
                firing = False
                told.append((place, "over"))
    return told


@given(
    rule=st.sampled_from(list(AlertRule)),
    fires_at=st.integers(-4, 4),
    slack=st.integers(0, 4),
    values=st.lists(NUMBERS, max_size=30),
)
def test_it_is_told_as_a_plain_loop_tells_it(rule, fires_at, slack, values):
    over_at = fires_at + slack if rule is AlertRule.BELOW else fires_at - slack
    thresholds, firing, told = Thresholds(rule, fires_at, over_at), False, []

    for place, value in enumerate(values):
        before, firing = firing, thresholds.is_firing(firing, value)
        if firing != before:
            told.append((place, "fired" if firing else "over"))

    assert told == told_by_a_plain_loop(rule, fires_at, over_at, values)
    assert [what for _, what in told] == ["fired", "over"] * (len(told) // 2) + ["fired"] * (len(told) % 2)


def test_a_number_about_the_threshold_fires_once():
    above = Thresholds(AlertRule.ABOVE, 100, 80)

    firing, seen = False, []
    for value in (99, 101, 95, 102, 81, 101, 80, 79, 100):
        firing = above.is_firing(firing, value)
        seen.append(firing)

    assert seen == [False, True, True, True, True, True, True, False, False]


def test_a_number_beyond_all_floats_is_the_largest():
    assert [_float(sign * 10**400) for sign in (1, -1)] == [sys.float_info.max, -sys.float_info.max]
    assert _difference(10**400, 1, in_percent=True) == sys.float_info.max


@given(
    now=st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    unit=st.sampled_from(JUDGED),
    zone=st.sampled_from(ZONES),
    week_starts_on=st.integers(1, 7),
)
def test_the_interval_is_whole_and_over_and_the_next_one_follows(now, unit, zone, week_starts_on):
    scope = Scope(1, zone, week_starts_on)
    found = last_finished(now, unit, scope)
    due = next_judging(now, unit, scope)
    following = last_finished(due, unit, scope)

    assert found.end + SETTLING <= now < due
    assert (following.start, due) == (found.end, following.end + SETTLING)
    assert last_finished(due - timedelta(microseconds=1), unit, scope) == found
    assert interval_before(found, unit, scope).end == found.start
    if unit is Unit.WEEK:
        start, end = (moment.astimezone(ZoneInfo(zone)).date() for moment in (found.start, found.end))
        assert start.isoweekday() == end.isoweekday() == week_starts_on


@pytest.mark.parametrize(
    ("unit", "now", "hours"),
    [
        (Unit.DAY, "2026-03-30T12:00", 23),  # clocks went forward on Sunday
        (Unit.DAY, "2026-10-26T12:00", 25),
        (Unit.WEEK, "2026-03-30T12:00", 7 * 24 - 1),
        (Unit.HOUR, "2026-10-25T01:30", 1),  # the second one from 2 to 3 is running, the first is over
    ],
)
def test_days_on_which_clocks_change(unit, now, hours):
    found = last_finished(datetime.fromisoformat(now).replace(tzinfo=UTC), unit, Scope(1, "Europe/Berlin"))

    assert found.end - found.start == timedelta(hours=hours)


def test_an_interval_in_words():
    zone = ZoneInfo("Europe/Berlin")
    monday = datetime(2026, 3, 29, 22, tzinfo=UTC)  # midnight of the 30th

    assert interval_words(monday, monday + timedelta(hours=1), "hour", zone) == "Mon 30 Mar 2026, 00:00 to 01:00 CEST"
    assert interval_words(monday, monday + timedelta(days=1), "day", zone) == "Mon 30 Mar 2026"
    assert interval_words(monday, monday + timedelta(days=7), "week", zone) == "Mon 30 Mar to Sun 5 Apr 2026"
