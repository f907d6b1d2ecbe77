"""Statements with a time limit, in one snapshot, that can be cancelled from another request.

A question is asked of the replica, if there is one. Small look-ups, which must know what was stored just now, are not.
"""

import math
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, ProgrammingError, connections, transaction
from psycopg.errors import LockNotAvailable, QueryCanceled

from analytics.sql.settings import TUNE
from analytics.store.failures import QueryCancelled, QueryDisturbed, QueryLocked, QueryTimeout
from analytics.store.places import place
from analytics.store.postgresql import replica
from common.database import REPLICA, TookTooLong, in_one_line, read_from, reading, time_limit

CUT_SECONDS = 2.0  # after the limit; a replica that still answers has ended the statement by then
CANCEL = """
select pg_cancel_backend(pid) from pg_stat_activity
 where application_name = %s and datname = current_database() and pid <> pg_backend_pid()
"""


@contextmanager
def snapshot(environment_id: int, *, token: str, limit: timedelta) -> Iterator["TimedStatements"]:
    """Statements in one snapshot, until the limit is over.

    Raises QueryTimeout, QueryBusy, QueryLocked, QueryCancelled and QueryDisturbed.
    """
    began = time.monotonic()
    side = replica.side()
    left = began + limit.total_seconds() + CUT_SECONDS - time.monotonic()
    bounded = nullcontext() if side is replica.PRIMARY else replica.cut_after(left)
    try:
        with bounded, read_from(side.alias), _snapshot(_label(environment_id, token)), place(environment_id):
            yield TimedStatements(began + limit.total_seconds(), side.behind_seconds)
    except (OperationalError, InterfaceError, ProgrammingError) as error:
        if side is not replica.PRIMARY and replica.lacks(error):
            replica.leave_alone("it has not replayed an upgrade yet")
            raise QueryDisturbed from error
        if side is not replica.PRIMARY and replica.was_broken_off(error):
            connections[side.alias].close()
            replica.probe.forget()
            raise QueryDisturbed from error
        if isinstance(error.__cause__, LockNotAvailable):
            raise QueryLocked from error
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        is_late = time.monotonic() - began >= limit.total_seconds()
        raise (QueryTimeout if is_late else QueryCancelled) from error


class TimedStatements:
    """Asks one statement after the other, until the deadline (`time.monotonic()` seconds)."""

    def __init__(self, deadline: float, behind_seconds: float | None = None) -> None:
        self.deadline = deadline
        self.behind_seconds = behind_seconds

    def __call__(self, sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        """All rows. The database stops the statement when the time is up."""
        # Rounded up: a statement that stops before the deadline was therefore cancelled by a person.
        left = max(math.ceil((self.deadline - time.monotonic()) * 1000), 1)
        with reading().cursor() as cursor:
            cursor.execute(f"set local statement_timeout = {left}")
            cursor.execute(sql, parameters)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows


@contextmanager
def limited(environment_id: int, limit: timedelta) -> Iterator[None]:
    """A transaction for small look-ups, in which no statement takes longer than this.

    Raises QueryTimeout, and QueryBusy, which is one.
    """
    try:
        with time_limit(limit.total_seconds()), place(environment_id):
            yield
    except TookTooLong as error:
        raise QueryTimeout from error


@contextmanager
def _snapshot(label: str) -> Iterator[None]:
    """One view of the data for all statements of a query, read only; settings made here end with it."""
    connection = reading()
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if is_outermost:
            cursor.execute("set transaction isolation level repeatable read, read only")
        cursor.execute(TUNE)
        cursor.execute("select set_config('application_name', %s, true)", [label])
        yield


def _label(environment_id: int, token: str) -> str:
    """What the connection is called while it answers; how `cancel` finds it. PostgreSQL keeps 63 bytes."""
    return f"heapadmin query {environment_id} {token}".strip()


def cancel(environment_id: int, token: str) -> bool:
    """Stop the run of this environment that has this token; returns whether one was running."""
    if not re.fullmatch(r"[0-9a-f]{32}", token):
        return False
    return any(_cancel_on(alias, _label(environment_id, token)) for alias in replica.asked())


def _cancel_on(alias: str, label: str) -> bool:
    try:
        bounded = replica.cut_after(replica.CANCEL_SECONDS) if alias == REPLICA else nullcontext()
        with bounded, connections[alias].cursor() as cursor:
            cursor.execute(CANCEL, [label])
            return any(stopped for (stopped,) in cursor.fetchall())
    except OperationalError as error:
        if alias != REPLICA:
            raise
        connections[alias].close()
        replica.leave_alone(in_one_line(error))  # and what ran there ends by itself
        return False
