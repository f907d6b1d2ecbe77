"""When the certificates of a provider end, told before its people are locked out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.sso.models import IdentityProvider
from accounts.sso.saml import certificates
from accounts.sso.saml.certificates import Certificate

WARNED_BEFORE = timedelta(days=30)


@dataclass(frozen=True)
class Held:
    """A certificate of a provider on its page."""

    certificate: Certificate
    has_ended: bool
    ends_soon: bool


def held(provider: IdentityProvider) -> list[Held]:
    now = timezone.now()
    read = [certificates.read(pem) for pem in provider.certificates]
    return [Held(each, each.ends_at <= now, now < each.ends_at <= now + WARNED_BEFORE) for each in read]


def last_end(provider: IdentityProvider) -> datetime:
    """The end of the certificate that ends last. A SAML provider has at least one."""
    return max(certificates.read(pem).ends_at for pem in provider.certificates)


def warned_of(provider: IdentityProvider) -> datetime | None:
    """The same, if that is within 30 days or over."""
    if not provider.certificates:
        return None
    ends_at = last_end(provider)
    return ends_at if ends_at <= timezone.now() + WARNED_BEFORE else None
