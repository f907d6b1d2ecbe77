"""Backups that the schedule makes: one at a time for the whole installation, each noted in the database.

The jobs' worker looks every minute what is due (heapadmin/jobs.py), and starts `manage.py backup` for it. So a backup
holds up no other job, and one that was missed, because nothing ran at that time, is made as soon as something runs.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection
from django.db.models import Q

from common.database import conninfo, in_one_line
from heapadmin.backups import bases, dump
from heapadmin.postgres import PostgresError
from support.models import Backup, BackupKind
from support.status import backups

log = logging.getLogger(__name__)

LOCK_NUMBER = 7_420_731_003  # for pg_try_advisory_lock
AGAIN_AFTER = timedelta(hours=1)  # one that failed is tried again
NAME = "nightly-{:%Y-%m-%d-%H%M%S}-{}.backup"  # with the mark of the database, since others may keep theirs beside
NAMED = r"nightly-\d{{4}}-\d\d-\d\d-\d{{6}}-{}\.backup"
HELD = """
select exists (
    select from pg_locks
     where locktype = 'advisory' and granted and objsubid = 1 and (classid::int8 << 32) + objid::int8 = %s
       and database = (select oid from pg_database where datname = current_database()))
"""
DATABASE = "select system_identifier, current_database(), current_schema() from pg_control_system()"
NOTED = timedelta(days=400)  # for how long tries are remembered
KILLED = "It was killed, or the machine stopped."


class AnotherRuns(Exception):
    """Somebody else is making a backup of this installation."""


class BackupFailed(Exception):
    """There is no backup; the message says why. It is noted in the database and in the log."""


# --- What is due ------------------------------------------------------------------------------------------------------
def due(now: datetime) -> list[BackupKind]:
    """The kinds of which there is no good one since their time, and which were not tried within the last hour.

    None while anybody makes one, which may take longer than an hour.
    """
    if _one_is_made():
        return []
    tried = Q(started_at__gt=now - AGAIN_AFTER, lost_at=None)
    return [
        kind
        for kind in backups.wanted()
        if not Backup.objects.filter(
            tried | Q(started_at__gte=_since(kind, now), bytes__isnull=False, lost_at=None),
            kind=kind,
            started_at__lte=now + backups.AHEAD,
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


def _one_is_made() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(HELD, [LOCK_NUMBER])
        return bool(cursor.fetchone()[0])


def note_lost(now: datetime) -> None:
    """Note which files are gone, and which are back."""
    for kind in backups.wanted():
        for each in Backup.objects.filter(kind=kind, bytes__isnull=False):
            is_there = (_folder(kind) / each.name).exists()
            if is_there is (each.lost_at is not None):
                Backup.objects.filter(pk=each.pk).update(lost_at=None if is_there else now)


# --- Making one -------------------------------------------------------------------------------------------------------
def make(kind: BackupKind, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Backup:
    """Make a backup, and only then delete those that are kept no longer.

    Raises AnotherRuns or BackupFailed; or BackupError, where it cannot be noted.
    """
    _refuse_where_none_is_noted()
    with _one_at_a_time():
        Backup.objects.filter(ended_at=None).update(ended_at=now(), problem=KILLED)
        at, of_ours = now(), mark()
        noted = Backup.objects.create(kind=kind, name=name_of(at, of_ours), started_at=at)
        had_a_folder = Backup.objects.filter(kind=kind, bytes__isnull=False).exists()
        connection.close()  # which would be idle meanwhile, and others may end such sessions
        try:
            path = bases.write() if kind == BackupKind.BASE else _dump(noted.name, of_ours, had_a_folder)
            noted.name, noted.bytes = path.name, _size(path)
        except (OSError, dump.BackupError, PostgresError) as error:
            noted.problem = str(error)
        noted.ended_at = now()
        noted.save(update_fields=["name", "bytes", "problem", "ended_at"])
        if noted.problem:
            log.error("The %s failed: %s", backups.NAMES[kind], noted.problem)
            raise BackupFailed(noted.problem)
        _delete_old_ones(kind, of_ours, now())
    return noted


def _refuse_where_none_is_noted() -> None:
    try:
        with psycopg.connect(conninfo()) as database:
            row = database.execute("select to_regclass('support_backup')").fetchone()
    except psycopg.Error as error:
        raise dump.BackupError(f"The database does not answer: {in_one_line(error)}") from error
    if row is None or row[0] is None:
        raise dump.BackupError(
            "Nothing in this database is Heapadmin's, or it is of an older version: the backup cannot be noted. "
            "Check DATABASE_URL; for one before an upgrade, name a FILE."
        )


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Raises AnotherRuns. The server releases the lock when this process dies, however it dies."""
    with psycopg.connect(conninfo(), autocommit=True) as lock:
        lock.execute("set idle_session_timeout = 0")
        row = lock.execute("select pg_try_advisory_lock(%s)", [LOCK_NUMBER]).fetchone()
        if not (row and row[0]):
            raise AnotherRuns("Another backup of this installation is being made.")
        try:
            yield
        finally:
            with suppress(psycopg.Error):  # at once: the server learns a little later that the session has ended
                lock.execute("select pg_advisory_unlock(%s)", [LOCK_NUMBER])


def _folder(kind: BackupKind) -> Path:
    return _backup_dir() if kind == BackupKind.DUMP else bases.archive_of_this_server().folder


def _backup_dir() -> Path:
    assert settings.BACKUP_DIR is not None
    return settings.BACKUP_DIR


def mark() -> str:
    """What tells files of this database from those of others in the same folder, copies of it among these."""
    with connection.cursor() as cursor:
        cursor.execute(DATABASE)
        return hashlib.sha256(repr(cursor.fetchone()).encode()).hexdigest()[:8]


def name_of(at: datetime, of_ours: str) -> str:
    return NAME.format(at, of_ours)


def _dump(name: str, of_ours: str, had_a_folder: bool) -> Path:
    folder = _backup_dir()
    _make(folder, had_a_folder)
    for unfinished in folder.glob(f"nightly-*-{of_ours}.backup.unfinished"):  # of one that was killed
        unfinished.unlink()
    dump.write(folder / name)
    return folder / name


def _make(folder: Path, had_one: bool) -> None:
    """Not where a disk is missing: what is written into its place fills another one, and is gone once it is back."""
    if folder.is_dir():
        return
    if had_one:
        raise dump.BackupError(
            f"BACKUP_DIR={folder} was there: is its disk mounted? If it is to be a new one, make the folder."
        )
    try:
        folder.mkdir(mode=0o700)
    except FileNotFoundError as error:
        raise dump.BackupError(f"The folder above BACKUP_DIR is not there: {folder.parent}.") from error


def _size(path: Path) -> int:
    files = [path] if path.is_file() else path.iterdir()
    return sum(file.stat().st_size for file in files)


def _delete_old_ones(kind: BackupKind, of_ours: str, now: datetime) -> None:
    """Also forget tries of long ago, but never the last good one. What is of the future is of long ago, too."""
    if kind == BackupKind.DUMP:
        latest = name_of(now + backups.AHEAD, of_ours)
        ours = [file for file in _backup_dir().iterdir() if re.fullmatch(NAMED.format(of_ours), file.name)]
        ours.sort(key=lambda file: (file.name <= latest, file.name))
        for file in ours[: -settings.BACKUPS_KEPT]:
            file.unlink(missing_ok=True)
    else:
        bases.delete_old()
    for each in Backup.objects.filter(kind=kind, bytes__isnull=False):
        if not (_folder(kind) / each.name).exists():
            each.delete()
    old = Q(started_at__lt=now - NOTED) | Q(started_at__gt=now + backups.AHEAD)
    Backup.objects.filter(old, bytes=None).delete()
