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
from analytics.subscriptions import actions, confirming, contents, due, sending
from analytics.subscriptions.models import Sending, Subscription
from projects.models import ProjectRole
from support.closing.actions import close, reopen
from tests.analytics.factories import ReportFactory
from tests.analytics.rows import add_event, add_person
from tests.analytics.subscriptions.factories import SendingFactory
from tests.factories import EnvironmentFactory, MembershipFactory
from tests.mailbox import html_of, path_in, running_mailbox, text_of

pytestmark = pytest.mark.django_db
DAILY = {"frequency": "daily", "day": 1, "hour": 8}


@pytest.fixture
def mailbox(settings):
    with running_mailbox(settings) as box:
        yield box


@pytest.fixture
def world():
    environment = EnvironmentFactory(project__time_zone="Europe/Berlin")
    membership = MembershipFactory(account=environment.project.account)
    MembershipFactory(account=environment.project.account)
    report = ReportFactory(
        environment=environment,
        name="Visits of evil.example",
        kind="graph",
        body={"parameters": [["event", "builtin:pageview"], ["days", "7"]]},
    )
    return environment, membership, report


def subscribe(world, *emails, **schedule):
    environment, membership, report = world
    return actions.subscribe(
        environment=environment, membership=membership, thing=report, emails=emails, **(DAILY | schedule)
    )[0]


def is_due(row, ago=timedelta(minutes=1)):
    Subscription.objects.filter(pk=row.pk).update(due_at=timezone.now() - ago)


def work(now=None):
    while due.plan(now or timezone.now()):
        pass
    while sending.run(seconds=60):
        pass


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


LONG = f"boss@{'.'.join([60 * 'a'] * 3)}.example"  # longer than a name in Activity


def test_another_address_gets_nothing_before_it_has_confirmed_by_a_post(mailbox, world):
    row = subscribe(world, LONG)
    is_due(row)
    work()
    confirming.ask(row.pk)
    (question,) = mailbox.messages
    assert "evil.example" not in text_of(question)
    path = path_in(question)

    Client().get(path)
    is_due(row)
    work()
    assert len(mailbox.messages) == 1
    Client().post(path)
    is_due(row)
    work()

    assert [mail["To"] for mail in mailbox.messages] == [LONG] * 2
    assert LONG.startswith(Activity.objects.get(verb="subscription.confirm").by_name)


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


def test_to_others_nothing_is_sent_once_its_maker_is_read_only(mailbox, world):
    row = subscribe(world, "boss@other.example")
    actions.confirm(subscription=row)
    is_due(row)
    type(world[1]).objects.filter(pk=world[1].pk).update(read_only=True)

    work()

    assert mailbox.messages == []


def test_a_question_to_another_address_is_not_sent_once_its_maker_is_read_only(mailbox, world):
    row = subscribe(world, "boss@other.example")
    type(world[1]).objects.filter(pk=world[1].pk).update(read_only=True)

    confirming.ask(row.pk)

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


NAMED = [["event", "event:Paid"], ["days", "7"]]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([["by", "user:plan"]], contents.HIDES_PEOPLE),
        ([["by", "property:customer_email"]], contents.HIDES_PEOPLE),
        ([["by", "property:label"]], contents.HIDES_ADDRESSES),
    ],
    ids=["property-of-people", "property-by-name", "address-as-value"],
)
def test_names_of_people_go_to_other_addresses_only_if_ticked(mailbox, world, more, said):
    environment, _, report = world
    add_person(environment, 1, properties={"plan": "ada@shop.example"})
    add_event(environment, name="Paid", properties={"customer_email": "ada@shop.example", "label": "ada@shop.example"})
    Report.objects.filter(pk=report.pk).update(body={"parameters": NAMED + more})
    own, other = subscribe(world), subscribe(world, "boss@other.example")
    actions.confirm(subscription=other)
    is_due(own)
    is_due(other)
    work()
    told, hidden = mailbox.to(world[1].user.email)[0], mailbox.to("boss@other.example")[0]
    assert said in text_of(hidden)
    assert "ada" not in text_of(hidden) + html_of(hidden) and "ada at shop. example" in text_of(told)
    assert not [part for part in hidden.walk() if part.get_content_type() == "image/png"]

    Subscription.objects.filter(pk=other.pk).update(shows_people=True)
    Sending.objects.all().delete()
    is_due(other)
    work()

    assert "ada at shop. example" in text_of(mailbox.to("boss@other.example")[1])


@pytest.mark.parametrize("is_ticked", [False, True])
def test_notes_go_to_other_addresses_only_if_ticked(mailbox, world, is_ticked):
    environment, membership, _ = world
    add_note(environment=environment, at=timezone.now(), is_day=False, text="Ada was ill", by=membership.user)
    add_event(environment, actor_id=1, kind="pageview")
    row = subscribe(world, "boss@other.example", shows_people=is_ticked)
    actions.confirm(subscription=row)
    is_due(row)

    work()

    (mail,) = mailbox.messages
    assert "1 pageview" in text_of(mail)
    assert ("Ada was ill" in text_of(mail), "Ada was ill" in html_of(mail)) == (is_ticked, is_ticked)


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


def test_limits_count_what_was_ended_too(world):
    for _ in range(actions.A_DAY_TO_ADDRESS):
        row = subscribe(world, "boss@other.example")
        actions.end(subscription=row, by=world[1].user)

    with pytest.raises(actions.NotSubscribed, match="often enough"):
        subscribe(world, "boss@other.example")
    for number in range(actions.A_DAY_OF_PERSON - actions.A_DAY_TO_ADDRESS):
        subscribe(world, f"someone{number}@other.example")
    with pytest.raises(actions.NotSubscribed, match="in a day"):
        subscribe(world, "one-more@other.example")


def test_whoever_declined_is_not_asked_again(world):
    row = subscribe(world, "boss@other.example")
    actions.end(subscription=row, by=None, why=actions.DECLINED)

    with pytest.raises(actions.NotSubscribed, match="wants none"):
        subscribe(world, "boss@other.example")


def test_who_declined_is_remembered_though_it_is_listed_no_more_and_what_ended_otherwise_is_forgotten(world):
    declined, ended = subscribe(world, "boss@other.example"), subscribe(world, "other@other.example")
    actions.end(subscription=declined, by=None, why=actions.DECLINED)
    actions.end(subscription=ended, by=None, why=actions.BY_LINK)
    Subscription.objects.update(
        created_at=timezone.now() - timedelta(days=99),
        ended_at=timezone.now() - actions.FORGOTTEN - timedelta(minutes=1),
    )

    actions.forget()

    assert (Subscription.objects.get(), actions.listed(world[0], None)) == (declined, [])
    with pytest.raises(actions.NotSubscribed, match="wants none"):
        subscribe(world, "boss@other.example")


def test_what_no_address_confirmed_in_time_ends_and_may_be_asked_anew(world):
    late, own, confirmed = subscribe(world, "late@other.example"), subscribe(world), subscribe(world, "a@other.example")
    actions.confirm(subscription=confirmed)
    Subscription.objects.update(created_at=timezone.now() - actions.CONFIRM_WITHIN - timedelta(minutes=1))
    in_time = subscribe(world, "in-time@other.example")

    actions.forget()

    assert list(Subscription.objects.filter(ended_at=None).order_by("pk")) == [own, confirmed, in_time]
    assert Subscription.objects.get(pk=late.pk).ended_why == actions.UNCONFIRMED
    subscribe(world, "late@other.example")
