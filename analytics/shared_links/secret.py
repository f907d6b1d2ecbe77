"""The secret of a shared link, from which its address is made. It is derived, not stored (common/links.py)."""

import secrets

from django.conf import settings
from django.urls import reverse

from analytics.models import SharedLink
from common import links

PURPOSE = "shared_link"


def new_nonce() -> str:
    """256 random bits, as 64 hexadecimal digits."""
    return secrets.token_hex(32)


def digest_of(secret: str) -> str:
    return links.digest(PURPOSE, secret)


def secret_of(link: SharedLink) -> str | None:
    """The secret, under the present SECRET_KEY or a former one; None if it was made under another.

    The link itself opens under any key, because digests are compared.
    """
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        secret = links.secret(PURPOSE, link.nonce, key)
        if digest_of(secret) == link.digest:
            return secret
    return None


def address_of(link: SharedLink) -> str | None:
    """The whole address, to be passed on; None as before."""
    secret = secret_of(link)
    return links.absolute(reverse("analytics:shared", args=[secret])) if secret else None
