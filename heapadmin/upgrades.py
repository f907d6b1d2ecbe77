"""What a start does about a database of another version: it refuses a newer one, and makes a backup before it upgrades.

A migration that this code does not know was made by newer code, which may have changed what tables mean.
"""

import hashlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from common.counted import counted
from common.database import conninfo
from heapadmin import database_server, old_code
from heapadmin.backups import dump
from heapadmin.given_settings import sessions

FOLDER = "backups"  # in DATA_DIR
KEPT = 3
LOCK_NUMBER = 7_420_731_002  # for pg_try_advisory_lock: one upgrade at a time, on however many machines
SHOWN = 5
CONNECT_SECONDS = 5
LOOK_SECONDS = 0.5  # between two looks whether another upgrade is over
APPLIED = "select app, name from django_migrations where app = any(%s) order by id"


class CannotUpgrade(Exception):
    """The database stays as it is; the message says why and what to do."""


@contextmanager
def one_at_a_time(say: Callable[[str], None]) -> Iterator[None]:
    """Wait until nobody else upgrades this database, and keep others waiting.

    Not in a transaction: a server may end those that are idle for long, and an upgrade may take long. An index that is
    built concurrently waits for all of them, so it would wait for this one, and this one for it. A server may end idle
    sessions as well, so that is switched off here.
    """
    with psycopg.connect(conninfo(), autocommit=True) as lock:
        lock.execute("set idle_session_timeout = 0")
        is_told = False
        while not _try_lock(lock):
            if not is_told:
                say("Another upgrade of this database runs; waiting for it.")
            is_told = True
            time.sleep(LOOK_SECONDS)
        yield


def _try_lock(lock: psycopg.Connection) -> bool:
    row = lock.execute("select pg_try_advisory_lock(%s)", [LOCK_NUMBER]).fetchone()
    return row is not None and bool(row[0])


def refuse_unfit_server() -> None:
    """Raises CannotUpgrade if Heapadmin cannot work with this server, or not in the way that leads to it."""
    if words := database_server.unfit():
        raise CannotUpgrade(words)


def refuse_a_newer_database() -> None:
    """Raises CannotUpgrade if the database has migrations of ours that this code does not know.

    Those that were declared to run beside older code do not count: whoever restarts an old server may go on.
    The same for settings of its own with which statements would mean something else.

    Needs no set-up of Django, so that it costs servers nothing. Where the database does not answer or is empty, nobody
    knows: then it raises nothing, and requests are answered 503 until the database answers.
    """
    try:
        with psycopg.connect(conninfo(), connect_timeout=CONNECT_SECONDS, autocommit=True) as database:
            if words := sessions.unfit(database):
                raise CannotUpgrade(words)
            applied = database.execute(APPLIED, [_ours()]).fetchall()
            comment = database.execute(old_code.COMMENT).fetchone()
    except psycopg.Error:
        return
    harmless = old_code.declared(comment and comment[0])
    refuse_unknown((app, name) for app, name in applied if f"{app}.{name}" not in harmless)


def refuse_unknown(migrations: Iterable[tuple[str, str]]) -> None:
    """Raises CannotUpgrade if migrations of ours, by app and name, are among them that this code does not know."""
    ours = _ours()
    unknown = [f"{app}.{name}" for app, name in migrations if app in ours and not _file(app, name).exists()]
    if unknown:
        raise CannotUpgrade(
            f"The database was made by a newer version of Heapadmin: this one does not know {_some_of(unknown)}. "
            "Start the newer version, or restore a backup of this one: manage.py restore FILE (docs/operations.md)."
        )


def refuse_in_words() -> None:
    """End the process with the words of these two. For servers and workers, before they serve."""
    try:
        refuse_unfit_server()
        refuse_a_newer_database()
    except CannotUpgrade as error:
        sys.exit(str(error))


def _some_of(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _ours() -> list[str]:
    """Our own apps that have migrations."""
    return [folder.parent.name for folder in settings.BASE_DIR.glob("*/migrations")]


def _file(app: str, name: str) -> Path:
    return settings.BASE_DIR / app / "migrations" / f"{name}.py"


def refuse_pending() -> None:
    """Raises CannotUpgrade if the tables are not those of this code."""
    executor = MigrationExecutor(connection)
    ahead = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if ahead:
        names = [f"{migration.app_label}.{migration.name}" for migration, _ in ahead]
        raise CannotUpgrade(
            f"This version changes the database first, in {counted(len(names), 'step')} ({_some_of(names)}): "
            f"manage.py migrate. {old_code.in_words(migration for migration, _ in ahead)} "
            "Until then everything goes on as before."
        )


def prepare(say: Callable[[str], None], *, with_backup: bool) -> None:
    """Say whether old servers may go on. Write a backup if tables that hold something are about to change.

    Raises CannotUpgrade if that fails.
    """
    executor = MigrationExecutor(connection)
    ahead = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if ahead and executor.loader.applied_migrations:
        words = old_code.in_words(step for step, _ in ahead)
        say(f"This version changes the database in {counted(len(ahead), 'step')}. {words}")
        if with_backup and settings.BACKUP_BEFORE_UPGRADE:
            _back_up(executor, say)


def _back_up(executor: MigrationExecutor, say: Callable[[str], None]) -> None:
    folder = settings.DATA_DIR / FOLDER
    state = hashlib.sha256(repr(sorted(executor.loader.applied_migrations)).encode()).hexdigest()[:8]
    file = folder / f"before-upgrade-{datetime.now(UTC):%Y-%m-%d-%H%M%S}-{state}.backup"
    say("Backing it up first …")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        for unfinished in folder.glob("before-upgrade-*.unfinished"):  # of a start that was killed
            unfinished.unlink()
        size = dump.write(file)
    except (OSError, dump.BackupError) as error:
        raise CannotUpgrade(
            f"No backup could be made, so the database was not upgraded: {error} "
            "The former version can still be started. BACKUP_BEFORE_UPGRADE=off upgrades without one."
        ) from error
    say(f"Backed up to {file}: {size / 2**20:,.1f} MiB.")
    _delete_old_ones(folder)


def _delete_old_ones(folder: Path) -> None:
    """Keep the newest of each state of the tables: an upgrade that fails at every start must push no other out."""
    kept: set[str] = set()
    for file in sorted(folder.glob("before-upgrade-*.backup"), reverse=True):
        state = file.stem.rpartition("-")[2]
        if state in kept or len(kept) == KEPT:
            file.unlink(missing_ok=True)
        else:
            kept.add(state)
