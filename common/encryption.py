"""Secrets that we must be able to read again are stored encrypted, so that a copied database opens nothing."""

import hashlib
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def encrypt(purpose: str, text: str) -> str:
    """`text` encrypted by SECRET_KEY. What is encrypted for one purpose cannot be decrypted for another."""
    return _cipher(purpose).encrypt(text.encode()).decode()


def decrypt(purpose: str, encrypted: str) -> str:
    """Undo `encrypt`, also for text encrypted under a former SECRET_KEY. Raises cryptography's InvalidToken."""
    return _cipher(purpose).decrypt(encrypted.encode()).decode()


def _cipher(purpose: str) -> MultiFernet:
    """SECRET_KEY encrypts and decrypts; the keys in SECRET_KEY_FALLBACKS only decrypt."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet(
        [Fernet(urlsafe_b64encode(hashlib.sha256(f"heapadmin.{purpose}:{key}".encode()).digest())) for key in keys]
    )
