"""Single sign-on of the whole installation, as the settings SSO_… say.

Its provider is chosen by whoever runs the installation. So a session that began there opens what the person's password
would, and asks for their second factor too. It does not stand for the provider of an account that requires its own.
"""

import secrets
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.sso.models import IdentityProvider, Protocol

SLUG = "installation"  # in its URLs: whoever sets it up has to tell the provider an address before the first start


def name() -> str:
    """What people read on the button; "" if no provider is set."""
    return str(settings.SSO_NAME or urlsplit(settings.SSO_ISSUER).hostname or "")


def vouches_for(address: str) -> bool:
    """Whether the address, in its normal form, is in a domain whose invited people may join by it."""
    return bool(settings.SSO_ISSUER) and address.rpartition("@")[2] in settings.SSO_DOMAINS


def provider() -> IdentityProvider | None:
    """The provider that the settings name. Its row is made or changed if the settings are others by now.

    Another issuer is another provider. What was connected with the former counts when the settings name it again.
    """
    if not settings.SSO_ISSUER:
        return None
    values = {
        "slug": SLUG,
        "protocol": Protocol.OIDC,
        "name": name()[:60],
        "client_id": settings.SSO_CLIENT_ID,
    }
    found = IdentityProvider.objects.filter(account=None, issuer=settings.SSO_ISSUER, **values).first()
    return found or _stored(values)


@transaction.atomic
def _stored(values: dict[str, Any]) -> IdentityProvider:
    former = IdentityProvider.objects.filter(slug=SLUG).exclude(issuer=settings.SSO_ISSUER)
    former.update(slug=secrets.token_hex(8))
    now = timezone.now()
    made, _ = IdentityProvider.objects.update_or_create(
        account=None,
        issuer=settings.SSO_ISSUER,
        defaults=values,
        create_defaults=values | {"tested_at": now, "switched_on_at": now},
    )
    return made
