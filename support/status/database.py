"""Checking the database in a bounded time, over a separate connection, and telling busy from gone."""

import time
from contextlib import AbstractContextManager
from enum import Enum, auto

import psycopg
from django.conf import settings

from common import disk
from common.database import impatient_connection

CONNECT_SECONDS = 2
STATEMENT_SECONDS = 2
SLOW_SECONDS = 1.0  # a slower answer counts as slow

NOTHING_LEFT_BYTES = 2**20
CHECK = "select pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean"


class DatabaseCondition(Enum):
    """What a look at the database found."""

    ANSWERS = auto()
    READ_ONLY = auto()
    SLOW = auto()
    FAILING = auto()  # it answers, but with errors
    FULL_UP = auto()  # it lets nobody else in, since all its connections are in use
    STARTING = auto()  # or stopping
    GONE = auto()  # there is nobody to connect to
    SILENT = auto()  # in the given time: it may be busy, or hang


UNANSWERED = (DatabaseCondition.GONE, DatabaseCondition.STARTING, DatabaseCondition.SILENT)
BY_SQLSTATE = {
    "53300": DatabaseCondition.FULL_UP,
    "57P01": DatabaseCondition.STARTING,
    "57P02": DatabaseCondition.STARTING,
    "57P03": DatabaseCondition.STARTING,
    "57014": DatabaseCondition.SLOW,
    "55P03": DatabaseCondition.SLOW,
}
BY_WORDS = {  # of libpq, which tells no SQLSTATE when a connection is refused
    "too many": DatabaseCondition.FULL_UP,
    "connection slots": DatabaseCondition.FULL_UP,
    "starting up": DatabaseCondition.STARTING,
    "shutting down": DatabaseCondition.STARTING,
    "recovery": DatabaseCondition.STARTING,
    "FATAL": DatabaseCondition.FAILING,
    "timed out": DatabaseCondition.SILENT,
    "timeout": DatabaseCondition.SILENT,
    "temporarily unavailable": DatabaseCondition.SILENT,  # a server that hangs lets connections queue up, up to a limit
}


def own_connection() -> AbstractContextManager[psycopg.Connection]:
    """A connection of its own, which takes at most a few seconds to open and for each answer."""
    return impatient_connection(connect_seconds=CONNECT_SECONDS, statement_seconds=STATEMENT_SECONDS)


def condition(connection: psycopg.Connection) -> DatabaseCondition:
    """Ask it something small. Raises psycopg.Error."""
    started = time.monotonic()
    row = connection.execute(CHECK).fetchone()
    took = time.monotonic() - started
    if row is not None and row[0]:
        return DatabaseCondition.READ_ONLY
    return DatabaseCondition.SLOW if took > SLOW_SECONDS else DatabaseCondition.ANSWERS


def condition_of(error: psycopg.Error) -> DatabaseCondition:
    """What a failed look tells."""
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return DatabaseCondition.SILENT
    if error.sqlstate is not None:
        return BY_SQLSTATE.get(error.sqlstate, DatabaseCondition.FAILING)
    words = str(error)
    return next((found for known, found in BY_WORDS.items() if known in words), DatabaseCondition.GONE)


def disk_words() -> str:
    """A sentence while the private database has no room left; else ''. The disk of another server is not known here."""
    folder = settings.DATA_DIR / "postgres"
    if not (settings.PRIVATE_DATABASE and disk.is_full(folder)):
        return ""
    free = disk.free_bytes(folder)
    if free < NOTHING_LEFT_BYTES:
        return "The disk of the database is full."
    return f"The disk of the database is nearly full: {free / 2**20:,.0f} MiB are left."
