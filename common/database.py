"""Our own connections to Django's database, separate from the one that Django manages."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from typing import Any

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import LockNotAvailable, QueryCanceled

log = logging.getLogger(__name__)
VANISHED = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
TOOK_TOO_LONG = (QueryCanceled, LockNotAvailable)
REPLICA = "replica"  # Django's name for the database of DATABASE_REPLICA_URL

_read_from = ContextVar("read_from", default=DEFAULT_DB_ALIAS)


class TookTooLong(Exception):
    """The database did not answer within the time limit."""


NO_ROOM = ("53", "58")  # classes of SQLSTATE: insufficient resources, errors of the system
DISK_FULL, READ_ONLY = "53100", "25006"


def reading() -> BaseDatabaseWrapper:
    """Django's connection to the server that the question at hand reads from; where there is none, to the only one."""
    return connections[_read_from.get()]


@contextmanager
def read_from(alias: str) -> Iterator[None]:
    """Within, `reading()` is the connection to this database."""
    before = _read_from.set(alias)
    try:
        yield
    finally:
        _read_from.reset(before)


def conninfo() -> str:
    """The connection string for the default database, as settings (or a test run) define it; never through a pooler."""
    return _conninfo(settings.DATABASES["default"])


def conninfo_of_replica() -> str:
    """The same for the replica that answers questions; there must be one."""
    return _conninfo(connections.settings[REPLICA])


def conninfo_of_pages() -> str:
    """The same for Django's connections in this process, which may go through a pooler."""
    return _conninfo(connections.settings["default"])


def conninfo_of_pooler() -> str:
    """The same for the pooler that there is."""
    return _conninfo(_pooled())


def _pooled() -> dict[str, Any]:
    direct, pooled = settings.DATABASES["default"], settings.POOLED_DATABASE or {}
    return {**direct, "OPTIONS": {}, **pooled, "DISABLE_SERVER_SIDE_CURSORS": True}


def _conninfo(database: Mapping[str, Any]) -> str:
    known = {
        "dbname": database["NAME"],
        "user": database["USER"],
        "password": database["PASSWORD"],
        "host": database["HOST"],
        "port": database["PORT"],
    }
    options = {name: value for name, value in database.get("OPTIONS", {}).items() if isinstance(value, str | int)}
    given = {name: value for name, value in known.items() if value not in ("", None)}
    return make_conninfo("", **given, **options)


def use_pooler() -> None:
    """Send what Django asks in this process through the pooler, if there is one. For pages, before the first of them.

    A pooler may give each transaction another session of the server. So nothing that outlives a transaction may be
    asked for there: a cursor that is held, a lock or a setting of the session, LISTEN.
    """
    if settings.POOLED_DATABASE is None:
        return
    connections.settings = connections.configure_settings({**settings.DATABASES, "default": _pooled()})
    with suppress(AttributeError):
        del connections["default"]  # of this thread, which looked at it already


def cannot_store(error: BaseException) -> bool:
    """Whether the server has no room for what it was to store (or is read-only), while it may well answer questions."""
    state = sqlstate(error)
    return state[:2] in NO_ROOM or state == READ_ONLY


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's code for an error of Django's; '' if it has none."""
    return getattr(error.__cause__, "sqlstate", None) or ""


@contextmanager
def stored_if_possible(what: str) -> Iterator[None]:
    """For what nobody should have to wait for: if it cannot be stored, the log says so, and that is all."""
    try:
        with transaction.atomic():
            yield
    except DatabaseError as error:
        if not cannot_store(error):
            raise
        log.warning("%s cannot be stored: %s", what, in_one_line(error))


def in_one_line(error: Exception) -> str:
    """What a failure is called in the log: PostgreSQL itself may add fifty lines of context."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """A transaction of Django's connection in which no statement takes longer than this, nor waits for a lock.

    Raises TookTooLong.
    """
    milliseconds = int(seconds * 1000)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"set local statement_timeout = {milliseconds}")
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, TOOK_TOO_LONG):
            raise TookTooLong from error
        raise


@contextmanager
def impatient_connection(
    *, connect_seconds: int, statement_seconds: float, way: str = ""
) -> Iterator[psycopg.Connection]:
    """A connection with time limits: to open it, for each statement and each lock, and for a server that vanishes.

    To the database itself, unless `way` is another's connection string. There it is one transaction: a pooler gives
    the session to others then, without these limits.
    """
    parameters = conninfo_to_dict(way or conninfo()) | VANISHED | {"connect_timeout": connect_seconds}
    milliseconds = int(statement_seconds * 1000)
    scope = "set local" if way else "set"
    with (
        psycopg.connect(**parameters, autocommit=True) as own,  # type: ignore[arg-type]  # whatever libpq knows
        own.transaction() if way else nullcontext(),
    ):
        # No `options` of the connection: poolers refuse these.
        limits = f"{scope} statement_timeout = {milliseconds}; {scope} lock_timeout = {milliseconds}"
        own.execute(limits.encode())
        yield own
