"""Asking support to close the account."""

from django.db import transaction
from django.urls import reverse

from accounts import activity
from accounts.models import Account, User
from support.talk.actions import send
from support.talk.models import Message, MessageKind
from support.talk.origin import Origin


@transaction.atomic
def ask_to_close(*, account: Account, text: str, by: User) -> Message:
    """Send the request to support as a message of Talk to Us, with the account attached. Raises TooManyMessages."""
    origin = Origin(page=reverse("support:account_support", args=[account.pk]), account=account)
    message = send(text=text, email=by.email, name=by.name, by=by, origin=origin, kind=MessageKind.CLOSE_ACCOUNT)
    activity.record(account=account, by=by, verb="account.ask_to_close", target=account.name)
    return message
