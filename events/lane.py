"""One connection of a writer: opened when needed, checked before use, reopened if it is lost."""

import asyncio
import contextlib
import logging
import select
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import pq

from common.database import in_one_line

log = logging.getLogger(__name__)

CONNECT_SECONDS = 3  # PostgreSQL's connect_timeout
RECONNECT_SECONDS = 0.2  # between two attempts
EXECUTE_SECONDS = 15.0  # then the server counts as lost; a working one ends a statement sooner, by SETTINGS
SETTINGS = """
set idle_in_transaction_session_timeout = '30s';
set default_transaction_isolation = 'read committed';
set timezone = 'UTC';
set jit = off;
select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off';
"""
READ_ONLY = "25006"  # a standby, or a server about to fail over
TABLE_LOCKED = """
select exists (
    select from pg_locks
     where locktype = 'relation' and database = (select oid from pg_database where datname = current_database())
       and mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
       and pid <> pg_backend_pid()
       and relation in (select relid from pg_partition_tree('events') union all
                        select to_regclass(name) from unnest(array[
                            'people', 'merges', 'customers', 'idempotency_keys']) as written(name)))
"""


class Patience(NamedTuple):
    """How long a statement may take, and how long it may wait for each lock."""

    statement_seconds: float
    lock_seconds: float


QUICK = Patience(2, 0.25)  # what others wait for as well
LONG = Patience(10, 5)
SET_PATIENCE = "select set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false)"


class Lane:
    """A connection in autocommit mode. Only one task may use it at a time."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.AsyncConnection[tuple] | None = None
        self._patience: Patience | None = None  # of the connection
        self._tried_at = 0.0
        self._failure_is_logged = False

    async def ready(self) -> bool:
        """Open the connection if it is not open, which may take a few seconds. Returns whether it can be used."""
        if self._connection is not None and not _lost(self._connection):
            return True
        await self.close()
        await asyncio.sleep(max(0.0, self._tried_at + RECONNECT_SECONDS - time.monotonic()))
        self._tried_at = time.monotonic()
        try:
            self._connection = await _connect(self._conninfo)
        except psycopg.Error as error:
            if not self._failure_is_logged:
                log.error("The database does not answer: %s", in_one_line(error))
            self._failure_is_logged = True
            return False
        self._failure_is_logged = False
        return True

    async def execute(self, statement: str, arguments: Sequence[str | None], patience: Patience = LONG) -> Any:
        """Run and commit one statement. Returns the one value that it selects. Raises psycopg.Error."""
        connection = self._connection
        assert connection is not None, "ready() said no"
        try:
            async with asyncio.timeout(EXECUTE_SECONDS):
                if patience is not self._patience:
                    await connection.execute(SET_PATIENCE, [f"{seconds * 1000:.0f}ms" for seconds in patience])
                    self._patience = patience
                cursor = await connection.execute(statement, arguments, prepare=True)
                row = await cursor.fetchone()
        except TimeoutError as error:
            await self.close()
            raise psycopg.OperationalError("the database did not answer in time") from error
        except psycopg.Error as error:
            if error.sqlstate == READ_ONLY:
                await self.close()
            raise
        return row and row[0]

    async def is_table_locked(self) -> bool:
        """Whether somebody holds, or waits for, a lock on a whole table that rows are written to. Raises psycopg.Error.

        An error itself does not tell: it names the row only to the first of those who wait for it.
        """
        return bool(await self.execute(TABLE_LOCKED, ()))

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = self._patience = None


async def _connect(conninfo: str) -> psycopg.AsyncConnection[tuple]:
    connection = await psycopg.AsyncConnection.connect(
        conninfo, autocommit=True, connect_timeout=CONNECT_SECONDS, application_name="heapadmin collector"
    )
    try:
        for setting in SETTINGS.strip().splitlines():
            await connection.execute(setting)
        # Not every role may set this. Without it, deadlocks, which are rare, are found after a second.
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
            await connection.execute("set deadlock_timeout = '100ms'")
    except BaseException:
        await connection.close()
        raise
    return connection


def _lost(connection: psycopg.AsyncConnection[tuple]) -> bool:
    """Whether the server has ended the connection. Costs one system call.

    If the server restarted while the connection was idle, the socket shows it. This must be noticed before a batch is
    sent, because afterwards it is unknown whether the batch was committed.
    """
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    while connection.pgconn.status == pq.ConnStatus.OK and poll.poll(0):
        try:
            connection.pgconn.consume_input()
        except psycopg.OperationalError:
            return True
    return connection.pgconn.status != pq.ConnStatus.OK
