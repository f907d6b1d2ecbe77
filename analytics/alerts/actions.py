"""Changes to alerts and to whom they are told."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import Membership, User
from analytics.actions import note
from analytics.alerts.models import MAX_ALERTS, Alert, AlertRecipient, Webhook
from analytics.alerts.words import names_for, watched
from common.counted import counted
from projects.models import Environment

MOST_RECIPIENTS = 100
JUDGED = ("watches", "lineage", "event", "figure", "rule", "in_percent", "fires_at", "over_at", "unit")


class NoRoom(Exception):
    """There is no room for a further alert, webhook, recipient or test; nor for a test of what has ended."""


@transaction.atomic
def create_alert(
    *,
    environment: Environment,
    by: User,
    alert: Alert,
    recipients: Iterable[Membership] = (),
    webhooks: Iterable[Webhook] = (),
) -> Alert:
    """Save the new alert, which is judged within a minute. Raises NoRoom."""
    Environment.objects.select_for_update(no_key=True).get(pk=environment.pk)  # those who add take turns
    if Alert.objects.filter(environment=environment).count() >= MAX_ALERTS:
        raise NoRoom(f"An environment has at most {counted(MAX_ALERTS, 'alert')}. Delete one first.")
    alert.environment, alert.created_by, alert.changed_by = environment, by, by
    alert.next_at = timezone.now()
    alert.save(force_insert=True)
    _set_told(alert, recipients, webhooks)
    _record(alert, by, "alert.create")
    return alert


@transaction.atomic
def change_alert(
    *, alert: Alert, by: User, changed: Alert, recipients: Iterable[Membership], webhooks: Iterable[Webhook]
) -> Alert | None:
    """Make it what `changed` is. None if another person deleted it meanwhile.

    If what is judged is another, it begins as one that does not fire, with the next interval.
    """
    row = _locked(alert)
    if row is None:
        return None
    is_other = any(getattr(row, name) != getattr(changed, name) for name in JUDGED)
    row.name, row.changed_by, row.changed_at = changed.name, by, timezone.now()
    fields = ["name", "changed_by", "changed_at"]
    if is_other:
        for name in JUDGED:
            setattr(row, name, getattr(changed, name))
        fields += [*JUDGED, *_forget_state(row)]
    row.save(update_fields=fields)
    _set_told(row, recipients, webhooks)
    _record(row, by, "alert.change")
    return row


@transaction.atomic
def switch_alert(*, alert: Alert, is_on: bool, by: User) -> None:
    """Judge it no more, or again. Then it begins as one that does not fire."""
    row = _locked(alert)
    if row is None or row.is_on == is_on:
        return
    row.is_on = is_on
    row.save(update_fields=["is_on", *_forget_state(row)])
    _record(row, by, "alert.switch_on" if is_on else "alert.switch_off")


@transaction.atomic
def delete_alert(*, alert: Alert, by: User) -> None:
    """With what it told. If another person deleted it meanwhile, nothing changes."""
    row = _locked(alert)
    if row is not None:
        _record(row, by, "alert.delete")
        row.delete()


@transaction.atomic
def subscribe(*, alert: Alert, membership: Membership) -> None:
    """Tell this teammate too. Raises NoRoom."""
    row = _locked(alert)
    if row is None or row.recipients.filter(membership=membership).exists():
        return
    if row.recipients.count() >= MOST_RECIPIENTS:
        raise NoRoom(f"An alert is told to at most {counted(MOST_RECIPIENTS, 'teammate')}.")
    AlertRecipient.objects.create(alert=row, membership=membership)
    _record(row, membership.user, "alert.subscribe")


@transaction.atomic
def unsubscribe(*, alert: Alert, membership: Membership) -> None:
    if AlertRecipient.objects.filter(alert=alert, membership=membership).delete()[0]:
        _record(alert, membership.user, "alert.unsubscribe")


def _locked(alert: Alert) -> Alert | None:
    rows = Alert.objects.select_for_update(of=("self",)).select_related("environment__project__account")
    return rows.filter(environment=alert.environment, pk=alert.pk).first()


def _forget_state(row: Alert) -> list[str]:
    """Begin anew; returns the names of the fields that are to be saved."""
    state: dict[str, Any] = {"is_firing": False, "turned_at": None, "value": None, "problem": "", "attempts": 0}
    state |= {"next_at": timezone.now(), "version": row.version + 1}
    for name, value in state.items():
        setattr(row, name, value)
    return list(state)


def _set_told(alert: Alert, recipients: Iterable[Membership], webhooks: Iterable[Webhook]) -> None:
    """Raises NoRoom."""
    wanted = {membership.pk for membership in recipients}
    if len(wanted) > MOST_RECIPIENTS:
        raise NoRoom(f"An alert is told to at most {counted(MOST_RECIPIENTS, 'teammate')}.")
    alert.recipients.exclude(membership__in=wanted).delete()
    rows = [AlertRecipient(alert=alert, membership_id=number) for number in wanted]
    AlertRecipient.objects.bulk_create(rows, ignore_conflicts=True)
    alert.webhooks.set(webhooks)


def _record(alert: Alert, by: User, verb: str) -> None:
    details = {"watches": watched(alert, names_for(alert))}
    if verb in ("alert.create", "alert.change"):
        told = alert.recipients.order_by("pk").values_list("membership__user__email", flat=True)
        details |= {"told to": ", ".join(told) or "nobody by mail"}
    note(alert.environment, by, verb, alert.name, details)
