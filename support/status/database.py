"""Checking the database in a bounded time, over a separate connection."""

import time
from contextlib import AbstractContextManager

import psycopg
from django.conf import settings

from common import disk
from common.database import impatient_connection
from support.status.models import Component, State
from support.status.readings import Reading

CONNECT_SECONDS = 2
STATEMENT_SECONDS = 2
SLOW_SECONDS = 1.0  # a slower answer counts as degraded

UNREACHABLE = {
    Component.CONSOLE: "The database does not answer, so pages cannot be shown.",
    Component.COLLECTION: "The database does not answer. Events are refused with 503, to be sent again.",
    Component.QUERIES: "The database does not answer, so nothing can be asked of it.",
}
READ_ONLY = {
    Component.CONSOLE: "The database takes no changes at the moment; pages can be read.",
    Component.COLLECTION: "The database takes no changes at the moment. Events are refused with 503, to be sent again.",
}
FULL = " The disk of the database is full."
SLOW = "The database answers slowly."


def own_connection() -> AbstractContextManager[psycopg.Connection]:
    """A connection of its own, which takes at most a few seconds to open and for each answer."""
    return impatient_connection(connect_seconds=CONNECT_SECONDS, statement_seconds=STATEMENT_SECONDS)


def unreachable() -> list[Reading]:
    """The reading of every part while the database does not answer."""
    why = FULL if disk_is_full() else ""
    return [Reading(component, State.DOWN, f"{reason}{why}") for component, reason in UNREACHABLE.items()]


def says_unreachable(reading: Reading) -> bool:
    """Whether a reading only says that the database did not answer."""
    return reading.reason.removesuffix(FULL) == UNREACHABLE[reading.component]


def disk_is_full() -> bool:
    """Whether the private database has no room left. False for a server of one's own: its disk is not known here."""
    return settings.PRIVATE_DATABASE and disk.is_full(settings.DATA_DIR / "postgres")


def readings(connection: psycopg.Connection) -> list[Reading]:
    """The reading of each part, judged by the database alone."""
    started = time.monotonic()
    row = connection.execute(
        "select pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean"
    ).fetchone()
    took = time.monotonic() - started
    if row is not None and row[0]:
        degraded = Reading(Component.CONSOLE, State.DEGRADED, READ_ONLY[Component.CONSOLE])
        down = Reading(Component.COLLECTION, State.DOWN, READ_ONLY[Component.COLLECTION])
        return [degraded, down, Reading(Component.QUERIES, State.UP)]
    state, reason = (State.DEGRADED, SLOW) if took > SLOW_SECONDS else (State.UP, "")
    return [Reading(component, state, reason) for component in Component]
