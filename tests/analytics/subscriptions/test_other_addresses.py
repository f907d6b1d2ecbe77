"""Mails of subscriptions to other addresses: what they are asked before, and what they are not told."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Activity
from analytics.environments.notes import add_note
from analytics.models import Report
from analytics.subscriptions import actions, confirming, contents
from analytics.subscriptions.models import Sending, Subscription
from tests.analytics.rows import add_event, add_person
from tests.analytics.subscriptions.steps import is_due, subscribe, work
from tests.mailbox import html_of, path_in, text_of

pytestmark = pytest.mark.django_db


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
