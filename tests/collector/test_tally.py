"""Outcomes of requests are counted in memory and written in one statement, by several workers and during deletions."""

import random
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone
from msgspec import structs

from collector.counts.tally import Tally
from collector.decide import Decision, Outcome
from collector.environments.known_environments import KnownEnvironment
from collector.jobs import old_hours
from collector.models import CollectedHour
from collector.protocol import answers
from collector.protocol.noted import Noted
from common import steps
from events.faults import Why
from projects import removal
from projects.models import Removal
from tests.collector.factories import NINE, CollectedHourFactory
from tests.factories import AccountFactory, EnvironmentFactory

pytestmark = pytest.mark.django_db

AT = NINE.timestamp() + 60


def decision(environment_id=7, outcome=Outcome.ACCEPTED, weight=1, left_out=0):
    environment = KnownEnvironment(environment_id, 1, 1, is_closed=False, rules=()) if environment_id else None
    return Decision(answers.OK, outcome, environment=environment, weight=weight, properties_left_out=left_out)


def write(tally):
    with connection.cursor() as cursor:
        cursor.execute(*tally.statement(tally.take()))


def stored(*fields):
    return list(CollectedHour.objects.order_by("environment", "hour", "outcome").values_list(*fields))


def test_the_events_of_robots_are_counted_without_repeats():
    environment = EnvironmentFactory()
    tally = Tally()
    of_robot = structs.replace(decision(environment.pk, weight=5), noted=Noted(is_robot=True))

    tally.add("/h", of_robot, AT)
    tally.add("/h", of_robot.without(2), AT)
    tally.add("/h", decision(environment.pk, weight=7), AT)
    tally.add("/h", of_robot.unavailable(Why.NOT_COMMITTED), AT)
    write(tally)

    assert stored("outcome", "events", "robots") == [("accepted", 15, 8), ("unavailable", 5, 0)]


def test_requests_are_added_up_by_environment_hour_and_outcome():
    first, second = EnvironmentFactory(), EnvironmentFactory()
    tally = Tally()

    tally.add("/api/track", decision(first.pk, weight=3), AT)
    tally.add("/h", decision(first.pk, weight=2), AT)
    tally.add("/h", decision(first.pk), AT + 3_600)
    tally.add("/h", decision(first.pk, Outcome.BAD, weight=0), AT)
    tally.add("/h", decision(second.pk, Outcome.OVER_LIMIT), AT)
    write(tally)

    ten = NINE.replace(hour=10)
    assert stored("environment", "hour", "outcome", "requests", "events") == [
        (first.pk, NINE, "accepted", 2, 5),
        (first.pk, NINE, "bad", 1, 0),
        (first.pk, ten, "accepted", 1, 1),
        (second.pk, NINE, "over_limit", 1, 1),
    ]


def test_the_last_and_the_slowest_of_an_hour_are_kept_in_whatever_order_workers_write():
    environment = EnvironmentFactory()
    late, early, earlier = Tally(), Tally(), Tally()
    earlier.add("/h", decision(environment.pk), AT - 1, 0.125)
    early.add("/h", decision(environment.pk), AT, 0.5)
    late.add("/h", decision(environment.pk), AT + 2, 0.02)
    late.add("/api/track", decision(environment.pk), AT + 1, 0.25)

    write(late)
    write(early)
    write(earlier)

    (row,) = stored("requests", "last_at", "last_seconds", "slowest_seconds")
    assert row == (4, datetime.fromtimestamp(AT + 2, UTC), 0.02, 0.5)


def test_properties_left_out_are_added_up():
    environment = EnvironmentFactory()
    tally = Tally()

    for left_out in (3, 0, 4):
        tally.add("/h", decision(environment.pk, left_out=left_out), AT)
    taken = tally.take()
    tally.give_back(taken)
    tally.add("/h", decision(environment.pk, left_out=10), AT)
    write(tally)
    tally.add("/h", decision(environment.pk, left_out=100), AT)
    write(tally)

    assert stored("properties_left_out") == [(117,)]


def test_requests_to_nobodys_environment_are_not_written():
    tally = Tally()
    tally.add("/h", decision(None, Outcome.UNKNOWN_APP), AT)

    assert tally
    write(tally)
    assert stored("pk") == [] and not tally


def test_what_is_given_back_is_added_to_what_came_meanwhile():
    tally = Tally()
    tally.add("/h", decision(weight=2), AT, 0.25)

    taken = tally.take()
    assert not tally
    tally.add("/h", decision(), AT + 1, 0.125)
    tally.give_back(taken)

    (count,) = tally.take().values()
    assert (count.requests, count.events) == (2, 3)
    assert (count.last_at, count.last_seconds, count.slowest_seconds) == (AT + 1, 0.125, 0.25)


def test_an_environment_that_has_gone_is_passed_over():
    environment = EnvironmentFactory()
    tally = Tally()
    tally.add("/h", decision(environment.pk), AT)
    tally.add("/h", decision(environment.pk + 1_000), AT)

    write(tally)

    assert stored("environment") == [(environment.pk,)]


@pytest.mark.django_db(transaction=True)
def test_workers_that_write_while_environments_go_never_fail(monkeypatch):
    monkeypatch.setattr(steps, "SETTLE", timedelta(0))
    account = AccountFactory()
    environments = [EnvironmentFactory().pk for _ in range(15)]
    failures, done = [], threading.Event()

    def work(seed):
        chance = random.Random(seed)
        try:
            while not done.is_set():
                tally = Tally()
                for environment_id in chance.sample(environments, 10):
                    tally.add("/h", decision(environment_id, chance.choice([Outcome.ACCEPTED, Outcome.BAD])), AT)
                write(tally)
        except Exception as error:  # any error, because the test must report it
            failures.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=[seed]) for seed in range(3)]
    for worker in workers:
        worker.start()
    try:
        for environment_id in environments[:8]:
            scope = {"environment_id": [environment_id]}
            going = Removal.objects.create(account=account, name="Shop", scope=scope, expected=1)
            assert removal.run(going.pk, seconds=60)
    finally:
        done.set()
        for worker in workers:
            worker.join()

    assert failures == []
    assert set(CollectedHour.objects.values_list("environment", flat=True)) <= set(environments[8:])


# --- What the database holds ----------------------------------------------------------------------------------------
def test_the_database_itself_removes_the_rows_of_an_environment():
    environment = EnvironmentFactory()
    CollectedHourFactory(environment=environment)

    with connection.cursor() as cursor:
        cursor.execute("delete from projects_environment where id = %s", [environment.pk])

    assert stored("pk") == []


def test_hours_are_forgotten_after_ninety_days():
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    environment = EnvironmentFactory()
    for days in (0, 89, 91, 400):
        CollectedHourFactory(environment=environment, hour=now - timedelta(days=days))

    old_hours(int(now.timestamp()))

    assert [hour for (hour,) in stored("hour")] == [now - timedelta(days=89), now]
