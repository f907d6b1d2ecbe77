"""API keys: making them, revoking them, and finding the one that a program shows."""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import activity
from accounts.models import User
from projects.models import ApiKey, ApiKeyQuerySet, Environment, Project

PREFIX = "hak_"  # so that programs which look for leaked secrets can tell what they have found
ENDING = 4
USES_APART = timedelta(minutes=1)  # `last_used_at` is not written again for every request


def digest(secret: str) -> str:
    """What is stored of a secret. The purpose is part of it: the digest of a link's secret is never one of a key."""
    return hashlib.sha256(f"api_key:{secret}".encode()).hexdigest()


@transaction.atomic
def create(*, project: Project, name: str, by: User) -> tuple[ApiKey, str]:
    """Make a key; returns it and its secret, which cannot be had again.

    Raises IntegrityError when a key of that name is in force in the project (without regard to case).
    """
    secret = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        project=project, name=name, digest=digest(secret), ending=secret[-ENDING:], created_by=by
    )
    _record(key, by, "api_key.create")
    return key, secret


@transaction.atomic
def revoke(*, key: ApiKey, by: User) -> None:
    """Close what the key opens, from now on. A key that was revoked before stays as it is."""
    revoked = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now(), revoked_by=by)
    if revoked:
        _record(key, by, "api_key.revoke")


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


def _record(key: ApiKey, by: User, verb: str) -> None:
    project = key.project
    details = {"project": project.name, "ending": key.ending}
    activity.record(account=project.account, by=by, verb=verb, target=key.name, details=details)
