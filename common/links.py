"""Secrets in links: they are derived, never stored, and looked up by digest.

A secret is an HMAC over its purpose and a stored nonce, with SECRET_KEY as the key. So a mail can be sent again with
the same link, and neither the database nor the job queue holds the secret. The purpose is part of both the secret and
its digest, so a link of one kind is never accepted as another.
"""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.utils.crypto import salted_hmac


def new_nonce() -> str:
    """128 random bits, as 32 hexadecimal digits."""
    return secrets.token_hex(16)


def secret(purpose: str, nonce: str, key: str | None = None) -> str:
    """The secret for `nonce`: 43 characters that are safe in a URL. `key` is another one than SECRET_KEY."""
    mac = salted_hmac(f"heapadmin.{purpose}", nonce, secret=key, algorithm="sha256").digest()
    return urlsafe_b64encode(mac).decode().rstrip("=")


def digest(purpose: str, secret: str) -> str:
    """The stored form of a secret: 64 hexadecimal digits."""
    return hashlib.sha256(f"{purpose}:{secret}".encode()).hexdigest()


def absolute(path: str) -> str:
    """The public URL of a path of this site. The host comes from SITE_URL, never from a request's Host header."""
    parts = urlsplit(path)
    return urljoin(f"{settings.SITE_URL}/", parts._replace(scheme="", netloc="").geturl())
