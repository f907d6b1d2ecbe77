"""The mail that tells a change of an alert to one teammate: sent at most once, also after a kill.

A mail server cannot be asked whether it has a mail already. So before a mail is handed over, its delivery is marked as
being sent, for good. One that a kill left so is not sent again, and the alert's page says that it may be missing.
"""

from datetime import timedelta

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from analytics.alerts.models import AlertChange, AlertDelivery, ChangeKind, DeliveryState
from common import links, mails
from common.jobs import defer_once
from projects.access import access_in

PAUSES = tuple(timedelta(seconds=each) for each in (10, 60, 300, 1200, 3600, 4 * 3600, 12 * 3600))
MOST_WORDS = 600  # of a sentence that holds a name
INTERRUPTED = "It was interrupted while it was handed over, and may be missing."


def send(delivery_id: int) -> None:
    """Send it, unless it was sent, or its recipient no longer reaches the project. A failure is tried again later."""
    delivery = _claimed(delivery_id)
    if delivery is None:
        return
    assert delivery.membership and delivery.change
    environment = delivery.change.alert.environment
    user = delivery.membership.user
    if environment.deleting_at is not None or access_in(user, environment.project) is None:
        _end(delivery, DeliveryState.DROPPED, "The teammate does not reach the project any more.")
        return
    message = mail(delivery.change, user.email)
    try:
        mails.hand_over(message)
    except mails.MaybeTaken as error:
        _end(delivery, DeliveryState.FAILED, f"{INTERRUPTED} {error}"[:200])
    except mails.NotTaken as error:
        _failed(delivery, str(error))
    else:
        _end(delivery, DeliveryState.SENT, "" if mails.is_set_up() else "No mail server is set up: it is in a file.")


def _claimed(delivery_id: int) -> AlertDelivery | None:
    """The delivery, marked as being sent; None if it is not waiting."""
    waiting = AlertDelivery.objects.filter(pk=delivery_id, state=DeliveryState.WAITING, membership__isnull=False)
    if not waiting.update(state=DeliveryState.SENDING, tried_at=timezone.now(), problem=INTERRUPTED):
        return None
    with_all = AlertDelivery.objects.select_related("membership__user", "change__alert__environment__project__account")
    return with_all.filter(pk=delivery_id).first()


def _end(delivery: AlertDelivery, state: DeliveryState, problem: str) -> None:
    AlertDelivery.objects.filter(pk=delivery.pk).update(state=state, problem=problem, attempts=delivery.attempts + 1)


@transaction.atomic
def _failed(delivery: AlertDelivery, problem: str) -> None:
    """The server did not take it, so it may be sent again."""
    is_last = delivery.attempts >= len(PAUSES)
    _end(delivery, DeliveryState.FAILED if is_last else DeliveryState.WAITING, problem[:200])
    if not is_last:
        pause = int(PAUSES[delivery.attempts].total_seconds())
        defer_once("analytics.mail_alert", in_seconds=pause, delivery_id=delivery.pk)


def mail(change: AlertChange, to: str) -> EmailMultiAlternatives:
    """The mail to one address. Names that people typed can add neither a link nor a paragraph."""
    environment, told = change.alert.environment, change.told
    context = {
        "name": mails.plain(told["name"]),
        "is_fired": change.change == ChangeKind.FIRED,
        "is_over": change.change == ChangeKind.OVER,
        "watched": mails.plain(told["watched"], MOST_WORDS),
        "words": mails.plain(told["words"]),
        "when": told["when"],
        "project": mails.plain(environment.project.name),
        "environment": mails.plain(environment.name),
        "link": links.absolute(reverse("analytics:alert", args=[environment.app_id, change.alert_id])),
    }
    message = mails.render("alert", context).message(to)
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    return message
