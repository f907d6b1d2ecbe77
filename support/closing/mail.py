"""What an account's people are told when it is closed."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from accounts import links, mails
from accounts.models import Membership
from support.models import Closing


def closed_mails(closing: Closing) -> list[EmailMessage]:
    """One mail per full-access teammate."""
    context = {
        "account": mails.plain(closing.account_name),
        "closing": closing,
        "talk_url": links.absolute(reverse("support:talk")),
    }
    mail = mails.render("account_closed", context)
    places = Membership.objects.full_access().filter(account_id=closing.account_number).select_related("user")
    return [mail.message(place.user.email, reply_to=settings.SUPPORT_EMAIL) for place in places]
