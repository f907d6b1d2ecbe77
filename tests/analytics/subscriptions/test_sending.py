"""Mails of subscriptions, received by a real SMTP server: what they say, once each, and to whom never."""

import re
import socket
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Activity, RolesByProject
from analytics.dashboards.kept import dashboards
from analytics.environments.notes import add_note
from analytics.models import Report
from analytics.store.failures import QueryLocked
from analytics.subscriptions import actions, contents, due, sending
from analytics.subscriptions.models import Sending
from projects.models import ProjectRole
from support.closing.actions import close, reopen
from tests.analytics.factories import ReportFactory
from tests.analytics.rows import add_event
from tests.analytics.subscriptions.factories import SendingFactory
from tests.analytics.subscriptions.steps import DAILY, is_due, subscribe, work
from tests.factories import EnvironmentFactory, MembershipFactory
from tests.mailbox import html_of, text_of

pytestmark = pytest.mark.django_db


def test_a_mail_says_it_as_text_and_as_html_with_the_chart_as_a_picture(mailbox, world, settings):
    settings.DEFAULT_FROM_EMAIL = "Numbers <numbers@mail.shop.example>"
    environment, membership, _ = world
    add_note(environment=environment, at=timezone.now(), is_day=False, text="Sale begins", by=membership.user)
    row = subscribe(world)
    is_due(row)
    for number in range(3):
        add_event(environment, actor_id=number, kind="pageview")

    work()
    work()

    (mail,) = mailbox.messages
    assert mail["To"] == membership.user.email
    assert mail["Message-ID"].endswith("@mail.shop.example>")
    assert mail.get_content_type() == "multipart/related"
    text = text_of(mail)
    assert "Visits of evil. example" in text and "evil.example" not in text + html_of(mail)
    assert "3 pageviews" in text and "Sale begins" in text and "Europe/Berlin" in text
    assert f"/env/{environment.app_id}/reports/" in text
    (image,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert image.get_payload(decode=True).startswith(b"\x89PNG")
    assert f"cid:{image['Content-ID'].strip('<>')}" in html_of(mail)
    assert "prefers-color-scheme: dark" in html_of(mail)


def test_the_link_ends_it_by_a_post_alone_also_a_mail_programs(mailbox, world):
    row = subscribe(world)
    is_due(row)
    work()
    (mail,) = mailbox.messages
    path = urlsplit(re.fullmatch(r"<(\S+)>", mail["List-Unsubscribe"].strip())[1]).path
    browser = Client(enforce_csrf_checks=True)

    asked = browser.get(path)
    row.refresh_from_db()
    assert (asked.status_code, row.ended_at) == (200, None)
    ended = browser.post(path, {"List-Unsubscribe": "One-Click"})
    row.refresh_from_db()

    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (ended.status_code, row.ended_why) == (200, actions.BY_LINK)
    assert Activity.objects.filter(verb="subscription.end").count() == 1
    is_due(row)
    work()
    assert len(mailbox.messages) == 1
    assert browser.get(path[:-5] + "AAAA/").status_code == 404
    assert browser.get(path.replace("unsubscribe", "subscribe")).status_code == 404


def leaves(environment, membership, report):
    membership.delete()


def is_switched_off(environment, membership, report):
    membership.user.is_active = False
    membership.user.save(update_fields=["is_active"])


def account_closes(environment, membership, report):
    type(membership.account).objects.filter(pk=membership.account_id).update(closed_at=timezone.now())


def environment_goes(environment, membership, report):
    type(environment).objects.filter(pk=environment.pk).update(deleting_at=timezone.now())


def report_goes(environment, membership, report):
    report.delete()


def project_is_hidden(environment, membership, report):
    account = membership.account
    type(account).objects.filter(pk=account.pk).update(roles_by_project=RolesByProject.READ_ONLY)
    type(membership).objects.filter(pk=membership.pk).update(read_only=True)
    ProjectRole.objects.create(membership=membership, project=environment.project, access="")


def sign_on_becomes_compulsory(environment, membership, report):
    """And the person cannot come that way."""
    account = membership.account
    type(account).objects.filter(pk=account.pk).update(require_sso=True)


@pytest.mark.parametrize(
    "happens",
    [
        leaves,
        is_switched_off,
        account_closes,
        environment_goes,
        report_goes,
        project_is_hidden,
        sign_on_becomes_compulsory,
    ],
)
@pytest.mark.parametrize("is_taken", [False, True], ids=["before", "after-it-was-taken"])
def test_nothing_is_sent_after(mailbox, world, happens, is_taken):
    row = subscribe(world)
    is_due(row)
    due.plan(timezone.now())
    taken = due.take(timezone.now()) if is_taken else None

    happens(*world)
    if taken:
        sending.send(taken)
    work()

    assert mailbox.messages == []


def test_what_was_killed_before_it_was_handed_over_is_sent_once_and_after_it_never(mailbox, world):
    row = subscribe(world)
    is_due(row)
    due.plan(timezone.now())
    killed = due.take(timezone.now())
    work()
    assert mailbox.messages == []

    Sending.objects.update(taken_at=timezone.now() - due.ABANDONED * 2)
    work()
    work()
    assert len(mailbox.messages) == 1
    sending.send(killed)  # it was slow, and not killed
    assert len(mailbox.messages) == 1

    Sending.objects.all().delete()
    is_due(row)
    due.plan(timezone.now())
    assert due.hand(due.take(timezone.now()))
    Sending.objects.update(taken_at=timezone.now() - due.ABANDONED * 2)
    work()
    assert len(mailbox.messages) == 1


def test_a_mail_that_waits_for_the_same_interval_goes_on_waiting_and_that_of_one_before_ends(mailbox, world):
    row = subscribe(world)
    is_due(row)
    due.plan(timezone.now())
    before = SendingFactory(subscription=row, interval=Sending.objects.get().interval - timedelta(days=1))
    is_due(row)  # as when its hour is changed to one that is past

    work()

    assert len(mailbox.messages) == 1
    before.refresh_from_db()
    assert (before.problem, before.sent_at) == (due.OVERTAKEN, None)


def test_what_fails_again_and_again_is_given_up_and_keeps_nobody_waiting(mailbox, world):
    row = subscribe(world)
    is_due(row)
    due.plan(timezone.now())
    for _ in range(due.MOST_TRIES + 1):
        assert due.take(timezone.now()) is not None
        Sending.objects.update(taken_at=timezone.now() - due.ABANDONED * 2)

    work()

    assert (mailbox.messages, Sending.objects.get().problem) == ([], due.FAILED)


def test_closed_nothing_is_sent_and_reopened_the_next_interval_is(mailbox, world):
    account = world[1].account
    row = subscribe(world)
    is_due(row)
    closing = close(account=account, grace_days=7, asked_by="Ada", by=None)
    work()
    assert mailbox.messages == []

    reopen(closing=closing, by=None)
    work()
    assert mailbox.messages == []
    Sending.objects.update(interval=timezone.now() - timedelta(days=9))
    is_due(row)
    work()

    assert len(mailbox.messages) == 1


def test_after_downtime_the_last_interval_alone_and_a_second_plan_adds_nothing(mailbox, world):
    row = subscribe(world)
    is_due(row, timedelta(days=40))

    work()
    is_due(row)
    work()

    assert len(mailbox.messages) == 1
    row.refresh_from_db()
    assert row.due_at > timezone.now()


def test_a_server_that_refuses_is_asked_again_later(mailbox, world):
    row = subscribe(world)
    is_due(row)
    mailbox.refusing = True
    work()
    waiting = Sending.objects.get()
    assert (waiting.tries, waiting.handed_at, waiting.sent_at) == (1, None, None)
    assert "the disk is full" in waiting.problem
    mailbox.refusing = False
    work()
    assert mailbox.messages == []
    Sending.objects.update(turn_at=timezone.now() - timedelta(seconds=1))

    work()
    work()

    assert len(mailbox.messages) == 1


@pytest.mark.parametrize("failure", [ZeroDivisionError, QueryLocked], ids=["unforeseen", "passing"])
def test_a_mail_that_cannot_be_made_now_is_tried_again_and_keeps_no_other_waiting(mailbox, world, monkeypatch, failure):
    environment, membership, _ = world
    broken = actions.subscribe(
        environment=environment, membership=membership, thing=dashboards(environment)[0], emails=[], **DAILY
    )[0]
    fine = subscribe(world)
    is_due(broken, timedelta(minutes=2))
    is_due(fine)

    def fail(*_):
        raise failure

    monkeypatch.setattr(contents, "_tiles", fail)
    work()

    assert len(mailbox.messages) == 1
    waiting = Sending.objects.get(subscription=broken)
    assert (waiting.tries, waiting.done_at) == (1, None)
    assert waiting.problem


def test_what_another_worker_has_meanwhile_is_left_to_it(world):
    row = subscribe(world)
    is_due(row)
    due.plan(timezone.now())
    slow = due.take(timezone.now())
    Sending.objects.update(taken_at=timezone.now() - due.ABANDONED * 2)
    assert due.hand(due.take(timezone.now()))

    due.refused(slow, "busy")

    assert due.take(timezone.now() + timedelta(hours=1)) is None


def test_a_server_that_says_nothing_has_no_mail_and_is_asked_again_later(mailbox, world, settings):
    row = subscribe(world)
    is_due(row)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = silent.getsockname()[1], 0.2
        work()

    waiting = Sending.objects.get()
    assert (waiting.tries, waiting.handed_at, waiting.done_at) == (1, None, None)


def test_a_server_that_goes_away_while_it_takes_a_mail_does_not_get_it_twice(mailbox, world):
    row = subscribe(world)
    is_due(row)
    mailbox.vanishing = True

    work()
    Sending.objects.update(turn_at=timezone.now() - timedelta(seconds=1))
    work()

    assert (len(mailbox.messages), Sending.objects.get().sent_at) == (1, None)
    assert Sending.objects.get().problem.startswith(sending.UNKNOWN)


def test_one_accounts_hundreds_do_not_keep_anothers_waiting(world):
    environment, membership, _ = world
    rows = [
        actions.subscribe(
            environment=environment,
            membership=MembershipFactory(account=membership.account),
            thing=world[2],
            emails=[],
            **DAILY,
        )[0]
        for _ in range(5)
    ]
    other = EnvironmentFactory()
    report = ReportFactory(environment=other)
    late = actions.subscribe(
        environment=other,
        membership=MembershipFactory(account=other.project.account),
        thing=report,
        emails=[],
        **DAILY,
    )[0]
    for row in [*rows, late]:
        is_due(row)
    due.plan(timezone.now())

    turns = [due.take(timezone.now()).subscription_id for _ in range(2)]

    assert late.pk in turns


def test_a_question_that_cannot_be_answered_says_so(mailbox, world):
    *_, report = world
    gone = "definition:00000000-0000-4000-8000-00000000dead"
    Report.objects.filter(pk=report.pk).update(body={"parameters": [["event", gone]]})
    row = subscribe(world)
    is_due(row)

    work()

    (mail,) = mailbox.messages
    assert "could not be answered" in text_of(mail)


def test_a_dashboard_with_all_its_tiles(mailbox, world):
    environment, membership, _ = world
    row = actions.subscribe(
        environment=environment, membership=membership, thing=dashboards(environment)[0], emails=[], **DAILY
    )[0]
    is_due(row)

    work()

    (mail,) = mailbox.messages
    assert "Overview" in mail["Subject"] and "/dashboards/" in text_of(mail)


def test_another_time_zone_moves_what_is_due(world):
    environment, *_ = world
    row = subscribe(world)
    type(environment.project).objects.filter(pk=environment.project_id).update(time_zone="Asia/Tokyo")

    due.replan(datetime(2026, 11, 1, tzinfo=UTC))

    row.refresh_from_db()
    assert (row.zone, row.due_at) == ("Asia/Tokyo", datetime(2026, 11, 1, 23, tzinfo=UTC))
