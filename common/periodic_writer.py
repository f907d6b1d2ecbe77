"""Things that a worker gathers in memory, and writes to the database every few seconds."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Iterator
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import psycopg
from django.db import connection

log = logging.getLogger(__name__)

WRITE_SECONDS = 2.0  # between two writes, of most things
ANSWER_SECONDS = 5.0  # for a server that has vanished

Taken = TypeVar("Taken")


class BoundStatement(NamedTuple):
    """What to hand to `connection.execute` of a synchronous or an asynchronous connection."""

    sql: str
    parameters: dict[str, Any]


class Gathered(Protocol[Taken]):
    """Something that requests add to. False while there is nothing to write."""

    def __bool__(self) -> bool: ...

    def take(self) -> Taken:
        """All there is; it begins again with nothing."""
        ...

    def give_back(self, taken: Taken, /) -> None:
        """Add what was taken and could not be written."""
        ...

    def statement(self, taken: Taken, /) -> BoundStatement:
        """The one statement that writes it."""
        ...


class PeriodicWriter(Generic[Taken]):
    """Writes `gathered` every so many `seconds`, over a connection of its own.

    `start` and `stop` belong to the event loop that adds to it.
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
        """Write what has come since the last time."""
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
        """Never raises for a database that does not answer: what was gathered waits for the next time."""
        if not self._gathered:
            return
        taken = self._gathered.take()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                connection = await self._connected()
                await connection.execute(*self._gathered.statement(taken))
        except (psycopg.Error, TimeoutError, OSError) as error:
            log.warning("%s: written later, %s", type(self._gathered).__name__, str(error).strip())
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
    """For the threads of a process without an event loop: a timer writes `gathered` a moment after something came."""

    def __init__(self, *gathered: Gathered[Any]) -> None:
        self._gathered = gathered
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    @contextlib.contextmanager
    def adding(self) -> Iterator[None]:
        """Around whatever adds to what is gathered."""
        with self._lock:
            yield
            if self._timer is None and any(self._gathered):
                self._timer = threading.Timer(WRITE_SECONDS, self.write)
                self._timer.daemon = True
                self._timer.start()

    def write(self) -> None:
        """Write what has come. Never raises: what cannot be written waits for the next time."""
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
        except Exception as error:  # whatever it is: nobody waits for this thread, and what was taken stays
            log.warning("%s: written later, %s", type(gathered).__name__, str(error).strip())
            with self._lock:
                gathered.give_back(taken)
