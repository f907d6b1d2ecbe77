"""The mail to an account's people when it is closed."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from accounts.models import User
from common import links, mails
from support.closing.models import Closing


def closed_mail(closing: Closing, user: User) -> EmailMessage:
    """The mail to one of these people."""
    context = {
        "account": mails.plain(closing.account_name),
        "closing": closing,
        "talk_url": links.absolute(reverse("support:talk")),
    }
    return mails.render("account_closed", context).message(user.email, reply_to=settings.SUPPORT_EMAIL)
