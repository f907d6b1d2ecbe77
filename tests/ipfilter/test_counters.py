"""What rules keep out: counted in memory, written in one statement, by several workers and beside deletions."""

import random
import threading
from datetime import UTC, date, datetime

import pytest
from django.db import connection

from ipfilter.counters import Counters
from ipfilter.list_scope import ListScope
from ipfilter.models import KeptOut
from tests.factories import EnvironmentFactory
from tests.ipfilter.factories import make_scope, rule_of, save

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def own():
    scope = make_scope(own=True)
    save(scope, "10.1.*\n10.2.*")
    return scope


def write(counts):
    with connection.cursor() as cursor:
        cursor.execute(*Counters().statement(counts))


def stored():
    return [(row.rule.source, row.day, row.count, row.last_at) for row in KeptOut.objects.order_by("rule", "day")]


def test_events_are_added_up_by_rule_environment_and_day(own):
    counters = Counters()
    ids = {"rule_id": rule_of(own, "10.1.*").pk, "environment_id": own.environment.pk}

    counters.add(**ids, at=NOON.timestamp(), events=3)
    counters.add(**ids, at=NOON.timestamp() - 60)
    counters.add(**ids, at=NOON.timestamp() + 86_400)
    write(counters.take())

    assert stored() == [
        ("10.1.*", date(2026, 3, 1), 4, NOON),
        ("10.1.*", date(2026, 3, 2), 1, NOON.replace(day=2)),
    ]


def test_what_is_written_again_is_added(own):
    key = (rule_of(own, "10.1.*").pk, own.environment.pk, NOON.date())

    write({key: (3, NOON)})
    write({key: (2, NOON.replace(hour=1))})

    assert stored() == [("10.1.*", NOON.date(), 5, NOON)]


def test_taking_begins_again_and_giving_back_counts_again():
    counters = Counters()
    counters.add(rule_id=1, environment_id=2, at=NOON.timestamp(), events=3)

    taken = counters.take()
    assert not counters
    counters.add(rule_id=1, environment_id=2, at=NOON.timestamp() + 1)
    counters.give_back(taken)

    assert counters.take() == {(1, 2, NOON.date()): (4, NOON.replace(second=1))}


def test_a_request_without_events_counts_nothing():
    counters = Counters()

    counters.add(rule_id=1, environment_id=2, at=NOON.timestamp(), events=0)

    assert not counters


def test_rules_and_environments_that_have_gone_or_are_not_together_are_passed_over(own):
    first, second = (rule_of(own, source).pk for source in ("10.1.*", "10.2.*"))
    save(own, "10.2.*")

    write({(first, own.environment.pk, NOON.date()): (1, NOON), (second, own.environment.pk, NOON.date()): (2, NOON)})
    write({(second, 0, NOON.date()): (1, NOON)})
    write({(second, EnvironmentFactory().pk, NOON.date()): (1, NOON)})

    assert stored() == [("10.2.*", NOON.date(), 2, NOON)]


@pytest.mark.django_db(transaction=True)
def test_workers_that_write_while_rules_come_and_go_never_fail():
    scope = make_scope()
    environment = ListScope.of(scope.account.projects.get().environments.get()).environment
    texts = ["\n".join(f"10.{n}.*" for n in range(start, start + 40)) for start in (0, 20)]
    save(scope, texts[0])
    failures, done = [], threading.Event()

    def work(seed):
        chance = random.Random(seed)
        try:
            while not done.is_set():
                ids = list(scope.rules().values_list("pk", flat=True))
                chance.shuffle(ids)
                write({(rule_id, environment.pk, NOON.date()): (1, NOON) for rule_id in ids})
        except Exception as error:  # whatever it is, the test must tell it
            failures.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=[seed]) for seed in range(3)]
    for worker in workers:
        worker.start()
    try:
        for turn in range(30):
            save(scope, texts[turn % 2])
    finally:
        done.set()
        for worker in workers:
            worker.join()

    assert failures == []
    assert KeptOut.objects.exists()
