"""Alerts by webhook, to a real HTTP server: signed, tried again, ended, and never into our own network."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks import Webhook as Receiver
from standardwebhooks import WebhookVerificationError

from accounts.models import Activity
from analytics.alerts.judging import judge
from analytics.alerts.models import Alert, AlertChange, AlertDelivery, DeliveryState, Webhook
from analytics.alerts.webhooks import actions, secrets, sending
from common import guarded_http
from tests.analytics.alerts.factories import NOON, AlertFactory, WebhookFactory, sign_up
from tests.analytics.alerts.kills import Killed, killed_before
from tests.analytics.alerts.listener import listening, resolving
from tests.factories import EnvironmentFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def listener(settings):
    settings.WEBHOOK_INTERNAL_HOSTS = ["127.0.0.1"]
    with listening() as listener:
        yield listener


@pytest.fixture
def webhook(environment, listener):
    return WebhookFactory(environment=environment, name="Pager", secret_url=listener.url)


def test_of(webhook) -> AlertDelivery:
    return AlertDelivery.objects.create(webhook=webhook)


test_of.__test__ = False


def is_signed_with(secret, received):
    headers, body = received
    try:
        Receiver(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


def test_an_alert_that_fires_is_told_signed(environment, webhook, listener):
    alert = AlertFactory(environment=environment, name="Viele Anmeldungen: ä“")
    alert.webhooks.add(webhook)
    sign_up(environment, 3)
    judge(Alert.objects.select_related("environment__project__account").get(pk=alert.pk), NOON)

    assert not sending.run(seconds=5)

    (received,) = listener.received
    sent = json.loads(received[1])
    assert is_signed_with(secrets.secret(webhook.nonce), received)
    assert not is_signed_with(secrets.secret("0" * 32), received)
    assert (sent["type"], sent["data"]["alert"]["name"]) == ("alert.fired", alert.name)
    assert (sent["data"]["value"], sent["data"]["found"]) == (3, "It was 3.")
    assert sent["data"]["interval"] == {"starts": "2026-06-14T00:00:00+00:00", "ends": "2026-06-15T00:00:00+00:00"}
    assert (AlertDelivery.objects.get().state, AlertDelivery.objects.get().answer) == (DeliveryState.SENT, 204)


def test_while_the_secret_is_changed_both_sign(webhook, listener):
    old = secrets.secret(webhook.nonce)
    _, new = actions.change_secret(webhook=webhook, by=UserFactory())
    test_of(webhook)
    sending.run(seconds=5)
    assert [is_signed_with(each, listener.received[0]) for each in (old, new)] == [True, True]

    Webhook.objects.update(old_until=timezone.now())
    test_of(webhook)
    sending.run(seconds=5)
    assert [is_signed_with(each, listener.received[1]) for each in (old, new)] == [False, True]
    assert old.startswith("whsec_") and old != new


def test_a_repetition_has_the_same_id_and_the_same_bytes(webhook, listener):
    listener.answer = 503
    test_of(webhook)
    for _ in range(3):
        sending.run(seconds=5)
        Webhook.objects.update(paused_until=None)
    listener.answer = 200
    sending.run(seconds=5)
    sending.run(seconds=5)

    assert len({(headers["webhook-id"], body) for headers, body in listener.received}) == 1
    delivery = AlertDelivery.objects.get()
    assert (len(listener.received), delivery.attempts, delivery.state, delivery.problem) == (
        4,
        4,
        DeliveryState.SENT,
        "",
    )


def test_pauses_grow_and_after_a_day_it_is_given_up(webhook, listener):
    listener.answer = 500
    delivery = test_of(webhook)
    pauses = []
    for _ in range(8):
        before = timezone.now()
        sending.run(seconds=5)
        webhook.refresh_from_db()
        pauses.append(round((webhook.paused_until - before) / timedelta(minutes=1)))
        sending.run(seconds=5)  # meanwhile nothing is sent
        Webhook.objects.update(paused_until=None)
    assert (pauses, len(listener.received)) == ([1, 5, 15, 60, 180, 360, 360, 360], 8)

    AlertDelivery.objects.update(created_at=timezone.now() - timedelta(hours=25))
    sending.run(seconds=5)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.problem, delivery.attempts) == (DeliveryState.FAILED, "It answers 500.", 8)


def test_410_ends_it(environment, webhook, listener):
    listener.answer = 410
    test_of(webhook)
    test_of(webhook)

    sending.run(seconds=5)
    sending.run(seconds=5)

    webhook.refresh_from_db()
    assert webhook.ended_at is not None
    assert len(listener.received) == 1
    assert set(AlertDelivery.objects.values_list("state", "problem")) == {
        (DeliveryState.DROPPED, "The webhook has ended."),
    }
    row = Activity.objects.get()
    assert (row.verb, row.target, row.by, row.project_number) == (
        "webhook.ended",
        "Pager",
        None,
        environment.project_id,
    )
    assert "hidden" not in json.dumps(row.details)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("redirect", "It leads on to another address, which is not followed."),
        ("huge", "Its answer is too large."),
        ("drip", "Its answer takes too long."),
    ],
)
def test_answers_that_are_none(webhook, listener, monkeypatch, caplog, answer, problem):
    monkeypatch.setattr(guarded_http, "MOST_SECONDS", 1)
    listener.answer = answer
    test_of(webhook)

    sending.run(seconds=5)

    delivery = AlertDelivery.objects.get()
    assert (len(listener.received), delivery.state, delivery.problem) == (1, DeliveryState.WAITING, problem)
    assert "hidden" not in caplog.text  # the rest of the address may be a secret


def test_what_comes_with_a_redirect_is_not_read(webhook, listener):
    """requests reads it all, however much it is, to find out where it leads."""
    listener.answer = "huge redirect"
    test_of(webhook)

    sending.run(seconds=5)

    assert AlertDelivery.objects.get().problem == "It leads on to another address, which is not followed."
    assert not listener.sent_all


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[fec0::1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        "100.64.0.1",
        "localhost",
    ],
)
def test_our_own_network_is_not_reached(environment, host):
    test_of(WebhookFactory(environment=environment, secret_url=f"https://{host}/hook"))

    sending.run(seconds=5)

    assert AlertDelivery.objects.get().problem == "It leads into a network that is not public."


def test_a_name_is_looked_up_once_and_the_connection_goes_where_was_checked(environment, monkeypatch):
    """The second answer of a name server, for the connection, would be ours."""
    asked = resolving(monkeypatch, "rebinding.example", "127.0.0.1")
    hook = WebhookFactory(environment=environment, secret_url="https://rebinding.example/")
    test_of(hook)
    sending.run(seconds=5)
    assert AlertDelivery.objects.get().problem == "It leads into a network that is not public."

    reached = []
    monkeypatch.setattr(
        "urllib3.util.connection.create_connection", lambda place, *a, **k: reached.append(place) or 1 / 0
    )
    del asked[:]
    asked = resolving(monkeypatch, "rebinding.example", "93.184.216.34", "127.0.0.1")
    with pytest.raises(ZeroDivisionError):
        guarded_http.fetch("POST", "https://rebinding.example/", internal_hosts=[])
    assert (reached, len(asked)) == ([("93.184.216.34", 443)], 1)


def test_a_kill_between_any_two_statements_repeats_the_same_message_at_most(environment, listener):
    """What was sent just before is sent again, with its id, by which receivers know it."""
    number = 0
    while True:
        number += 1
        hook = WebhookFactory(environment=environment, secret_url=listener.url)
        delivery = test_of(hook)
        try:
            with killed_before(number):
                sending.run(seconds=-1)
        except Killed:
            pass
        else:
            break
        Webhook.objects.filter(claimed_until__isnull=False).update(claimed_until=timezone.now())  # the lease is over
        while sending.run(seconds=-1):
            pass
        delivery.refresh_from_db()
        ids = [headers["webhook-id"] for headers, _ in listener.received]
        assert (delivery.state, ids.count(f"msg_{delivery.number.hex}") in (1, 2)) == (DeliveryState.SENT, True)
    assert number > 5


def test_nobody_else_sends_to_it_meanwhile(webhook):
    test_of(webhook)

    assert [len(sending._claimed(timezone.now())) for _ in range(2)] == [1, 0]
    assert len(sending._claimed(timezone.now() + sending.LEASE)) == 1


def test_one_account_keeps_no_other_waiting(listener):
    """Eight at once, of which an account has two; those that waited for longest first."""
    large, small = EnvironmentFactory(), EnvironmentFactory()
    for environment in [large] * 9 + [small]:
        test_of(WebhookFactory(environment=environment, secret_url=listener.url))

    turns = []
    while due := sending._claimed(timezone.now()):
        turns.append(sorted(hook.environment_id == small.pk for hook, _ in due))
        for hook, delivery in due:
            sending.note(hook, delivery, 204, "")

    assert turns[0] == [False, False, True]
    assert [len(turn) for turn in turns] == [3, 2, 2, 2, 1]


def test_an_account_with_requests_under_way_gets_no_more_than_its_share(environment, listener):
    for _ in range(4):
        test_of(WebhookFactory(environment=environment, secret_url=listener.url))

    under_way = sending._claimed(timezone.now())

    assert (len(under_way), sending._claimed(timezone.now(), under_way)) == (2, [])
    assert len(sending._claimed(timezone.now(), under_way[:1])) == 1


def test_whoever_is_slow_keeps_nobody_waiting(monkeypatch, webhook, listener):
    """The slow one answers when another account's has had all that waits for it."""
    monkeypatch.setattr(guarded_http, "MOST_SECONDS", 60)
    monkeypatch.setattr(guarded_http, "READ_SECONDS", 60)
    slow = test_of(webhook)
    with listening() as quick:
        other = WebhookFactory(environment=EnvironmentFactory(), secret_url=quick.url)
        for _ in range(5):
            test_of(other)
        listener.holds_until = lambda: len(quick.received) == 5

        assert not sending.run(seconds=60)

    slow.refresh_from_db()
    assert slow.state == DeliveryState.SENT


def test_a_mistake_of_ours_at_one_webhook_leaves_the_others_alone(webhook, listener, monkeypatch, caplog):
    """What others answered is noted, so that they are not told again."""
    broken = WebhookFactory(environment=webhook.environment, secret_url="https://chat.example/T0PSECRET")
    of_broken, fine = test_of(broken), test_of(webhook)
    real = sending.fetch

    def fetch(method, url, **given):
        if "T0PSECRET" in url:
            raise RuntimeError(url)
        return real(method, url, **given)

    monkeypatch.setattr(sending, "fetch", fetch)

    assert not sending.run(seconds=5)

    for each in (of_broken, fine, broken):
        each.refresh_from_db()
    assert (fine.state, len(listener.received)) == (DeliveryState.SENT, 1)
    assert (of_broken.state, of_broken.problem) == (DeliveryState.WAITING, sending.BROKEN)
    assert broken.paused_until is not None
    assert "RuntimeError" in caplog.text and "T0PSECRET" not in caplog.text


def test_what_waited_for_a_day_behind_others_is_given_up(webhook, listener):
    listener.answer = 500
    fresh = [test_of(webhook) for _ in range(3)][-1]
    sending.run(seconds=5)
    AlertDelivery.objects.exclude(pk=fresh.pk).update(created_at=timezone.now() - timedelta(hours=25))
    Webhook.objects.update(paused_until=None)
    listener.answer = 204

    sending.run(seconds=5)

    assert [(each.state, each.problem) for each in AlertDelivery.objects.order_by("pk")] == [
        (DeliveryState.FAILED, "It answers 500."),
        (DeliveryState.FAILED, "It waited for a day behind others."),
        (DeliveryState.SENT, ""),
    ]
    assert len(listener.received) == 2


def test_what_is_deleted_or_closed_is_told_nothing(webhook, listener):
    test_of(webhook)
    account = webhook.environment.project.account
    type(account).objects.update(closed_at=timezone.now())

    sending.run(seconds=5)
    assert listener.received == []

    type(account).objects.update(closed_at=None)
    sending.run(seconds=5)
    assert len(listener.received) == 1
    assert AlertChange.objects.count() == 0
