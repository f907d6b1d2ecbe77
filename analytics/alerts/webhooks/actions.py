"""Changes to webhooks."""

from datetime import timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from analytics.actions import note
from analytics.alerts.actions import NoRoom
from analytics.alerts.models import MAX_WEBHOOKS, AlertDelivery, DeliveryState, Webhook
from analytics.alerts.webhooks import secrets
from common import links
from common.counted import counted
from common.jobs import defer_once
from projects.models import Environment

OLD_SECRET_LASTS = timedelta(days=1)  # during which both sign
MOST_TESTS = 5  # that wait


@transaction.atomic
def create_webhook(*, environment: Environment, name: str, url: str, by: User) -> tuple[Webhook, str]:
    """The webhook and its secret, which is shown this once. Raises NoRoom."""
    Environment.objects.select_for_update(no_key=True).get(pk=environment.pk)  # those who add take turns
    if Webhook.objects.filter(environment=environment).count() >= MAX_WEBHOOKS:
        raise NoRoom(f"An environment has at most {counted(MAX_WEBHOOKS, 'webhook')}. Delete one first.")
    webhook = Webhook.objects.create(
        environment=environment, name=name, secret_url=url, nonce=links.new_nonce(), created_by=by
    )
    _record(webhook, by, "webhook.create")
    return webhook, secrets.secret(webhook.nonce)


@transaction.atomic
def change_secret(*, webhook: Webhook, by: User) -> tuple[Webhook, str]:
    """The webhook as it is then, and its new secret, which is shown this once.

    The secret of before signs too for OLD_SECRET_LASTS; older ones no more.

    Raises Webhook.DoesNotExist.
    """
    row = Webhook.objects.select_for_update().get(pk=webhook.pk)
    row.old_nonce, row.old_until, row.nonce = row.nonce, timezone.now() + OLD_SECRET_LASTS, links.new_nonce()
    row.save(update_fields=["old_nonce", "old_until", "nonce"])
    _record(webhook, by, "webhook.secret")
    return row, secrets.secret(row.nonce)


@transaction.atomic
def test_webhook(*, webhook: Webhook, by: User) -> None:
    """Send it a message that says that this is a test, now. Raises NoRoom and Webhook.DoesNotExist."""
    row = Webhook.objects.select_for_update().get(pk=webhook.pk)
    if row.ended_at is not None:
        raise NoRoom("It has ended, so nothing is sent to it any more.")
    if row.deliveries.filter(change=None, state=DeliveryState.WAITING).count() >= MOST_TESTS:
        raise NoRoom(f"{counted(MOST_TESTS, 'test')} are waiting already.")
    AlertDelivery.objects.create(webhook=row)
    Webhook.objects.filter(pk=row.pk).update(paused_until=None)
    defer_once("analytics.send_webhooks", timestamp=int(timezone.now().timestamp()))
    _record(webhook, by, "webhook.test")


@transaction.atomic
def delete_webhook(*, webhook: Webhook, by: User) -> None:
    """With its log. If another person deleted it meanwhile, nothing changes."""
    if Webhook.objects.filter(environment=webhook.environment, pk=webhook.pk).delete()[0]:
        _record(webhook, by, "webhook.delete")


def host_of(webhook: Webhook) -> str:
    """What pages show of its address: the rest may be a secret."""
    return urlsplit(webhook.secret_url).netloc


def _record(webhook: Webhook, by: User, verb: str) -> None:
    note(webhook.environment, by, verb, webhook.name, {"address": host_of(webhook)})
