"""One connection of a writer: opened when needed, checked before use, reopened if it is lost."""

import asyncio
import contextlib
import logging
import select
import time
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import pq

from common.database import in_one_line

log = logging.getLogger(__name__)

CONNECT_SECONDS = 3  # PostgreSQL's connect_timeout
RECONNECT_SECONDS = 0.2  # between two attempts
EXECUTE_SECONDS = 15.0  # then the server counts as lost; a working one ends a statement sooner, by SETTINGS
SETTINGS = """
set statement_timeout = '10s';
set lock_timeout = '5s';
set idle_in_transaction_session_timeout = '30s';
set default_transaction_isolation = 'read committed';
set timezone = 'UTC';
set jit = off;
select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off';
"""
READ_ONLY = "25006"  # a standby, or a server about to fail over


class Lane:
    """A connection in autocommit mode. Only one task may use it at a time."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.AsyncConnection[tuple] | None = None
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

    async def execute(self, statement: str, arguments: Sequence[str | None]) -> Any:
        """Run and commit one statement. Returns the one value that it selects. Raises psycopg.Error."""
        connection = self._connection
        assert connection is not None, "ready() said no"
        try:
            async with asyncio.timeout(EXECUTE_SECONDS):
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

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


async def _connect(conninfo: str) -> psycopg.AsyncConnection[tuple]:
    connection = await psycopg.AsyncConnection.connect(
        conninfo, autocommit=True, connect_timeout=CONNECT_SECONDS, application_name="heapadmin collector"
    )
    try:
        for setting in SETTINGS.strip().splitlines():
            await connection.execute(setting)
        # Only a superuser may set this. Without it, deadlocks, which are rare, are found after a second.
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
