"""The secrets of API tokens, and finding the token that a program sends. A request costs one look-up."""

import hashlib
import secrets
import zlib
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from projects.models import ApiToken

PREFIX = "hpa_"  # so that scanners for leaked secrets can recognise one
RANDOM_BYTES = 32
CHECKSUM = 8  # hexadecimal digits at the end, of CRC-32: a mistyped secret is told apart from a revoked one offline
USE_INTERVAL = timedelta(minutes=1)  # how often `last_used_at` is updated at most, rather than for every request


def new_secret() -> str:
    """The secret that a program sends: the prefix, 256 random bits, a checksum of both."""
    text = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    return text + _checksum(text)


def is_well_formed(secret: str) -> bool:
    text, checksum = secret[:-CHECKSUM], secret[-CHECKSUM:]
    return secret.isascii() and text.startswith(PREFIX) and checksum == _checksum(text)


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):0{CHECKSUM}x}"


def digest(secret: str) -> str:
    """The stored form of a secret. It includes the purpose, so no other secret's digest matches a token."""
    return hashlib.sha256(f"api_token:{secret}".encode()).hexdigest()


def find(secret: str) -> ApiToken | None:
    """The token in force with this secret, with its project and its maker. Its use is recorded.

    What is compared are digests, so a guess cannot be improved step by step.
    """
    if not is_well_formed(secret):
        return None
    tokens = ApiToken.objects.in_force().select_related("project__account", "membership__account", "membership__user")
    token = tokens.filter(digest=digest(secret)).first()
    if token is not None:
        _note_use(token)
    return token


def _note_use(token: ApiToken) -> None:
    """Most requests only compare: writing each time would make those of one token wait for each other."""
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - USE_INTERVAL:
        long_ago = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_INTERVAL)
        ApiToken.objects.filter(long_ago, pk=token.pk).update(last_used_at=now)
