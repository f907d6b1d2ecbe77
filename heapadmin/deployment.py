"""What settings need to know of the place they run in: generated secrets, the private database, and what is unsafe."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

MIN_SECRET_LENGTH = 40
PLACEHOLDERS = ("change", "insecure", "example", "secret", "placeholder", "xxxx")


def generated_secret(path: Path, production: bool) -> str:
    """Return the secret kept in `path`, making it (mode 0600) the first time.

    In production the secret must come from the environment: '' is returned, and `refuse_unsafe` says so.
    """
    if production:
        return ""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(50))
    return path.read_text().strip()


def private_database_url(data_dir: Path) -> str:
    """The URL of the private PostgreSQL whose files and socket are in `data_dir`/postgres."""
    return f"postgres://postgres@/{data_dir}/postgres/heapadmin"


def refuse_unsafe(*, production: bool, debug: bool, secret_key: str, hosts: list[str], site_url: str) -> None:
    """Raise ImproperlyConfigured, naming the setting, when production would start unsafely."""
    if not production:
        return
    if debug:
        raise ImproperlyConfigured("DEBUG must be off in production.")
    if len(secret_key) < MIN_SECRET_LENGTH or any(word in secret_key.lower() for word in PLACEHOLDERS):
        raise ImproperlyConfigured(
            f"SECRET_KEY must be a random string of at least {MIN_SECRET_LENGTH} characters in production."
        )
    if not hosts or "*" in hosts:
        raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts served in production, not '*'.")
    if not site_url.startswith("https://"):
        raise ImproperlyConfigured("SITE_URL must be the public https:// address in production.")
