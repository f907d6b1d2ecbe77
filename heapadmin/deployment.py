"""What settings need to know of the place they run in: generated secrets, the private database, and what is unsafe."""

import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured

MIN_SECRET_LENGTH = 40
MIN_DIFFERENT_CHARACTERS = 10
PLACEHOLDERS = ("change", "insecure", "example", "secret", "placeholder", "xxxx")

DATABASE_NAME = "heapadmin"
DATABASE_USER = "postgres"
LONGEST_SOCKET_FOLDER = 90  # bytes: a socket's whole path may have 107, on some systems 103


def generated_secret(path: Path, production: bool) -> str:
    """Return the secret kept in `path`, making it (mode 0600) the first time.

    In production the secret must come from the environment: '' is returned, and `refuse_unsafe` says so.
    The file appears whole or not at all, so that of two processes starting at once neither reads half of it.
    """
    if production:
        return ""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # made with mode 0600
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)
        except FileExistsError:  # the other process was first: its secret counts
            pass
        finally:
            Path(draft).unlink()
    return path.read_text().strip()


def private_database_url(data_dir: Path) -> str:
    """The URL of the private PostgreSQL whose files are in `data_dir`/postgres."""
    socket_dir = private_socket_dir(data_dir / "postgres")
    return f"postgres://{DATABASE_USER}@/{quote(str(socket_dir))}/{DATABASE_NAME}"


def private_socket_dir(folder: Path) -> Path:
    """Where the private PostgreSQL on `folder` has its socket: as recorded at its start, else as it would be now."""
    try:
        return Path((folder / "socket_dir").read_text().strip())
    except OSError:
        return default_socket_dir(folder)


def default_socket_dir(folder: Path) -> Path:
    """`folder` itself, or a short one named for it where a client could not use its path: too long, or with a comma."""
    if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER and "," not in str(folder):
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"heapadmin-{name}"


def refuse_unsafe(*, production: bool, debug: bool, secret_key: str, hosts: list[str], site_url: str) -> None:
    """Raise ImproperlyConfigured, naming the setting, when production would start unsafely."""
    if not production:
        return
    if debug:
        raise ImproperlyConfigured("DEBUG must be off in production.")
    if not _is_random(secret_key):
        raise ImproperlyConfigured(
            f"SECRET_KEY must be a random string of at least {MIN_SECRET_LENGTH} characters in production."
        )
    if not hosts or "*" in hosts:
        raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts served in production, not '*'.")
    if not site_url.startswith("https://"):
        raise ImproperlyConfigured("SITE_URL must be the public https:// address in production.")


def _is_random(secret: str) -> bool:
    """Whether `secret` can have come from a generator: long, varied, and no word of those that mark a placeholder."""
    if len(secret) < MIN_SECRET_LENGTH or len(set(secret)) < MIN_DIFFERENT_CHARACTERS:
        return False
    return not any(word in secret.lower() for word in PLACEHOLDERS)
