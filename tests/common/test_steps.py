"""Work in steps: how long it goes on, the pause after a step, and the row that two workers share."""

import threading
import time

import pytest
from django.db import connections, transaction
from django.utils import timezone

from common import steps
from projects.models import Removal
from tests.factories import AccountFactory


class Clock:
    """A clock that stands still while nobody sleeps or works."""

    def __init__(self):
        self.now = 100.0
        self.slept = []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(steps, "time", clock)
    return clock


def emptying(clock, rows, seconds=1.0):
    """A step that takes `seconds`, and removes one of `rows`."""

    def step():
        clock.now += seconds
        return 1 if rows and rows.pop() else 0

    return step


def test_each_step_is_repeated_until_it_removes_nothing(clock):
    first, second = [1, 1], [1]

    assert steps.run([emptying(clock, first), emptying(clock, second)], seconds=60)

    assert first == second == []


def test_it_stops_when_its_time_is_over_and_says_so(clock):
    rows = [1] * 10

    assert not steps.run([emptying(clock, rows)], seconds=3, pause=0)

    assert len(rows) == 7


def test_without_time_nothing_is_begun(clock):
    rows = [1]

    assert not steps.run([emptying(clock, rows)], seconds=0)

    assert rows == [1]


def test_the_pause_is_as_long_as_a_step_times_so_much(clock):
    steps.run([emptying(clock, [1, 1], seconds=2)], seconds=60, pause=0.5)

    assert clock.slept == [1, 1]


def test_rows_are_counted_by_table():
    rows = {"events": 2}

    steps.count_in(rows, {"events": 3, "people": 1})

    assert rows == {"events": 5, "people": 1}


def test_what_was_closed_a_moment_ago_is_not_settled():
    assert not steps.is_settled(timezone.now())
    assert steps.is_settled(timezone.now() - steps.SETTLE)


@pytest.mark.django_db(transaction=True)
def test_the_steps_of_two_workers_follow_each_other():
    account = AccountFactory()
    asked = Removal.objects.create(account=account, name="Shop", scope={}, expected=0, asked_at=timezone.now())
    inside, order = threading.Event(), []

    def slow():
        with steps.locked(Removal.objects.select_related("account"), asked.pk):
            inside.set()
            time.sleep(0.3)
            order.append("slow")
        connections.close_all()

    def quick():
        inside.wait(10)
        with steps.locked(Removal.objects.select_related("account"), asked.pk):
            order.append("quick")
        connections.close_all()

    threads = [threading.Thread(target=each) for each in (quick, slow)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert order == ["slow", "quick"]


@pytest.mark.django_db(transaction=True)
def test_what_goes_with_the_row_is_not_locked():
    """Others write to the account meanwhile."""
    account = AccountFactory()
    asked = Removal.objects.create(account=account, name="Shop", scope={}, expected=0, asked_at=timezone.now())
    found = []

    def other():
        with transaction.atomic():
            found.extend(type(account).objects.select_for_update(nowait=True).filter(pk=account.pk))
        connections.close_all()

    with steps.locked(Removal.objects.select_related("account"), asked.pk):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    assert found == [account]
