"""Collects static files, but only if they changed since the last time: collecting takes seconds, checking does not."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def collect_if_changed(*, clear: bool = True) -> bool:
    """Fill STATIC_ROOT unless it already holds the current files. True if it was filled.

    `clear` deletes what was there: pages that are open, and servers of the version before, may still need it.
    """
    stamp = settings.STATIC_ROOT / ".collected"
    now = _fingerprint()
    if stamp.exists() and stamp.read_text() == now:
        return False
    call_command("collectstatic", interactive=False, clear=clear, verbosity=0)
    stamp.write_text(now)
    return True


def _fingerprint() -> str:
    """A digest of the name, size and modification time of every static file, and of the storage settings."""
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=lambda found: found[0]):
            status = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
