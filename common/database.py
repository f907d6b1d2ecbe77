"""Our own connections to Django's database, separate from the one that Django manages."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from psycopg.conninfo import make_conninfo
from psycopg.errors import LockNotAvailable, QueryCanceled

log = logging.getLogger(__name__)
VANISHED = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
TOOK_TOO_LONG = (QueryCanceled, LockNotAvailable)


class TookTooLong(Exception):
    """The database did not answer within the time limit."""


NO_ROOM = ("53", "58")  # classes of SQLSTATE: insufficient resources, errors of the system
DISK_FULL, READ_ONLY = "53100", "25006"


def conninfo() -> str:
    """The connection string for the default database, as settings (or a test run) define it."""
    settings = connection.settings_dict
    known = {
        "dbname": settings["NAME"],
        "user": settings["USER"],
        "password": settings["PASSWORD"],
        "host": settings["HOST"],
        "port": settings["PORT"],
    }
    options = {name: value for name, value in settings["OPTIONS"].items() if isinstance(value, str | int)}
    given = {name: value for name, value in known.items() if value not in ("", None)}
    return make_conninfo("", **given, **options)


def more_options(parameters: Mapping[str, Any], options: str) -> str:
    """The `options` of a connection with more of them. Those in DATABASE_URL stay: some servers need them."""
    return f"{parameters.get('options') or ''} {options}".strip()


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
def impatient_connection(*, connect_seconds: int, statement_seconds: float) -> Iterator[psycopg.Connection]:
    """A connection with time limits: to open it, for each statement and each lock, and for a server that vanishes."""
    parameters = connections["default"].get_connection_params()
    for name in ("cursor_factory", "context", "server_side_binding", "prepare_threshold"):
        parameters.pop(name, None)
    parameters |= VANISHED | {"connect_timeout": connect_seconds}
    milliseconds = int(statement_seconds * 1000)
    options = more_options(parameters, f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}")
    with psycopg.connect(**parameters | {"options": options, "autocommit": True}) as own:
        yield own
