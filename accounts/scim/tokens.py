"""SCIM tokens: making secrets, and finding the token that is sent. accounts/scim/token_actions.py makes tokens."""

from accounts.scim.models import ScimToken
from common import links, shown_once

PREFIX = "hps_"


def new_secret() -> str:
    """The secret that a directory sends."""
    return shown_once.new_secret(PREFIX)


def digest(secret: str) -> str:
    """The stored form of a secret."""
    return links.digest("scim_token", secret)


def find(secret: str) -> ScimToken | None:
    """The token in force with this secret, with its account. Its use is recorded.

    It compares digests, so a guess cannot be improved step by step.
    """
    if not shown_once.is_well_formed(PREFIX, secret):
        return None
    token = ScimToken.objects.in_force().select_related("account").filter(digest=digest(secret)).first()
    if token is not None:
        token.note_use()
    return token
