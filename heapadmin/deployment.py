"""What settings need from the machine: generated secrets, the private database's URL, a check for unsafe settings."""

import hashlib
import os
import secrets
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

MIN_SECRET_LENGTH = 40
MIN_DIFFERENT_CHARACTERS = 10
PLACEHOLDERS = ("change", "insecure", "example", "secret", "placeholder", "xxxx")

DATABASE_NAME = "heapadmin"
DATABASE_USER = "heapadmin"  # no superuser (heapadmin/application_role.py)
DATABASE_SUPERUSER = "postgres"
LONGEST_SOCKET_FOLDER = 90  # bytes: a socket's whole path may have 107, on some systems 103


def generated_secret(path: Path, production: bool) -> str:
    """Return the secret stored in `path`; create it (mode 0600) the first time.

    In production the secret must come from the environment: '' is returned, and `refuse_unsafe` raises an error.
    The file appears complete or not at all, so that two processes that start at once never read half of it.
    """
    if production:
        return ""
    try:
        if not path.exists():
            _write_secret(path)
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"DATA_DIR={path.parent} cannot be used: {error.strerror} ({path.name}).") from error


def _write_secret(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # creates it with mode 0600
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(50))
    try:
        os.link(draft, path)
    except FileExistsError:  # another process was first: use its secret
        pass
    finally:
        Path(draft).unlink()


def private_database_url(data_dir: Path) -> str:
    """The URL of the private PostgreSQL whose files are in `data_dir`/postgres."""
    socket_dir = private_socket_dir(data_dir / "postgres")
    return f"postgres://{DATABASE_USER}@{quote(str(socket_dir), safe='')}/{DATABASE_NAME}"


def private_socket_dir(folder: Path) -> Path:
    """The socket folder of the private PostgreSQL on `folder`: as recorded at its start, otherwise the default."""
    try:
        return Path((folder / "socket_dir").read_text().strip())
    except OSError:
        return default_socket_dir(folder)


def default_socket_dir(folder: Path) -> Path:
    """`folder` itself; or a short one named after it, if clients cannot use its path: too long, or with a comma."""
    if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER and "," not in str(folder):
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"heapadmin-{name}"


def refuse_wrong_settings() -> None:
    """End the process with a sentence if a setting is wrong. For what starts Heapadmin, before anything else."""
    try:
        _ = settings.DEBUG  # reads them all
    except ImproperlyConfigured as error:
        sys.exit(str(error))


def refuse_unsafe(*, production: bool, debug: bool, secret_key: str, hosts: list[str], site_url: str) -> None:
    """Raise ImproperlyConfigured, with the name of the setting, if production would start unsafely."""
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
    """Whether `secret` may come from a generator: it is long and varied, and has no word that marks a placeholder."""
    if len(secret) < MIN_SECRET_LENGTH or len(set(secret)) < MIN_DIFFERENT_CHARACTERS:
        return False
    return not any(word in secret.lower() for word in PLACEHOLDERS)
