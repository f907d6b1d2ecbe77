"""Domains that an account says are its own, and their proof: a TXT record, or a mail to the domain's postmaster."""

from datetime import timedelta

import dns.exception
import dns.resolver
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts import activity
from accounts.full_access import require_full_access
from accounts.models import Account, Activity, User
from accounts.sso.actions.providers import NotReady, TooManySsoEntries
from accounts.sso.models import SsoDomain
from common import jobs, links

PURPOSE = "sso_domain"
RECORD = "_heapadmin"  # the label in front of the domain
MOST = 20  # of one account
MAILS_PER_HOUR = 10  # of one account: they go to people who have not asked for them
MAIL_INTERVAL = timedelta(hours=1)
LOOKUP_SECONDS = 5
LONGEST_RECORD = 500


def record_name(domain: SsoDomain) -> str:
    return f"{RECORD}.{domain.domain}"


def record_value(domain: SsoDomain) -> str:
    """What the TXT record has to hold. It is not the secret of the mail's link, which nobody else may see."""
    return f"heapadmin-domain={links.secret('sso_domain.record', domain.nonce)}"


def link_of(domain: SsoDomain) -> str:
    """The link in the mail to the domain's postmaster."""
    return links.absolute(reverse("accounts:sso_domain_proof", args=[links.secret(PURPOSE, domain.nonce)]))


def by_secret(secret: str) -> SsoDomain | None:
    """The domain that a mail's link is about, if it is not proven yet and its account is open."""
    waiting = SsoDomain.objects.select_related("account").filter(proven_at=None, account__closed_at=None)
    return waiting.filter(digest=links.digest(PURPOSE, secret), mailed_at__isnull=False).first()


@transaction.atomic
def add(*, account: Account, domain: str, by: User) -> SsoDomain:
    """Name a domain, which is still to be proven. One that is there stays as it is. Raises TooManySsoEntries."""
    _lock(account, by)
    if found := account.sso_domains.filter(domain=domain).first():
        return found
    if account.sso_domains.count() >= MOST:
        raise TooManySsoEntries
    nonce = links.new_nonce()
    digest = links.digest(PURPOSE, links.secret(PURPOSE, nonce))
    made: SsoDomain = account.sso_domains.create(domain=domain, nonce=nonce, digest=digest)
    activity.record(account=account, by=by, verb="sso.domain_add", target=domain)
    return made


def check_record(*, domain: SsoDomain, by: User) -> None:
    """Look for the TXT record. Raises NotReady, in words, if it is not there or the domain is proven by others."""
    found = _texts(record_name(domain))
    if record_value(domain) not in found:
        seen = f" It has: {found[0][:80]}" if found else ""
        raise NotReady(
            f"There is no TXT record {record_name(domain)} with this value yet.{seen} "
            "New records can take an hour until they are seen everywhere."
        )
    with transaction.atomic():
        _lock(domain.account, by)
        _prove(domain, by, "TXT record")


def confirm_mail(*, domain: SsoDomain) -> None:
    """Whoever reads the postmaster's mail has confirmed. Raises NotReady, as `check_record`."""
    with transaction.atomic():
        Account.objects.select_for_update(no_key=True).get(pk=domain.account_id)
        _prove(domain, None, f"mail to postmaster@{domain.domain}")


@transaction.atomic
def send_mail(*, domain: SsoDomain, by: User) -> str:
    """Mail a link to the domain's postmaster; returns the address. Raises NotReady if too many were sent lately."""
    _lock(domain.account, by)
    current = SsoDomain.objects.select_for_update().get(pk=domain.pk)
    now = timezone.now()
    sent = Activity.objects.filter(account=domain.account, verb="sso.domain_mail", at__gt=now - MAIL_INTERVAL)
    if sent.count() >= MAILS_PER_HOUR or (current.mailed_at and current.mailed_at > now - MAIL_INTERVAL):
        raise NotReady("A mail was sent within the last hour. Wait for it, or use the TXT record.")
    current.mailed_at = now
    current.save(update_fields=["mailed_at"])
    activity.record(account=domain.account, by=by, verb="sso.domain_mail", target=current.domain)
    jobs.defer("accounts.send_domain_proof", domain_id=current.pk, nonce=current.nonce)
    return f"postmaster@{current.domain}"


@transaction.atomic
def remove(*, domain: SsoDomain, by: User) -> None:
    """Take a domain away. People who joined by it stay."""
    _lock(domain.account, by)
    if SsoDomain.objects.filter(pk=domain.pk).delete()[0]:
        activity.record(account=domain.account, by=by, verb="sso.domain_remove", target=domain.domain)


def of_account(account: Account) -> QuerySet[SsoDomain]:
    return account.sso_domains.order_by("domain")


def _prove(domain: SsoDomain, by: User | None, how: str) -> None:
    try:
        with transaction.atomic():
            proven = SsoDomain.objects.filter(pk=domain.pk, proven_at=None).update(proven_at=timezone.now())
    except IntegrityError:
        raise NotReady(f"{domain.domain} is proven by another account here. Talk to us if it is yours.") from None
    if proven:
        activity.record(
            account=domain.account, by=by, verb="sso.domain_prove", target=domain.domain, details={"by": how}
        )


def _texts(name: str) -> list[str]:
    """The TXT records of a name. Raises NotReady if nobody answers."""
    try:
        answer = dns.resolver.get_default_resolver().resolve(name, "TXT", lifetime=LOOKUP_SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise NotReady(f"The name servers of the domain do not answer ({type(error).__name__}). Try again.") from None
    return [b"".join(each.strings).decode("ascii", "replace")[:LONGEST_RECORD] for each in answer]


def _lock(account: Account, by: User) -> None:
    require_full_access(Account.objects.select_for_update(no_key=True).get(pk=account.pk), by)
