"""Alerts by mail, to a real mail server: to whom, once, and what is in them."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from accounts.actions import memberships
from accounts.models import RolesByProject
from analytics.alerts import mail
from analytics.alerts.judging import judge
from analytics.alerts.models import Alert, AlertDelivery, DeliveryState
from tests.analytics.alerts.factories import NOON, AlertFactory, sign_up, told_to
from tests.analytics.alerts.kills import Killed, killed_before
from tests.factories import EnvironmentFactory
from tests.mailbox import html_of, path_in, running_mailbox, text_of

ME = "ada@shop.example"


@pytest.fixture
def mailbox(settings):
    with running_mailbox(settings) as mailbox:
        yield mailbox


def fired(**fields):
    """An alert that has just fired, and the membership of the person who will be told."""
    environment = EnvironmentFactory(name="Production", project__name="Shop")
    alert = AlertFactory(environment=environment, **{"name": "Many sign-ups"} | fields)
    membership = told_to(alert, user__email=ME)
    sign_up(environment, 3)
    judge(Alert.objects.select_related("environment__project__account").get(pk=alert.pk), NOON)
    return alert, membership


def later(mailbox):
    """What is put off is due now."""
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_jobs set scheduled_at = now() where status = 'todo'")
    mailbox.work()


@pytest.mark.django_db(transaction=True)
class TestDelivered:
    def test_the_mail_says_what_and_leads_to_the_alert(self, mailbox, client):
        _, membership = fired(name="Many evil.example sign-ups", fires_at=2.25)

        mailbox.work()

        (message,) = mailbox.to(ME)
        assert message["Subject"] == "Alert: Many evil. example sign-ups (Production)"
        assert message["Auto-Submitted"] == "auto-generated"
        for told in (text_of(message), html_of(message)):
            assert "of each day is above 2.25." in told
            assert "Sun 14 Jun 2026: It was 3." in told
        client.force_login(membership.user)
        response = client.get(path_in(message))
        assert response.status_code == 200
        assert AlertDelivery.objects.get().state == DeliveryState.SENT

    def test_a_server_that_refuses_is_asked_again_later(self, mailbox):
        fired()
        mailbox.refusing = True
        mailbox.work()
        delivery = AlertDelivery.objects.get()
        assert (delivery.state, delivery.attempts) == (DeliveryState.WAITING, 1)
        assert "the disk is full" in delivery.problem

        mailbox.refusing = False
        later(mailbox)

        assert (len(mailbox.messages), AlertDelivery.objects.get().state) == (1, DeliveryState.SENT)

    def test_a_database_that_fails_before_it_is_sent_loses_nothing(self, mailbox, monkeypatch):
        fired()
        real = mail._claimed

        def fails(number):
            raise OperationalError

        monkeypatch.setattr(mail, "_claimed", fails)
        mailbox.work()
        monkeypatch.setattr(mail, "_claimed", real)
        later(mailbox)

        assert (len(mailbox.messages), AlertDelivery.objects.get().state) == (1, DeliveryState.SENT)

    def test_a_server_that_goes_away_while_it_takes_a_mail_does_not_get_it_twice(self, mailbox):
        fired()
        mailbox.vanishing = True
        delivery = AlertDelivery.objects.get()

        for _ in range(2):
            mail.send(delivery.pk)

        delivery.refresh_from_db()
        assert (len(mailbox.messages), delivery.state) == (1, DeliveryState.FAILED)
        assert delivery.problem.startswith(mail.INTERRUPTED)

    def test_it_is_given_up_at_last(self, mailbox):
        fired()
        mailbox.refusing = True
        delivery = AlertDelivery.objects.get()
        for _ in range(len(mail.PAUSES) + 2):
            mail.send(delivery.pk)

        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts) == (DeliveryState.FAILED, 8)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "how", ["left", "switched_off", "hidden", "closed", "deleting", "second_factor", "single_sign_on"]
)
def test_who_no_longer_reaches_the_project_is_told_nothing(mailbox, how):
    alert, membership = fired()
    told_to(alert)  # somebody stays
    account, now = alert.environment.project.account, timezone.now()
    delivery = AlertDelivery.objects.get(membership=membership)
    if how == "left":
        stays = alert.recipients.exclude(membership=membership).get().membership
        memberships.remove(membership=membership, by=stays.user)
    if how == "switched_off":
        type(membership.user).objects.filter(pk=membership.user_id).update(is_active=False)
    if how == "hidden":
        type(membership).objects.filter(pk=membership.pk).update(read_only=True)
        type(account).objects.filter(pk=account.pk).update(roles_by_project=RolesByProject.NONE)
    if how == "closed":
        type(account).objects.filter(pk=account.pk).update(closed_at=now)
    if how == "deleting":
        type(alert.environment).objects.update(deleting_at=now)
    if how == "single_sign_on":
        type(account).objects.filter(pk=account.pk).update(require_sso=True)
    if how == "second_factor":
        type(account).objects.filter(pk=account.pk).update(require_second_factor=True)

    mail.send(delivery.pk)

    assert mailbox.messages == []
    left = AlertDelivery.objects.filter(pk=delivery.pk).first()
    assert (left is None) if how == "left" else (left.state == DeliveryState.DROPPED)


@pytest.mark.django_db
def test_a_kill_between_any_two_statements_sends_it_once_at_most(mailbox):
    """Where it is not known whether it was sent, it is not sent again, and the page says so."""
    alert, _ = fired()
    change = alert.changes.get()
    number, sent = 0, 0
    while True:
        number += 1
        delivery = AlertDelivery.objects.create(
            change=change, membership=told_to(alert, user__email=f"{number}@x.example")
        )
        try:
            with killed_before(number):
                mail.send(delivery.pk)
        except Killed:
            pass
        else:
            break
        for _ in range(2):
            mail.send(delivery.pk)  # the job is run again, by another worker
        delivery.refresh_from_db()
        messages = mailbox.to(f"{number}@x.example")
        assert len(messages) <= 1
        if delivery.state == DeliveryState.SENDING:
            assert delivery.problem == mail.INTERRUPTED
        else:
            assert (len(messages), delivery.state) == (1, DeliveryState.SENT)
            sent += 1
    assert number > 4
    assert sent  # before it was handed over, nothing is lost


@pytest.mark.django_db
@pytest.mark.parametrize(("value", "change"), [(1, "over"), (None, "unanswered")])
def test_the_other_mails(mailbox, value, change):
    alert, _ = fired()
    if change == "unanswered":
        alert.environment.reports.all().delete()
    judge(Alert.objects.select_related("environment__project__account").get(), NOON + timedelta(days=1))
    told = AlertDelivery.objects.get(change__change=change)

    mail.send(told.pk)

    (message,) = mailbox.messages
    expected = {
        "over": ("Over: Many sign-ups (Production)", "is over."),
        "unanswered": ("Cannot be judged: Many sign-ups (Production)", "Its report is deleted."),
    }[change]
    assert (message["Subject"], expected[1] in text_of(message)) == (expected[0], True)
