"""Every page that says when the last event came says the same."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from collector.counts.overview import overview
from events import newest
from projects import registry
from support.status import database, freshness
from tests.factories import EnvironmentFactory

pytestmark = pytest.mark.django_db(transaction=True)


def collect(environment, happened_at, arrived_at):
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into events (environment_id, time, received_at, actor_id) values (%s, %s, %s, 1)",
            [environment.pk, happened_at, arrived_at],
        )


def test_pages_agree_on_when_the_last_event_arrived():
    now, day = timezone.now(), timedelta(days=1)
    environment, other = EnvironmentFactory(), EnvironmentFactory()
    collect(environment, now + day, now - timedelta(hours=3))  # its sender's clock is a day ahead
    collect(environment, now - 3 * day, now - timedelta(minutes=1))  # sent late
    collect(other, now - timedelta(minutes=5), now - timedelta(minutes=5))

    told = {
        "projects": registry.usage([environment])[environment.pk].last_arrival_at,
        "the header's dot, Install, dashboards": registry.last_arrival_at(environment),
        "Collection": overview(environment, now).last_arrival.received_at,
    }
    with database.own_connection() as own:
        told["status"] = freshness.read(own).arrived_at
        liveliest = newest.liveliest(own)

    assert told == dict.fromkeys(told, now - timedelta(minutes=1))
    assert liveliest.environment_id == environment.pk


def test_the_service_has_no_last_event_before_the_first():
    EnvironmentFactory()

    with database.own_connection() as own:
        assert freshness.read(own).arrived_at is None
