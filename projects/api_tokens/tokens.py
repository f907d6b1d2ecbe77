"""The secrets of API tokens, and finding the token that a program sends. A request costs one look-up."""

from common import links, shown_once
from projects.models import ApiToken

PREFIX = "hpa_"


def new_secret() -> str:
    """The secret that a program sends."""
    return shown_once.new_secret(PREFIX)


def is_well_formed(secret: str) -> bool:
    return shown_once.is_well_formed(PREFIX, secret)


def digest(secret: str) -> str:
    """The stored form of a secret."""
    return links.digest("api_token", secret)


def find(secret: str) -> ApiToken | None:
    """The token in force with this secret, with its project and its maker. Its use is recorded.

    What is compared are digests, so a guess cannot be improved step by step.
    """
    if not is_well_formed(secret):
        return None
    tokens = ApiToken.objects.in_force().select_related("project__account", "membership__account", "membership__user")
    token = tokens.filter(digest=digest(secret)).first()
    if token is not None:
        token.note_use()
    return token
