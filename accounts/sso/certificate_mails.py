"""Mails to people with full access before the last certificate of a SAML provider ends: 30, 7 and 1 days before."""

from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import activity
from accounts.models import Account, Activity, Membership
from accounts.sso.models import IdentityProvider, Protocol
from accounts.sso.saml_certificates import last_end
from common import jobs, links, mails

DAYS = (1, 7, 30)
VERB = "sso.certificate_ends"  # its row in the activity says that the mails are on their way


def warn() -> None:
    """Have the mails sent that are due, each once. What was not sent in time is left out for the next one."""
    for provider in IdentityProvider.objects.usable().filter(protocol=Protocol.SAML).order_by("pk"):
        ends_at = last_end(provider)
        if days := _due(ends_at):
            _warn_once(provider, ends_at, days)


def _due(ends_at: datetime) -> int | None:
    """Which of DAYS it is now; None if the end is further away, or over."""
    left = (ends_at - timezone.now()).total_seconds() / 86_400
    return next((days for days in DAYS if 0 < left <= days), None)


@transaction.atomic
def _warn_once(provider: IdentityProvider, ends_at: datetime, days: int) -> None:
    """The row and the jobs are stored together or not at all, so a stop in between neither loses nor doubles them."""
    account = Account.objects.select_for_update(no_key=True).open().filter(identity_providers=provider.pk).first()
    details = {"provider": provider.pk, "ends": f"{ends_at:%-d %B %Y, %H:%M} UTC", "days": days}
    if account is None or Activity.objects.filter(account=account, verb=VERB, details=details).exists():
        return
    activity.record(account=account, by=None, program="Heapadmin", verb=VERB, target=provider.name, details=details)
    context = {
        "provider": mails.plain(provider.name),
        "account": mails.plain(account.name),
        "ends": details["ends"],
        "days": days,
        "link": links.absolute(reverse("accounts:sso_provider", args=[account.pk, provider.pk])),
    }
    for user_id in Membership.objects.full_access().filter(account=account).values_list("user_id", flat=True):
        jobs.defer(
            "accounts.mail_teammate",
            account_id=account.pk,
            user_id=user_id,
            template="sso_certificate",
            context=context,
        )
