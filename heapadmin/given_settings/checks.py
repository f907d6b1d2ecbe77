"""What `manage.py check --deploy` says about settings that hold, and still are not what an open installation needs.

What cannot hold is refused before any check runs (reader.py, deployment.py).
"""

import ipaddress
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.http.request import validate_host

from heapadmin.given_settings.addresses import in_url

SHORTEST_TOKEN = 20  # characters


@checks.register(checks.Tags.security, deploy=True)
def check_settings(app_configs: Any, **options: Any) -> list[checks.CheckMessage]:
    """One warning for each setting that others should not meet as it is."""
    return [checks.Warning(words, id=f"heapadmin.{setting}") for setting, words in _found()]


def _found() -> Iterator[tuple[str, str]]:
    host = urlsplit(settings.SITE_URL).hostname or ""
    if not settings.PRODUCTION:
        yield "PRODUCTION", "PRODUCTION is off, so a start refuses nothing that is unsafe. Set PRODUCTION=on."
    if _is_here(host):
        yield (
            "SITE_URL",
            f"SITE_URL={settings.SITE_URL} can be opened on this machine only, and links in mails begin with it.",
        )
    if not validate_host(in_url(host), settings.ALLOWED_HOSTS):
        yield "ALLOWED_HOSTS", f"ALLOWED_HOSTS lacks {in_url(host)}, the host of SITE_URL: its pages are answered 400."
    if settings.HTTPS and not settings.TRUSTED_PROXIES:
        yield (
            "TRUSTED_PROXIES",
            "TRUSTED_PROXIES is empty, and SITE_URL is https, so there is a proxy: all visitors have its address.",
        )
    if settings.TRUSTED_PROXIES and _is_everywhere(settings.HOST):
        yield (
            "HOST",
            f"HOST={settings.HOST} lets everybody past the proxy in TRUSTED_PROXIES, unless a firewall keeps them off.",
        )
    yield from _found_about_mail()
    yield from _found_about_backups()
    if 0 < len(settings.METRICS_TOKEN) < SHORTEST_TOKEN:
        yield "METRICS_TOKEN", f"METRICS_TOKEN can be guessed: it has fewer than {SHORTEST_TOKEN} characters."
    if settings.SIGNUP_OPEN:
        yield "SIGNUP_OPEN", "SIGNUP_OPEN is on: anybody may sign up. Set SIGNUP_OPEN=off unless that is meant."


def _found_about_mail() -> Iterator[tuple[str, str]]:
    if not settings.EMAIL_URL:
        yield "EMAIL_URL", "EMAIL_URL is empty: nobody gets mail, and addresses of those who sign up are not confirmed."
        return
    if not (settings.EMAIL_USE_SSL or settings.EMAIL_USE_TLS or _is_here(settings.EMAIL_HOST)):
        yield "EMAIL_URL", "EMAIL_URL sends mail, and its password, unencrypted: use smtp+tls:// or smtps://."
    if settings.DEFAULT_FROM_EMAIL.rstrip("> ").endswith("@localhost"):
        yield (
            "DEFAULT_FROM_EMAIL",
            "DEFAULT_FROM_EMAIL is an address at localhost, from which many servers take no mail.",
        )


def _found_about_backups() -> Iterator[tuple[str, str]]:
    if settings.BACKUP_DIR is None:
        yield "BACKUP_DIR", "BACKUP_DIR is empty: no backups are made. Name a folder on another disk."
    for name in ("BACKUP_DIR", "WAL_ARCHIVE_DIR"):
        folder = getattr(settings, name)
        if settings.PRIVATE_DATABASE and folder is not None and _disk(folder) == _disk(settings.DATA_DIR):
            yield name, f"{name} is on the disk of the database, so both would be lost together."


def _disk(folder: Path) -> int:
    """The number of the file system that a folder is on, or will be."""
    return next(place.stat().st_dev for place in (folder, *folder.parents) if place.exists())


def _is_here(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _is_everywhere(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_unspecified
    return False
