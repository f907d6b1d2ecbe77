"""Group commit: requests that arrive while a commit runs share the next one, and are answered after it.

Each process has one writer in its event loop, with a few connections of its own ("lanes").
docs/decisions/batch-writer.md compares it with other ways.
"""

import asyncio
import logging
import time
from collections.abc import Sequence

import psycopg

from common.database import in_one_line
from events import batch
from events.batch import Told
from events.faults import Blocked, Fault, NotStorable, Unavailable, Why, fault_of
from events.lane import LONG, QUICK, Lane
from events.queue import FairQueue, Standing, Waiting, WaitingBatch
from events.records import Record, Stored

log = logging.getLogger(__name__)

LANES = 3  # the most for one environment is one less
PATIENCE_SECONDS = 5.0  # how long a request waits for its turn before it is refused
EXPIRE_EVERY_SECONDS = 0.25
FORGIVE_EVERY_SECONDS = 600.0
TRIES = 4  # after deadlocks and serialization failures


class WriterWatch:
    """The writer reports its progress here. This class ignores the reports; metrics override its methods."""

    def committed(self, records: int, seconds: float) -> None:
        """A batch of `records` records was committed."""

    def failed(self) -> None:
        """A batch could not be committed."""

    def waiting(self, records: int) -> None:
        """`records` records wait for their turn. Called several times a second."""

    def held_up(self, environments: int) -> None:
        """So many environments are committed alone because their rows are locked or slow. Called as often."""


class BatchWriter:
    """Takes the records of requests and commits them in batches.

    `start` and `stop` belong to the event loop that calls `put`. `conninfo` is a connection string for psycopg.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        lanes: int = LANES,
        patience_seconds: float = PATIENCE_SECONDS,
        watch: WriterWatch | None = None,
    ) -> None:
        self.patience_seconds = patience_seconds
        self._watch = watch or WriterWatch()
        self._lanes = [Lane(conninfo) for _ in range(lanes)]
        self._tasks: list[asyncio.Task[None]] = []
        self._queue = FairQueue(lanes)
        self._filled = asyncio.Event()  # something may be taken from the queue
        self._busy = 0  # lanes that are writing
        self._stopping = False

    @property
    def serves_several(self) -> bool:
        """Whether several environments had something to write lately."""
        return self._queue.serves_several

    async def start(self) -> None:
        """Begin to write. Succeeds at once, even without a database; then requests are refused."""
        self._new_future = asyncio.get_running_loop().create_future  # asking for the loop is a system call
        self._tasks = [asyncio.create_task(self._serve(lane)) for lane in self._lanes]
        self._tasks.append(asyncio.create_task(self._expire()))

    async def stop(self, seconds: float = 20.0) -> None:
        """Accept nothing more, commit the waiting records (for at most `seconds`), and disconnect."""
        self._stopping = True
        deadline = time.monotonic() + seconds
        while (self._queue or self._busy) and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._refuse(float("inf"), Why.STOPPING)
        for lane in self._lanes:
            await lane.close()

    def put(self, records: Sequence[Record], size: int = 0) -> asyncio.Future[Stored]:
        """Queue the records of one request of `size` bytes. Returns a future that is done when they are committed.

        Its result tells how many of the events were already stored, and how many properties were left out. It raises
        NotStorable or Unavailable.

        All are of one environment. Raises Unavailable if too much of it waits already.
        """
        if self._stopping or not self._queue.has_room(records[0].environment_id):
            raise Unavailable(Why.STOPPING if self._stopping else Why.FULL)
        done = self._new_future()
        if self._queue.put(Waiting(records, size, time.monotonic(), done)):
            self._filled.set()
        return done

    # --- Lanes ----------------------------------------------------------------------------------------------------
    async def _serve(self, lane: Lane) -> None:
        while True:
            await self._filled.wait()
            if not await lane.ready():
                continue
            await asyncio.sleep(0)  # requests read in this turn of the loop join the same batch
            taken = self._queue.take()
            if taken is None or not self._queue:
                self._filled.clear()
            if taken is None:
                continue
            self._busy += 1
            try:
                if blocked := await self._store(lane, taken, taken.requests):
                    self._queue.blocked(taken, blocked)
            except asyncio.CancelledError:
                for waiting in taken.requests:
                    waiting.failed(Unavailable(Why.STOPPING))
                raise
            finally:
                self._queue.release(taken)
                if self._queue:
                    self._filled.set()
                self._busy -= 1

    async def _store(self, lane: Lane, taken: WaitingBatch, requests: list[Waiting]) -> list[Waiting]:
        """Commit these requests of a batch. If PostgreSQL refuses them, halve them to find the one that it refuses.

        Returns those that are neither stored nor refused, because rows are locked or slow.
        """
        try:
            told = await self._commit(lane, taken, requests)
        except Blocked as error:
            log.info("A batch of %d requests has to wait: %s", len(requests), error)
            return requests
        except NotStorable as error:
            if len(requests) > 1:
                middle = len(requests) // 2
                first, second = requests[:middle], requests[middle:]
                return [*await self._store(lane, taken, first), *await self._store(lane, taken, second)]
            log.error("A request that had passed all checks cannot be stored: %s", error)
            requests[0].failed(error)
        except Exception as error:
            if not isinstance(error, Unavailable):
                log.exception("A batch was not stored")
            for waiting in requests:
                waiting.failed(Unavailable(Why.NOT_COMMITTED))
        else:
            learnt = batch.stored([waiting.records for waiting in requests], told)
            for waiting, each in zip(requests, learnt, strict=True):
                waiting.stored(each)
        return []

    async def _commit(self, lane: Lane, taken: WaitingBatch, requests: list[Waiting]) -> Told:
        """Commit these requests of a batch. Returns what the database tells about them."""
        arguments = batch.arguments(record for waiting in requests for record in waiting.records)
        patience = LONG if taken.standing is Standing.HELD_UP else QUICK
        all_wait = False  # for a table that somebody has locked
        tries = TRIES
        while True:
            started = time.monotonic()
            try:
                told: Told = await lane.execute(batch.STATEMENT, arguments, patience)
            except psycopg.Error as error:
                fault = fault_of(error)
                tries -= 1
                if fault is Fault.TRY_AGAIN and tries:
                    continue
                if patience is QUICK and fault is Fault.LOCK_TIMEOUT and await self._is_table_locked(lane):
                    patience, all_wait = LONG, True
                    continue
                if patience is QUICK and _took_too_long(fault, time.monotonic() - started):
                    raise Blocked(str(error)) from error
                log.warning("A batch of %d requests failed: %s", len(requests), in_one_line(error))
                self._watch.failed()
                if fault is Fault.RECORDS:
                    raise NotStorable(str(error)) from error
                raise Unavailable(Why.NOT_COMMITTED) from error
            seconds = time.monotonic() - started
            self._watch.committed(sum(len(waiting.records) for waiting in requests), seconds)
            if not all_wait:
                self._queue.committed(taken, seconds)
            return told

    async def _is_table_locked(self, lane: Lane) -> bool:
        try:
            return await lane.is_table_locked()
        except psycopg.Error as error:
            raise Unavailable(Why.NOT_COMMITTED) from error

    # --- Requests that wait too long ----------------------------------------------------------------------------------
    async def _expire(self) -> None:
        forgiven = time.monotonic()
        while True:
            await asyncio.sleep(EXPIRE_EVERY_SECONDS)
            self._watch.waiting(self._queue.records)
            self._watch.held_up(self._queue.held_up)
            self._queue.look_around()
            now = time.monotonic()
            self._refuse(now - self.patience_seconds, Why.BEHIND)
            if now - forgiven > FORGIVE_EVERY_SECONDS:
                self._queue.forgive()
                forgiven = now

    def _refuse(self, oldest: float, why: Why) -> None:
        """Refuse what has waited since before `oldest`."""
        for waiting in self._queue.expire(oldest):
            waiting.failed(Unavailable(why))


def _took_too_long(fault: Fault, seconds: float) -> bool:
    """Whether it was the clock that ended a statement, not an administrator."""
    return fault is Fault.LOCK_TIMEOUT or (fault is Fault.CANCELLED and seconds >= QUICK.statement_seconds)
