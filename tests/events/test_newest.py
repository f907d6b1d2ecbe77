"""When the newest event arrived, and when it happened."""

from datetime import UTC, datetime, timedelta

import pytest

from events import newest
from tests.events.making import rows

pytestmark = pytest.mark.django_db
ENVIRONMENT, ELSEWHERE = 1, 2
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def collect(happened_at, arrived_at, environment=ENVIRONMENT, name="Paid"):
    rows(
        "insert into events (environment_id, time, received_at, actor_id, name) values (%s, %s, %s, 1, %s) returning 1",
        environment,
        happened_at,
        arrived_at,
        name,
    )


def test_nothing_has_arrived_or_happened_where_no_event_is():
    collect(NOON, NOON, ELSEWHERE)

    assert newest.arrived_at(ENVIRONMENT) is None
    assert newest.last_arrival(ENVIRONMENT) is None
    assert newest.happened_at([ENVIRONMENT]) is None
    assert newest.happened_at([]) is None


def test_an_event_that_is_sent_late_arrives_now_and_happened_then():
    collect(NOON - timedelta(days=1), NOON - timedelta(days=1))
    collect(NOON - timedelta(days=3), NOON, name="Imported")

    assert newest.arrived_at(ENVIRONMENT) == NOON
    assert newest.last_arrival(ENVIRONMENT) == (NOON, "custom", "Imported", None)
    assert newest.happened_at([ENVIRONMENT]) == NOON - timedelta(days=1)


def test_what_tells_a_time_ahead_hides_no_arrival():
    for n in range(99):
        collect(NOON + timedelta(hours=20, seconds=n), NOON - timedelta(hours=1))
    collect(NOON, NOON)

    assert newest.arrived_at(ENVIRONMENT) == NOON


def test_the_newest_of_several_environments_is_the_newest_of_all():
    collect(NOON, NOON)
    collect(NOON - timedelta(hours=1), NOON, ELSEWHERE)

    assert newest.happened_at([ELSEWHERE, ENVIRONMENT]) == NOON
    assert newest.happened_at([ELSEWHERE]) == NOON - timedelta(hours=1)
