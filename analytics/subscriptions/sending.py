"""Sending one mail after the other: each at most once for its interval, and only to whoever may still see it."""

import logging
import time

from django.utils import timezone

from accounts.models import Access
from analytics.store.failures import PASSING
from analytics.subscriptions import due
from analytics.subscriptions.contents import found, sections
from analytics.subscriptions.mail import message
from analytics.subscriptions.models import Sending, Subscription
from common import mails
from projects.access import access_in

log = logging.getLogger(__name__)
DELETED = "what it was about was deleted"
UNKNOWN = "It was interrupted while the mail server took it, and may be missing."
BROKEN = "It could not be made, for a reason that is in the server's log."
NO_ACCESS = "Nobody may get it at the moment: access to the project was lost, or the account is closed."


def run(*, seconds: float) -> bool:
    """Send for about `seconds`. True if more waits. Without a mail server nothing is sent, and nothing piles up."""
    until = time.monotonic() + seconds
    while mails.is_set_up() and (sending := due.take(timezone.now())) is not None:
        send(sending)
        if time.monotonic() > until:
            return True
    return False


def send(sending: Sending) -> None:
    """Ask, compose and send it, unless whoever it is for may not have it now."""
    subscription = sending.subscription
    thing = found(subscription)
    if thing is None:
        due.not_sent(sending, f"Ended: {DELETED}.")
        Subscription.objects.filter(pk=subscription.pk, ended_at=None).update(
            ended_at=timezone.now(), ended_why=DELETED
        )
        return
    if not may_have(subscription):
        due.not_sent(sending, NO_ACCESS)
        return
    now = timezone.now()
    try:
        mail = message(sending, thing, sections(thing, now, not subscription.email or subscription.shows_people), now)
    except PASSING as error:
        due.refused(sending, error.message)
        return
    except Exception:  # whatever it is: the other mails are due too
        log.exception("The mail of subscription %s could not be made", subscription.pk)
        due.refused(sending, BROKEN)
        return
    if not may_have(subscription) or not due.hand(sending):  # asked once more: the questions may have taken long
        return
    try:
        mails.hand_over(mail)
    except mails.MaybeTaken as error:
        due.not_sent(sending, f"{UNKNOWN} {error}")
    except mails.NotTaken as error:
        due.refused(sending, str(error))
    else:
        due.sent(sending)


def may_have(subscription: Subscription) -> bool:
    """Whether it may be sent now. To other addresses, whoever made it must have full access, and they confirmed."""
    row = Subscription.objects.select_related("environment__project", "membership__user").filter(
        pk=subscription.pk, ended_at=None, environment__deleting_at=None
    )
    asked = row.first()
    if asked is None:
        return False
    access = access_in(asked.membership.user, asked.environment.project)
    if not asked.email:
        return access is not None
    return access is Access.FULL and asked.confirmed_at is not None
