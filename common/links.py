"""Secrets in links: derived, never stored; looked up by digest.

A secret is an HMAC of SECRET_KEY over its purpose and a nonce that is stored, so a mail can be sent again with the
same link, and neither the database nor the job queue holds what would open it. The purpose is part of both the
secret and its digest: a link of one kind is never accepted as another.
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


def secret(purpose: str, nonce: str) -> str:
    """The secret that belongs to `nonce`: 43 characters that are safe in a URL."""
    mac = salted_hmac(f"heapadmin.{purpose}", nonce, algorithm="sha256").digest()
    return urlsafe_b64encode(mac).decode().rstrip("=")


def digest(purpose: str, secret: str) -> str:
    """What is stored of a secret: 64 hexadecimal digits."""
    return hashlib.sha256(f"{purpose}:{secret}".encode()).hexdigest()


def absolute(path: str) -> str:
    """The public URL of a path of ours. SITE_URL says where we are, never a request's Host header."""
    parts = urlsplit(path)
    return urljoin(f"{settings.SITE_URL}/", parts._replace(scheme="", netloc="").geturl())
