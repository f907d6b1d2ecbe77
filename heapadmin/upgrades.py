"""What a start does about a database of another version: it refuses a newer one, and makes a backup before it upgrades.

A migration that this code does not know was made by newer code, which may have changed what tables mean.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from common.database import conninfo
from heapadmin import backup

FOLDER = "backups"  # in DATA_DIR
KEPT = 3
LOCK_NUMBER = 7_420_731_002  # for pg_advisory_xact_lock: one upgrade at a time, on however many machines
SHOWN = 5
CONNECT_SECONDS = 5
APPLIED = "select app, name from django_migrations where app = any(%s) order by id"


class CannotUpgrade(Exception):
    """The database stays as it is; the message says why and what to do."""


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait until nobody else upgrades this database, and keep others waiting."""
    with psycopg.connect(conninfo()) as lock:
        lock.execute("select pg_advisory_xact_lock(%s)", [LOCK_NUMBER])
        yield


def refuse_a_newer_database() -> None:
    """Raises CannotUpgrade if the database has migrations of ours that this code does not know.

    Needs no set-up of Django, so that it costs servers nothing. Where the database does not answer or is empty, nobody
    knows: then it raises nothing, and requests are answered 503 until the database answers.
    """
    try:
        with psycopg.connect(conninfo(), connect_timeout=CONNECT_SECONDS, autocommit=True) as database:
            applied = database.execute(APPLIED, [_ours()]).fetchall()
    except psycopg.Error:
        return
    unknown = [f"{app}.{name}" for app, name in applied if not _file(app, name).exists()]
    if unknown:
        names = ", ".join(unknown[:SHOWN]) + (f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else "")
        raise CannotUpgrade(
            f"The database was made by a newer version of Heapadmin: this one does not know {names}. "
            "Start the newer version, or restore a backup of this one: manage.py restore FILE (docs/operations.md)."
        )


def refuse_in_words() -> None:
    """End the process with the message of `refuse_a_newer_database`. For servers and workers, before they serve."""
    try:
        refuse_a_newer_database()
    except CannotUpgrade as error:
        sys.exit(str(error))


def _ours() -> list[str]:
    """Our own apps that have migrations."""
    return [folder.parent.name for folder in settings.BASE_DIR.glob("*/migrations")]


def _file(app: str, name: str) -> Path:
    return settings.BASE_DIR / app / "migrations" / f"{name}.py"


def back_up(say: Callable[[str], None]) -> None:
    """Write a backup if tables that hold something are about to change. Raises CannotUpgrade if that fails."""
    executor = MigrationExecutor(connection)
    ahead = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not (settings.BACKUP_BEFORE_UPGRADE and ahead and executor.loader.applied_migrations):
        return
    folder = settings.DATA_DIR / FOLDER
    file = folder / f"before-upgrade-{datetime.now(UTC):%Y-%m-%d-%H%M%S}.backup"
    say(f"This version changes the database in {len(ahead)} steps. Backing it up first …")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        size = backup.write(file)
    except (OSError, backup.BackupError) as error:
        raise CannotUpgrade(
            f"No backup could be made, so the database was not upgraded: {error} "
            "The former version can still be started. BACKUP_BEFORE_UPGRADE=off upgrades without one."
        ) from error
    say(f"Backed up to {file}: {size / 2**20:,.1f} MiB.")
    _delete_old_ones(folder)


def _delete_old_ones(folder: Path) -> None:
    for file in sorted(folder.glob("before-upgrade-*.backup"))[:-KEPT]:
        file.unlink(missing_ok=True)
