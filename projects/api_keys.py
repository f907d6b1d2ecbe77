"""API keys: making secrets, and finding the key that a program sends. projects/actions.py creates and revokes keys."""

import hashlib
import secrets
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from projects.models import ApiKey, ApiKeyQuerySet, Environment

PREFIX = "hak_"  # so that scanners for leaked secrets can recognise one
USE_INTERVAL = timedelta(minutes=1)  # how often `last_used_at` is updated at most, rather than for every request


def digest(secret: str) -> str:
    """The stored form of a secret. It includes the purpose, so the digest of a link's secret never matches a key."""
    return hashlib.sha256(f"api_key:{secret}".encode()).hexdigest()


def new_secret() -> str:
    """The secret that a program sends: 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


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
        now = timezone.now()
        long_ago = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_INTERVAL)
        ApiKey.objects.filter(long_ago, pk=key.pk).update(last_used_at=now)
    return key
