"""API keys: their secrets, and finding the one that a program shows. projects/actions.py makes and revokes them."""

import hashlib
import secrets
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from projects.models import ApiKey, ApiKeyQuerySet, Environment

PREFIX = "hak_"  # so that programs which look for leaked secrets can tell what they have found
USES_APART = timedelta(minutes=1)  # `last_used_at` is not written again for every request


def digest(secret: str) -> str:
    """What is stored of a secret. The purpose is part of it: the digest of a link's secret is never one of a key."""
    return hashlib.sha256(f"api_key:{secret}".encode()).hexdigest()


def new_secret() -> str:
    """What a program is to show: 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def find(*, app_id: str, secret: str) -> ApiKey | None:
    """The key in force whose secret this is, if `app_id` names an environment of its project; its use is noted.

    One look into an index whatever is wrong: how long it takes tells nothing. What it compares is a digest, of which
    a guess cannot be brought closer to the true one step by step.
    """
    environments = Environment.objects.live().filter(app_id=app_id)
    key = _in_force().filter(digest=digest(secret), project__in=environments.values("project")).first()
    return _used(key)


def by_id(key_id: int) -> ApiKey | None:
    """The key of that id, if it is in force; its use is noted."""
    return _used(_in_force().filter(pk=key_id).first())


def _in_force() -> ApiKeyQuerySet:
    return ApiKey.objects.in_force().select_related("project__account")


def _used(key: ApiKey | None) -> ApiKey | None:
    if key is not None:
        now = timezone.now()
        long_ago = Q(last_used_at=None) | Q(last_used_at__lt=now - USES_APART)
        ApiKey.objects.filter(long_ago, pk=key.pk).update(last_used_at=now)
    return key
