"""Counting what excluded IPs keep out: in memory for each request, in the database every few seconds."""

import asyncio
import contextlib
import logging
import threading
from typing import Any

import psycopg
from django.db import connection

from collector.decide import Decision
from ipfilter.counters import Counters, flush

log = logging.getLogger(__name__)

FLUSH_SECONDS = 2.0
ANSWER_SECONDS = 5.0  # for a server that has vanished


def count(counters: Counters, decision: Decision, now: float) -> None:
    """Count a request that was decided at `now` (unix seconds); nothing when no rule kept it out."""
    if decision.rule_id is not None and decision.place is not None:
        counters.add(
            rule_id=decision.rule_id, environment_id=decision.place.environment_id, at=now, events=decision.kept_out
        )


class KeptOutWriter:
    """Writes the counters of this process. `start` and `stop` belong to its event loop."""

    def __init__(self, conninfo: str) -> None:
        self.counters = Counters()
        self._conninfo = conninfo
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Write what was counted since the last time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._write()
        await self._disconnect()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self._write()

    async def _write(self) -> None:
        """Never raises for a database that does not answer: what was counted waits for the next time."""
        if not self.counters:
            return
        counts = self.counters.take()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                connected = await self._connected()
                await connected.execute(*flush(counts))
        except (psycopg.Error, TimeoutError, OSError) as error:
            log.warning("What excluded IPs kept out is counted later: %s", str(error).strip())
            self.counters.give_back(counts)
            await self._disconnect()
        except asyncio.CancelledError:
            self.counters.give_back(counts)
            raise

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True, application_name="heapadmin kept out"
            )
        return self._connection

    async def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await self._connection.close()
            self._connection = None


class KeptOutTimer:
    """The same for the threads of a process without an event loop: a timer writes a moment after something came."""

    def __init__(self) -> None:
        self._counters = Counters()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def count(self, decision: Decision, now: float) -> None:
        if decision.rule_id is None:
            return
        with self._lock:
            count(self._counters, decision, now)
            if self._counters and self._timer is None:
                self._timer = threading.Timer(FLUSH_SECONDS, self.write)
                self._timer.daemon = True
                self._timer.start()

    def write(self) -> None:
        with self._lock:
            counts = self._counters.take()
            self._timer = None
        try:
            if counts:
                with connection.cursor() as cursor:
                    cursor.execute(*flush(counts))
        except Exception as error:  # whatever it is: nobody waits for this thread, and the counts stay
            log.warning("What excluded IPs kept out is counted later: %s", str(error).strip())
            with self._lock:
                self._counters.give_back(counts)
        finally:
            if isinstance(threading.current_thread(), threading.Timer):
                connection.close()
