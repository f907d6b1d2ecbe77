"""API keys: making secrets, and finding the key that a program sends. projects/actions.py creates and revokes keys."""

from common import links, shown_once
from projects.models import ApiKey, ApiKeyQuerySet, Environment

PREFIX = "hak_"


def digest(secret: str) -> str:
    """The stored form of a secret."""
    return links.digest("api_key", secret)


def new_secret() -> str:
    """The secret that a program sends."""
    return shown_once.new_secret(PREFIX)


def find(*, app_id: str, secret: str) -> ApiKey | None:
    """The key in force with this secret, if `app_id` names an environment of its project. Its use is recorded.

    Whatever is wrong, this is one index lookup, so the time it takes reveals nothing. It compares digests, so a
    guess cannot be improved step by step.
    """
    environments = Environment.objects.live().filter(app_id=app_id)
    key = _in_force().filter(digest=digest(secret), project__in=environments.values("project")).first()
    return _used(key)


def by_id(key_id: int) -> ApiKey | None:
    """The key with that id, if it is in force. Its use is recorded."""
    return _used(_in_force().filter(pk=key_id).first())


def _in_force() -> ApiKeyQuerySet:
    return ApiKey.objects.in_force().select_related("project__account")


def _used(key: ApiKey | None) -> ApiKey | None:
    if key is not None:
        key.note_use()
    return key
