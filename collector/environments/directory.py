"""The environments and rules that a worker knows, kept fresh by PostgreSQL's NOTIFY.

Triggers of the lower apps notify the channel `directory` in the transaction of every change. A connection of our own
listens. It reads the rows again on each notification, and every few seconds in case a notification was lost;
`environments` is built again only if the rows have changed. Excluded IPs are checked more often, because a change must
hold within a second. An unknown app_id is looked up once, then remembered as unknown until something changes.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence

import psycopg

from collector.environments.known_environments import (
    ENVIRONMENTS_SQL,
    EnvironmentRow,
    KnownEnvironments,
    known_environments,
)
from common.database import in_one_line
from events.faults import Unavailable, Why
from ipfilter.rules_cache import FINGERPRINT_SQL, LISTS_SQL, RULES_SQL, CompiledLists, ListRow, RuleRow, fingerprint

log = logging.getLogger(__name__)

CHANNEL = "directory"
RELOAD_SECONDS = 5.0  # without a notification; a lost connection is noticed by then
LOOK_SECONDS = 0.5  # between checks whether excluded IPs have changed without a notification
RECONNECT_SECONDS = 0.5
BETWEEN_LOADS_SECONDS = 0.1  # at least, however many changes and unknown app_ids there are
ANSWER_SECONDS = 5.0  # then the connection counts as lost
MAX_UNKNOWN = 10_000  # app_ids remembered as unknown


class Directory:
    """The environments that this process has loaded, in `environments`. `start` and `stop` belong to its event loop."""

    def __init__(self, conninfo: str) -> None:
        self.environments: KnownEnvironments = {}
        self.is_loaded = False
        self.loaded_at = 0.0  # time.monotonic() when the last load began
        self._conninfo = conninfo
        self._rows: tuple[Sequence[EnvironmentRow], Sequence[ListRow]] | None = None
        self._lists = CompiledLists()
        self._unknown: set[str] = set()
        self._asked: asyncio.Event = asyncio.Event()
        self._loaded: asyncio.Condition = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._failure_is_logged = False

    async def start(self, seconds: float = 3.0) -> None:
        """Begin to listen. Waits up to `seconds` for the first load."""
        self._task = asyncio.create_task(self._stay_connected())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._loaded:
                await self._loaded.wait_for(lambda: self.is_loaded)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look_up(self, app_id: str, seconds: float = 2.0) -> bool:
        """Look up an app_id in the database, unless it is remembered as unknown. Returns whether it is known now.

        Raises Unavailable if the database does not answer in time.
        """
        if app_id in self._unknown:
            return False
        asked_at = time.monotonic()
        self._asked.set()
        try:
            async with asyncio.timeout(seconds), self._loaded:
                await self._loaded.wait_for(lambda: self.loaded_at > asked_at)
        except TimeoutError:
            raise Unavailable(Why.NOT_LOOKED_UP) from None
        if app_id in self.environments:
            return True
        if len(self._unknown) >= MAX_UNKNOWN:
            self._unknown.clear()
        self._unknown.add(app_id)
        return False

    # --- The connection that listens --------------------------------------------------------------------------------
    async def _stay_connected(self) -> None:
        while True:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    connection = await psycopg.AsyncConnection.connect(
                        self._conninfo, autocommit=True, application_name="heapadmin directory"
                    )
                async with connection:
                    await connection.execute(f"listen {CHANNEL}")
                    await self._listen(connection)
            except (psycopg.Error, TimeoutError, OSError) as error:
                if not self._failure_is_logged:
                    log.error("Environments cannot be read from the database: %s", in_one_line(error))
                self._failure_is_logged = True
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self, connection: psycopg.AsyncConnection[tuple]) -> None:
        """Load the rows; again whenever something changes, a request needs it, or RELOAD_SECONDS have passed."""
        while True:
            self._asked.clear()
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._load(connection)
            await asyncio.sleep(BETWEEN_LOADS_SECONDS)
            await self._wait_until_due(connection)

    async def _wait_until_due(self, connection: psycopg.AsyncConnection[tuple]) -> None:
        deadline = time.monotonic() + RELOAD_SECONDS
        while time.monotonic() < deadline:
            if await self._woken(connection) or await self._rules_changed(connection):
                return

    async def _rules_changed(self, connection: psycopg.AsyncConnection[tuple]) -> bool:
        async with asyncio.timeout(ANSWER_SECONDS):
            found = await (await connection.execute(FINGERPRINT_SQL)).fetchone()
        return self._rows is None or found != fingerprint(self._rows[1])

    async def _woken(self, connection: psycopg.AsyncConnection[tuple]) -> bool:
        """Wait up to LOOK_SECONDS for a notification or a request for a load. Returns whether one came."""
        notified = asyncio.create_task(_notified(connection, LOOK_SECONDS))
        asked = asyncio.create_task(self._asked.wait())
        try:
            await asyncio.wait((notified, asked), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (notified, asked):
                task.cancel()
            results = await asyncio.gather(notified, asked, return_exceptions=True)
        for result in results:
            if isinstance(result, psycopg.Error):
                raise result
        return results[0] is True or self._asked.is_set()

    async def _load(self, connection: psycopg.AsyncConnection[tuple]) -> None:
        began = time.monotonic()
        environment_rows = await (await connection.execute(ENVIRONMENTS_SQL)).fetchall()
        list_rows = await (await connection.execute(LISTS_SQL)).fetchall()
        rows = (environment_rows, list_rows)
        if rows != self._rows:
            stale = self._lists.stale(list_rows)
            rule_rows = await (await connection.execute(RULES_SQL, [stale])).fetchall() if stale else []
            self.environments = await asyncio.to_thread(self._build, environment_rows, list_rows, rule_rows)
            self._rows = rows
            self._unknown.clear()
        async with self._loaded:
            self.is_loaded = True
            self._failure_is_logged = False
            self.loaded_at = began
            self._loaded.notify_all()

    def _build(
        self, environments: Sequence[EnvironmentRow], lists: Sequence[ListRow], rules: Sequence[RuleRow]
    ) -> KnownEnvironments:
        return known_environments(environments, self._lists.renew(lists, rules))


async def _notified(connection: psycopg.AsyncConnection[tuple], seconds: float) -> bool:
    """Wait up to `seconds` for a notification. Returns whether one came."""
    async for _ in connection.notifies(timeout=seconds, stop_after=1):
        return True
    return False
