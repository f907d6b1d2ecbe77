"""Secrets of programs (keys, tokens), which are shown once. Secrets in links are others: common/links.py."""

import secrets
import zlib
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

RANDOM_BYTES = 32
CHECKSUM = 8  # hexadecimal digits at the end, of CRC-32: a mistyped secret is told apart from a revoked one offline
ENDING = 4  # characters of a secret that are stored, so that people can recognise it
USE_INTERVAL = timedelta(minutes=1)  # how often `last_used_at` is updated at most, rather than for every request


def new_secret(prefix: str) -> str:
    """The secret that a program sends: the prefix, by which scanners know a leaked one, 256 random bits, a checksum."""
    text = prefix + secrets.token_urlsafe(RANDOM_BYTES)
    return text + _checksum(text)


def is_well_formed(prefix: str, secret: str) -> bool:
    """Whether `new_secret` may have made it."""
    text, checksum = secret[:-CHECKSUM], secret[-CHECKSUM:]
    return secret.isascii() and text.startswith(prefix) and checksum == _checksum(text)


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):0{CHECKSUM}x}"


class ShownOnce(models.Model):
    """What the tables of such secrets have in common.

    Only the SHA-256 of the secret is stored (links.digest). A fast hash is enough, because nobody can guess 256 random
    bits. `ending` lets people tell them apart. Revoked ones are kept, to show what was open and when.
    """

    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    ending = models.CharField(max_length=4)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    last_used_at = models.DateTimeField(null=True)  # to the minute
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    def note_use(self) -> None:
        """Most requests only compare: writing each time would make those with one secret wait for each other."""
        now = timezone.now()
        if self.last_used_at is None or self.last_used_at < now - USE_INTERVAL:
            long_ago = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_INTERVAL)
            type(self)._default_manager.filter(long_ago, pk=self.pk).update(last_used_at=now)

    def revoke(self, by: models.Model | None) -> bool:
        """Let it open nothing from now on. Returns whether it did until now."""
        open_one = type(self)._default_manager.filter(pk=self.pk, revoked_at=None)
        return bool(open_one.update(revoked_at=timezone.now(), revoked_by=by))
