"""Judging alerts: on finished intervals, told once, whatever is killed, and no account before another."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from analytics.alerts import judging, log, reading
from analytics.alerts.judging import judge
from analytics.alerts.models import Alert, AlertChange, AlertDelivery
from analytics.jobs import forget_alerts
from analytics.models import Definition
from analytics.store.failures import QueryBusy, QueryTimeout
from tests.analytics.alerts.factories import (
    DAY,
    NOON,
    AlertFactory,
    WebhookFactory,
    changes,
    sign_up,
    signups,
    silence,
    told_to,
)
from tests.analytics.alerts.kills import Killed, killed_before
from tests.analytics.factories import DefinitionFactory, ReportFactory
from tests.analytics.rows import add_event
from tests.factories import EnvironmentFactory

pytestmark = pytest.mark.django_db


def judged(alert, now=NOON):
    judge(Alert.objects.select_related("environment__project__account").get(pk=alert.pk), now)
    alert.refresh_from_db()
    return alert


def test_it_fires_once_and_is_over_once(environment):
    """Days with 1, 4, 5, 2 and 1 sign-ups; above 3, over below 2."""
    alert = AlertFactory(environment=environment, fires_at=3, over_at=2)
    for days_ago, times in ((5, 1), (4, 4), (3, 5), (2, 2), (1, 1)):
        sign_up(environment, times, days_ago=days_ago)

    seen = []
    for days_ago in (4, 3, 2, 1, 0):
        for hours in (0, 1, 5):  # and again the same day
            judged(alert, NOON - days_ago * DAY + timedelta(hours=hours))
        seen.append((alert.value, alert.is_firing, len(changes(alert))))

    assert seen == [(1, False, 0), (4, True, 1), (5, True, 1), (2, True, 1), (1, False, 2)]
    assert changes(alert) == ["fired", "over"]
    told = AlertChange.objects.get(change="fired").told
    assert (told["when"], told["words"], told["value"]) == ("Thu 11 Jun 2026", "It was 4.", 4)
    assert told["watched"] == "The number of “Sign-ups” of each day is above 3. Over when it is below 2."


def test_the_day_that_runs_is_not_judged_and_late_events_change_nothing(environment):
    alert = AlertFactory(environment=environment)
    sign_up(environment, 9, at=NOON - timedelta(hours=2))
    assert (judged(alert).value, alert.judged_until) == (0, NOON.replace(hour=0))

    sign_up(environment, 9)  # late, of yesterday

    assert judged(alert, NOON + timedelta(hours=3)).value == 0
    assert changes(alert) == []
    assert alert.next_at == NOON.replace(hour=0) + DAY + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("unit", "start", "end"),
    [
        ("hour", "2026-03-29T00:00", "2026-03-29T01:00"),  # the hour from 1 to 2 by clocks that then go forward
        ("day", "2026-03-28T23:00", "2026-03-29T22:00"),  # has 23 hours
        ("week", "2026-03-22T23:00", "2026-03-29T22:00"),
    ],
)
def test_intervals_are_those_of_the_projects_clocks(unit, start, end):
    environment = EnvironmentFactory(project__time_zone="Europe/Berlin")
    start, end = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (start, end))
    for at in (start - timedelta(seconds=1), start, end - timedelta(seconds=1), end):
        add_event(environment, at=at)

    alert = judged(AlertFactory(environment=environment, unit=unit), end + timedelta(minutes=6))

    assert (alert.value, alert.judged_until) == (2, end)


@pytest.mark.parametrize(
    ("rule", "in_percent", "found", "words"),
    [
        ("rose", True, 200, "It rose by 200 %, from 2 to 6."),
        ("changed", False, 4, "It rose by 4, from 2 to 6."),
        ("fell", True, 200, "It rose by 200 %, from 2 to 6."),
    ],
)
def test_a_change_is_against_the_interval_before(environment, rule, in_percent, found, words):
    sign_up(environment, 2, days_ago=2)
    sign_up(environment, 6)
    alert = judged(AlertFactory(environment=environment, rule=rule, in_percent=in_percent, fires_at=3))

    assert (alert.value, alert.is_firing) == (found, rule != "fell")
    if alert.is_firing:
        assert AlertChange.objects.get().told["words"] == words


def test_in_percent_of_nothing_there_is_no_number(environment):
    alert = AlertFactory(environment=environment, rule="rose", in_percent=True, is_firing=True)
    sign_up(environment, 6)

    assert (judged(alert).value, alert.is_firing, alert.problem, changes(alert)) == (None, True, "", [])


def test_the_whole_range_of_a_report_and_the_range_before(environment):
    """The last 3 days up to yesterday have 6, the 3 days before have 4."""
    report = signups(environment, "graph", ("days", "3"), ("by", "property:plan"))
    for days_ago, times in ((6, 1), (5, 2), (4, 1), (3, 1), (2, 2), (1, 3), (0, 9)):
        sign_up(environment, times, days_ago=days_ago, properties={"plan": str(days_ago)})
    total = {"environment": environment, "lineage": report.lineage, "figure": "total"}

    assert judged(AlertFactory(**total)).value == 6
    assert judged(AlertFactory(rule="rose", in_percent=True, **total)).value == 50

    report.body = {"parameters": [["event", "event:Signed up"], ["days", "this_week"]]}
    report.save()
    assert judged(AlertFactory(**total)).value == 10  # from Monday to Sunday


def test_the_conversion_of_a_funnel(environment):
    steps = [["step.0.event", "event:Signed up"], ["step.1.event", "event:Paid"]]
    report = ReportFactory(environment=environment, name="Paying", kind="funnel", body={"parameters": steps})
    for actor in range(1, 5):
        sign_up(environment, 1, actor_id=actor)
    add_event(environment, at=NOON - DAY + timedelta(hours=1), actor_id=1, name="Paid", kind="custom")
    alert = AlertFactory(environment=environment, lineage=report.lineage, rule="below", fires_at=30)

    assert (judged(alert).value, alert.is_firing) == (25.0, True)
    told = AlertChange.objects.get().told
    assert (told["watched"], told["words"]) == (
        "The conversion of “Paying” of each day is below 30 %.",
        "It was 25 %.",
    )


def test_a_formula(environment):
    pairs = [["series.0.event", "event:Signed up"], ["series.1.event", "event:Paid"], ["formula", "B / A"]]
    report = ReportFactory(environment=environment, kind="graph", body={"parameters": pairs})
    sign_up(environment, 4)
    add_event(environment, at=NOON - DAY, name="Paid", kind="custom")

    assert judged(AlertFactory(environment=environment, lineage=report.lineage)).value == 0.25


def test_silence_of_the_environment_and_of_an_event(environment):
    everything, of_paid = silence(environment), silence(environment, event="event:Paid")
    with connection.cursor() as cursor:
        add_event(environment, at=NOON - timedelta(hours=2))
        cursor.execute("update events set received_at = time where environment_id = %s", [environment.pk])

    assert (judged(everything, NOON + timedelta(minutes=5)).value, everything.is_firing) == (2, False)
    assert judged(everything, NOON + timedelta(hours=1, minutes=6)).is_firing
    assert judged(of_paid).is_firing  # it never came

    add_event(environment, at=timezone.now(), name="Paid", kind="custom")
    for alert in (everything, of_paid):
        judged(alert, NOON + timedelta(hours=2, minutes=6))
        assert (changes(alert), alert.value) == (["fired", "over"], 0)


def test_an_environment_that_never_had_an_event_is_not_silent(environment):
    assert (judged(silence(environment)).is_firing, changes(silence(environment))) == (False, [])


def test_a_definition_that_stopped_matching(environment):
    definition = DefinitionFactory(environment=environment, name="Checkout")
    fixed = {"watches": "definition", "figure": "", "rule": "lasts", "unit": "day", "fires_at": 2}
    alert = AlertFactory(environment=environment, lineage=definition.lineage, **fixed)
    assert (judged(alert).value, alert.problem) == (None, "")  # nobody looked at it yet

    def looked(days_since, now):
        Definition.objects.filter(pk=definition.pk).update(looked_at=now, matched_at=now - days_since * DAY)
        return judged(alert, now + timedelta(hours=1))

    assert not looked(1, NOON + DAY).is_firing
    assert looked(2, NOON + 2 * DAY).is_firing
    assert not looked(0, NOON + 3 * DAY).is_firing
    assert AlertChange.objects.get(change="fired").told["words"] == "Its last match was 2 days before."

    judged(alert, NOON + 9 * DAY)
    assert alert.problem == "Looking for its last match takes too long."


class TestCannotBeJudged:
    def test_it_is_said_once_and_it_is_not_over(self, environment):
        alert = AlertFactory(environment=environment, is_firing=True)
        told_to(alert)
        Alert.objects.filter(pk=alert.pk).update(lineage=uuid4())

        for days in range(3):
            judged(alert, NOON + days * DAY)

        assert (alert.is_firing, alert.problem, changes(alert)) == (True, "Its report is deleted.", ["unanswered"])
        assert AlertChange.objects.get().told["words"] == "Its report is deleted."
        assert AlertDelivery.objects.count() == 1

    def test_it_goes_on_once_it_can_be_judged_again(self, environment):
        report = signups(environment)
        alert = AlertFactory(environment=environment, lineage=report.lineage)
        body = report.body
        for days, parameters in enumerate(
            ([["event", "definition:" + str(uuid4())]], body["parameters"], [["event", ""]])
        ):
            report.body = {"parameters": parameters}
            report.save()
            judged(alert, NOON + days * DAY)

        assert AlertChange.objects.first().told["words"] == "A definition that this query uses is not there any more."
        assert changes(alert)[0] == "unanswered"

    @pytest.mark.parametrize(
        ("kind", "parameters", "fields", "words"),
        [
            ("retention", [], {}, "Only graphs"),
            ("graph", [["compare", "everyone"]], {}, "compares segments"),
            ("graph", [["series.0.event", "event:a"], ["series.1.event", "event:b"]], {}, "several series"),
            ("graph", [["cumulative", "1"]], {}, "since the start"),
            ("graph", [["days", "all"]], {"figure": "total"}, "all time"),
            ("graph", [["days", "custom"], ["from", "2026-01-01"], ["to", "2026-01-02"]], {"figure": "total"}, "same"),
            ("graph", [], {"figure": "total", "unit": "hour"}, "by day or by week"),
        ],
    )
    def test_reports_without_such_a_number(self, environment, kind, parameters, fields, words):
        report = signups(environment, kind, *parameters)

        alert = judged(AlertFactory(environment=environment, lineage=report.lineage, **fields))

        assert words in alert.problem

    def test_what_takes_too_long_is_tried_again_and_then_said(self, environment, monkeypatch):
        alert = AlertFactory(environment=environment)
        tries = []

        def too_long(*given):
            tries.append(given)
            raise QueryTimeout

        monkeypatch.setattr(judging, "read", too_long)

        waits = []
        for _ in range(4):
            before = judged(alert).next_at
            waits.append((before - NOON, alert.problem))

        minutes = timedelta(minutes=1)
        assert waits[:2] == [(2 * minutes, ""), (10 * minutes, "")]
        assert (waits[2][1], len(tries), changes(alert)) == ("The question takes too long.", 3, ["unanswered"])

    def test_a_database_that_is_busy_is_asked_again_in_a_minute(self, environment, monkeypatch):
        def busy(*given):
            raise QueryBusy

        monkeypatch.setattr(judging, "read", busy)
        alert = AlertFactory(environment=environment)

        for _ in range(9):
            judged(alert)

        assert (alert.next_at - NOON, alert.attempts, changes(alert)) == (timedelta(minutes=1), 0, [])

    def test_each_question_has_a_time_limit(self, environment, monkeypatch):
        limits, run = [], reading.run
        monkeypatch.setattr(reading, "run", lambda query, *, limit: limits.append(limit) or run(query, limit=limit))
        funnel = signups(environment, "funnel", ("step.0.event", "event:a"), ("step.1.event", "event:b"))

        for fields in ({}, {"figure": "total"}, {"lineage": funnel.lineage}):
            assert judged(AlertFactory(environment=environment, **fields)).problem == ""

        assert limits == [timedelta(seconds=10)] * 3

    def test_a_mistake_of_ours_keeps_no_other_alert_waiting(self, environment, monkeypatch, caplog):
        real = judging.read
        broken, fine = AlertFactory(environment=environment), AlertFactory(environment=environment)

        def read(alert, interval):
            return 1 / 0 if alert.pk == broken.pk else real(alert, interval)

        monkeypatch.setattr(judging, "read", read)

        assert judging.run(seconds=60, after=0) is None
        assert [Alert.objects.get(pk=each.pk).judged_until is None for each in (broken, fine)] == [True, False]
        assert "could not be judged" in caplog.text


def test_a_kill_between_any_two_statements_tells_nothing_twice_and_loses_nothing(environment):
    sign_up(environment, 3)
    number = 0
    while True:
        number += 1
        alert = AlertFactory(environment=environment)
        told_to(alert)
        alert.webhooks.add(WebhookFactory(environment=environment))
        try:
            with killed_before(number):
                judged(alert)
        except Killed:
            alert.refresh_from_db()
            assert changes(alert) in ([], ["fired"])
            assert alert.is_firing == bool(changes(alert))
        else:
            break
        judged(alert)
        judged(alert)

        deliveries = AlertDelivery.objects.filter(change__alert=alert)
        mails = ProcrastinateJob.objects.filter(
            task_name="analytics.mail_alert", args__delivery_id__in=list(deliveries.values_list("pk", flat=True))
        )
        assert (changes(alert), deliveries.count(), mails.count()) == (["fired"], 2, 1)
    assert number > 10


def test_two_workers_at_once_tell_once(environment):
    """Both have read the alert before either has judged it."""
    sign_up(environment, 3)
    alert = AlertFactory(environment=environment)
    first, second = (Alert.objects.select_related("environment__project__account").get() for _ in range(2))

    judge(first, NOON)
    judge(second, NOON)

    assert changes(alert) == ["fired"]


def test_what_was_changed_or_switched_off_meanwhile_is_not_judged(environment):
    sign_up(environment, 3)
    alert = AlertFactory(environment=environment)
    read = Alert.objects.select_related("environment__project__account").get()

    Alert.objects.update(version=2)
    judge(read, NOON)
    Alert.objects.update(version=1, is_on=False)
    judge(read, NOON)

    assert changes(alert) == []


def test_what_was_told_is_forgotten_after_a_month(environment):
    alert = AlertFactory(environment=environment)
    old, new = (
        AlertChange.objects.create(
            alert=alert, interval_end=NOON, change=change, told={}, at=timezone.now() - timedelta(days=days)
        )
        for change, days in (("fired", 31), ("over", 29))
    )
    for change in (old, new):
        AlertDelivery.objects.create(change=change, membership=told_to(alert))

    test = AlertDelivery.objects.create(webhook=WebhookFactory(environment=environment))
    AlertDelivery.objects.filter(pk=test.pk).update(created_at=timezone.now() - timedelta(days=31))

    assert [log.forget(), log.forget()] == [2, 0]

    assert changes(alert) == ["over"]
    assert AlertDelivery.objects.get().change == new


def test_forgetting_much_goes_on_later(environment, monkeypatch):
    monkeypatch.setattr("analytics.jobs.SLICE_SECONDS", 0)

    forget_alerts(timestamp=0)

    assert ProcrastinateJob.objects.get().task_name == "analytics.forget_alerts"
