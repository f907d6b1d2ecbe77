"""SCIM tokens: making secrets, and finding the token that is sent. accounts/scim/token_actions.py makes tokens."""

import hashlib
import secrets
import zlib
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.scim.models import ScimToken

PREFIX = "hps_"  # so that scanners for leaked secrets can recognise one
CHECKED = 8  # hexadecimal digits at the end, by which they tell a token from text that looks like one
USE_INTERVAL = timedelta(minutes=1)  # how often `last_used_at` is written at most


def new_secret() -> str:
    """The secret that a directory sends: 256 random bits and their checksum."""
    start = PREFIX + secrets.token_urlsafe(32)
    return start + _checksum(start)


def digest(secret: str) -> str:
    """The stored form of a secret. It includes the purpose, so a secret of another kind never matches."""
    return hashlib.sha256(f"scim_token:{secret}".encode()).hexdigest()


def find(secret: str) -> ScimToken | None:
    """The token in force with this secret, with its account. Its use is recorded.

    It compares digests, so a guess cannot be improved step by step.
    """
    if not secret.startswith(PREFIX) or _checksum(secret[:-CHECKED]) != secret[-CHECKED:]:
        return None
    token = ScimToken.objects.in_force().select_related("account").filter(digest=digest(secret)).first()
    if token is not None:
        _note_use(token)
    return token


def _note_use(token: ScimToken) -> None:
    long_ago = timezone.now() - USE_INTERVAL
    if token.last_used_at is None or token.last_used_at < long_ago:
        unused = Q(last_used_at=None) | Q(last_used_at__lt=long_ago)
        ScimToken.objects.filter(unused, pk=token.pk).update(last_used_at=timezone.now())


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"
