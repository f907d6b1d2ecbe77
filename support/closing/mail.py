"""What an account's people are told when it is closed."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from accounts.models import Membership
from support.models import Closing
from support.talk.mail import site_url


def closed_mails(closing: Closing) -> list[EmailMessage]:
    """One mail per full-access teammate."""
    context = {"closing": closing, "talk_url": site_url("/talk/")}
    body = render_to_string("support/mail/closed.txt", context)
    places = Membership.objects.full_access().filter(account_id=closing.account_number).select_related("user")
    return [
        EmailMessage(
            subject="Your Heapadmin account is closed",
            body=body,
            to=[place.user.email],
            reply_to=[settings.SUPPORT_EMAIL] if settings.SUPPORT_EMAIL else None,
            headers={"Auto-Submitted": "auto-generated"},
        )
        for place in places
    ]
