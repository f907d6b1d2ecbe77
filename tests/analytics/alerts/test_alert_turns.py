"""Whose alert is judged next: no account before another, no fault in the way, and no work for each that all share."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.alerts import judging
from analytics.alerts.models import Alert
from tests.analytics.alerts.factories import DAY, AlertFactory, changes, sign_up
from tests.factories import EnvironmentFactory

pytestmark = pytest.mark.django_db


def test_one_alert_of_each_account_in_turn(monkeypatch):
    now = timezone.now()
    large, small = EnvironmentFactory(), EnvironmentFactory()
    for number in range(3):
        AlertFactory(environment=large, name=f"large {number}", next_at=now - timedelta(hours=9 - number))
    AlertFactory(environment=small, name="small", next_at=now - timedelta(minutes=1))
    order = []

    def judge(alert, at):
        order.append(alert.name)
        Alert.objects.filter(pk=alert.pk).update(next_at=at + DAY)

    monkeypatch.setattr(judging, "judge", judge)

    after, slices = 0, 0
    while after is not None:
        after, slices = judging.run(seconds=-1, after=after), slices + 1

    assert order == ["large 0", "small", "large 1", "large 2"]
    assert slices == 4  # each ended when its time was up


def test_finding_who_is_next_does_not_look_at_all_that_are_due_for_each(monkeypatch):
    """One statement for some of them, and one for each by its own number."""
    monkeypatch.setattr(judging, "AT_ONCE", 2)
    environment = EnvironmentFactory()
    for _ in range(3):
        AlertFactory(environment=environment)
    judged = []

    def judge(alert, at):
        judged.append(alert.pk)
        Alert.objects.filter(pk=alert.pk).update(next_at=at + DAY)

    monkeypatch.setattr(judging, "judge", judge)

    with CaptureQueriesContext(connection) as captured:
        assert judging.run(seconds=60, after=0) is None

    asked = [each["sql"] for each in captured if each["sql"].startswith("SELECT")]
    assert len(judged) == 3
    assert ["row_number" in sql.lower() for sql in asked] == [True, False, False, True, False, True]


def test_what_somebody_switches_off_while_it_waits_for_its_turn_is_not_judged(monkeypatch):
    environment = EnvironmentFactory()
    for _ in range(2):
        AlertFactory(environment=environment)
    judged = []

    def judge(alert, at):
        judged.append(alert.pk)
        Alert.objects.update(is_on=False)

    monkeypatch.setattr(judging, "judge", judge)

    judging.run(seconds=60, after=0)

    assert len(judged) == 1


@pytest.mark.parametrize("what", ["off", "later", "deleting", "closed"])
def test_who_is_not_due(what):
    now, environment = timezone.now(), EnvironmentFactory()
    alert = AlertFactory(environment=environment, is_on=what != "off")
    if what == "later":
        Alert.objects.update(next_at=now + DAY)
    if what == "deleting":
        environment.deleting_at = now
        environment.save()
    if what == "closed":
        environment.project.account.closed_at = now
        environment.project.account.save()

    judging.run(seconds=5, after=0)

    alert.refresh_from_db()
    assert alert.judged_until is None


def test_a_mistake_while_something_is_noted_keeps_no_other_alert_waiting(environment, monkeypatch, caplog):
    now, real = timezone.now(), judging.words.told
    sign_up(environment, 3, at=now - DAY)
    broken, fine = (AlertFactory(environment=environment, name=name, fires_at=-1) for name in ("broken", "fine"))
    monkeypatch.setattr(judging.words, "told", lambda row, *given: 1 / 0 if row == broken else real(row, *given))

    assert judging.run(seconds=60, after=0) is None

    broken.refresh_from_db()
    assert (changes(broken), changes(fine), broken.judged_until) == ([], ["fired"], None)
    assert broken.next_at > now
    assert "could not be noted" in caplog.text
