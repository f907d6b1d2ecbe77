"""Writes what a worker gathers in memory to the database every few seconds."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Iterator
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import psycopg
from django.db import connection

from common.database import in_one_line

log = logging.getLogger(__name__)

WRITE_SECONDS = 2.0  # between two writes, unless the caller says otherwise
ANSWER_SECONDS = 5.0  # how long to wait for a database that no longer answers

Taken = TypeVar("Taken")


class BoundStatement(NamedTuple):
    """The arguments of `connection.execute`, for a synchronous or an asynchronous connection."""

    sql: str
    parameters: dict[str, Any]


class Gathered(Protocol[Taken]):
    """Data that requests add to. False while there is nothing to write."""

    def __bool__(self) -> bool: ...

    def take(self) -> Taken:
        """Return everything gathered, and start again empty."""
        ...

    def give_back(self, taken: Taken, /) -> None:
        """Add data back that was taken but could not be written."""
        ...

    def statement(self, taken: Taken, /) -> BoundStatement:
        """The one statement that writes `taken`."""
        ...


class PeriodicWriter(Generic[Taken]):
    """Writes `gathered` every `seconds` seconds, over its own connection.

    Call `start` and `stop` in the event loop that adds to `gathered`.
    """

    def __init__(self, conninfo: str, gathered: Gathered[Taken], seconds: float = WRITE_SECONDS) -> None:
        self._conninfo = conninfo
        self._gathered = gathered
        self._seconds = seconds
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Stop, after writing what was gathered since the last write."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._write()
        await self._disconnect()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            await self._write()

    async def _write(self) -> None:
        """Write now. If the database does not answer, this does not raise: the data waits for the next write."""
        if not self._gathered:
            return
        taken = self._gathered.take()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                connection = await self._connected()
                await connection.execute(*self._gathered.statement(taken))
        except (psycopg.Error, TimeoutError, OSError) as error:
            log.warning("%s: written later, %s", type(self._gathered).__name__, in_one_line(error))
            self._gathered.give_back(taken)
            await self._disconnect()
        except asyncio.CancelledError:
            self._gathered.give_back(taken)
            raise

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True, application_name="heapadmin gathering"
            )
        return self._connection

    async def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await self._connection.close()
            self._connection = None


class TimedWriter:
    """For threads in a process without an event loop: a timer writes `gathered` shortly after something was added."""

    def __init__(self, *gathered: Gathered[Any]) -> None:
        self._gathered = gathered
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    @contextlib.contextmanager
    def adding(self) -> Iterator[None]:
        """Wrap code that adds to `gathered` in this."""
        with self._lock:
            yield
            if self._timer is None and any(self._gathered):
                self._timer = threading.Timer(WRITE_SECONDS, self.write)
                self._timer.daemon = True
                self._timer.start()

    def write(self) -> None:
        """Write what was gathered. Never raises: what cannot be written waits for the next write."""
        with self._lock:
            self._timer = None
        try:
            for gathered in self._gathered:
                self._write(gathered)
        finally:
            if isinstance(threading.current_thread(), threading.Timer):
                connection.close()

    def _write(self, gathered: Gathered[Any]) -> None:
        with self._lock:
            if not gathered:
                return
            taken = gathered.take()
        try:
            with connection.cursor() as cursor:
                cursor.execute(*gathered.statement(taken))
        except Exception as error:  # any error: nobody waits for this thread, and the data is kept
            log.warning("%s: written later, %s", type(gathered).__name__, in_one_line(error))
            with self._lock:
                gathered.give_back(taken)
