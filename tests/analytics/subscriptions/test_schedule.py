"""When subscriptions are due: days of 23 and 25 hours, months of every length, weeks, time zones."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from analytics.subscriptions.schedule import Schedule

BERLIN = ZoneInfo("Europe/Berlin")


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "now", "due"),
    [
        pytest.param(Schedule("daily", 1, 8, BERLIN), utc(2026, 3, 28, 7), utc(2026, 3, 29, 6), id="clocks-forward"),
        pytest.param(Schedule("daily", 1, 8, BERLIN), utc(2026, 10, 24, 6), utc(2026, 10, 25, 7), id="clocks-back"),
        pytest.param(Schedule("daily", 1, 2, BERLIN), utc(2026, 3, 28, 2), utc(2026, 3, 29, 1), id="skipped-hour"),
        pytest.param(Schedule("daily", 1, 2, BERLIN), utc(2026, 10, 24, 1), utc(2026, 10, 25, 0), id="hour-twice"),
        pytest.param(Schedule("monthly", 31, 8, BERLIN), utc(2026, 1, 31, 7), utc(2026, 2, 28, 7), id="february"),
        pytest.param(Schedule("monthly", 31, 8, BERLIN), utc(2026, 3, 31, 6), utc(2026, 4, 30, 6), id="april"),
        pytest.param(Schedule("monthly", 1, 0, BERLIN), utc(2026, 12, 5), utc(2026, 12, 31, 23), id="new-year"),
        pytest.param(Schedule("weekly", 7, 23, BERLIN), utc(2026, 11, 30), utc(2026, 12, 6, 22), id="sunday"),
        pytest.param(
            Schedule("daily", 1, 8, ZoneInfo("Pacific/Kiritimati")), utc(2026, 1, 1), utc(2026, 1, 1, 18), id="far-east"
        ),
    ],
)
def test_the_next_moment(schedule, now, due):
    assert schedule.following(now) == due
    assert schedule.latest(due)[1] == due


def test_of_a_hour_that_comes_twice_there_is_one_interval():
    schedule = Schedule("daily", 1, 2, BERLIN)

    assert [schedule.latest(utc(2026, 10, 25, hour))[0] for hour in (0, 1, 2)] == [date(2026, 10, 25)] * 3
    assert schedule.following(utc(2026, 10, 25, 0)) == utc(2026, 10, 26, 1)


def test_after_weeks_away_the_last_interval_alone_is_due():
    assert Schedule("weekly", 1, 8, BERLIN).latest(utc(2026, 11, 30, 6, 59)) == (
        date(2026, 11, 23),
        utc(2026, 11, 23, 7),
    )
    assert Schedule("monthly", 31, 8, BERLIN).latest(utc(2026, 3, 1)) == (date(2026, 2, 28), utc(2026, 2, 28, 7))
