"""Backups that the schedule makes: one at a time for the whole installation, each noted in the database.

The jobs' worker looks every minute what is due (heapadmin/jobs.py), and starts `manage.py backup` for it. So a backup
holds up no other job, and one that was missed, because nothing ran at that time, is made as soon as something runs.
"""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection
from django.db.models import Q

from common.database import conninfo
from heapadmin.backups import bases, dump
from heapadmin.postgres import PostgresError
from support.models import Backup, BackupKind
from support.status import backups

log = logging.getLogger(__name__)

LOCK_NUMBER = 7_420_731_003  # for pg_try_advisory_lock
AGAIN_AFTER = timedelta(hours=1)  # one that failed is tried again
NAME = "nightly-{:%Y-%m-%d-%H%M%S}.backup"
NAMED = re.compile(r"nightly-\d{4}-\d\d-\d\d-\d{6}\.backup")
NOTED = timedelta(days=400)  # for how long tries are remembered
KILLED = "It was killed, or the machine stopped."


class AnotherRuns(Exception):
    """Somebody else is making a backup of this installation."""


class BackupFailed(Exception):
    """There is no backup; the message says why. It is noted in the database and in the log."""


# --- What is due ------------------------------------------------------------------------------------------------------
def due(now: datetime) -> list[BackupKind]:
    """The kinds of which there is no good one since their time, and which were not tried within the last hour."""
    tried = Q(started_at__gt=now - AGAIN_AFTER, lost_at=None)
    return [
        kind
        for kind in backups.wanted()
        if not Backup.objects.filter(
            tried | Q(started_at__gte=_since(kind, now), bytes__isnull=False, lost_at=None), kind=kind
        )
    ]


def _since(kind: BackupKind, now: datetime) -> datetime:
    """The last time of the day at which such backups are made, and for a longer period so many days before.

    Now, if the database went back to a moment: the next time should not depend on what was archived before.
    """
    if kind == BackupKind.BASE and _went_back():
        return now
    at = now.replace(hour=settings.BACKUP_AT.hour, minute=settings.BACKUP_AT.minute, second=0, microsecond=0)
    last = at if at <= now else at - timedelta(days=1)
    return last - backups.PERIODS[kind] + timedelta(days=1)


def _went_back() -> bool:
    found = bases.complete(bases.archive_of_this_server())
    return bool(found) and bases.is_of_an_earlier_timeline(found[-1])


def note_lost(now: datetime) -> None:
    """Note which files are gone, and which are back."""
    for kind in backups.wanted():
        for each in Backup.objects.filter(kind=kind, bytes__isnull=False):
            is_there = (_folder(kind) / each.name).exists()
            if is_there is (each.lost_at is not None):
                Backup.objects.filter(pk=each.pk).update(lost_at=None if is_there else now)


# --- Making one -------------------------------------------------------------------------------------------------------
def make(kind: BackupKind, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Backup:
    """Make a backup, and only then delete those that are kept no longer. Raises AnotherRuns or BackupFailed."""
    with _one_at_a_time():
        Backup.objects.filter(ended_at=None).update(ended_at=now(), problem=KILLED)
        at = now()
        noted = Backup.objects.create(kind=kind, name=NAME.format(at), started_at=at)
        connection.close()  # which would be idle meanwhile, and others may end such sessions
        try:
            path = _write(kind, noted.name)
            noted.name, noted.bytes = path.name, _size(path)
        except (OSError, dump.BackupError, PostgresError) as error:
            noted.problem = str(error)
        noted.ended_at = now()
        noted.save(update_fields=["name", "bytes", "problem", "ended_at"])
        if noted.problem:
            log.error("The %s failed: %s", backups.NAMES[kind], noted.problem)
            raise BackupFailed(noted.problem)
        _delete_old_ones(kind, now())
    return noted


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Raises AnotherRuns. The server releases the lock when this process dies, however it dies."""
    with psycopg.connect(conninfo(), autocommit=True) as lock:
        lock.execute("set idle_session_timeout = 0")
        row = lock.execute("select pg_try_advisory_lock(%s)", [LOCK_NUMBER]).fetchone()
        if not (row and row[0]):
            raise AnotherRuns("Another backup of this installation is being made.")
        yield


def _folder(kind: BackupKind) -> Path:
    return _backup_dir() if kind == BackupKind.DUMP else bases.archive_of_this_server().folder


def _backup_dir() -> Path:
    assert settings.BACKUP_DIR is not None
    return settings.BACKUP_DIR


def _write(kind: BackupKind, name: str) -> Path:
    if kind == BackupKind.BASE:
        return bases.write()
    folder = _backup_dir()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for unfinished in folder.glob("nightly-*.unfinished"):  # of one that was killed
        unfinished.unlink()
    dump.write(folder / name)
    return folder / name


def _size(path: Path) -> int:
    files = [path] if path.is_file() else path.iterdir()
    return sum(file.stat().st_size for file in files)


def _delete_old_ones(kind: BackupKind, now: datetime) -> None:
    """Also forget tries of long ago, but never the last good one."""
    if kind == BackupKind.DUMP:
        ours = sorted(file for file in _backup_dir().iterdir() if NAMED.fullmatch(file.name))
        for file in ours[: -settings.BACKUPS_KEPT]:
            file.unlink(missing_ok=True)
    else:
        bases.delete_old()
    for each in Backup.objects.filter(kind=kind, bytes__isnull=False):
        if not (_folder(kind) / each.name).exists():
            each.delete()
    Backup.objects.filter(bytes=None, started_at__lt=now - NOTED).delete()
