"""Group commit: requests that arrive while a commit runs share the next one, and are answered after it.

Each process has one writer in its event loop, with a few connections of its own ("lanes").
docs/decisions/batch-writer.md compares it with other ways.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from events import batch
from events.batch import Told
from events.faults import Fault, NotStorable, Unavailable, fault_of
from events.lane import Lane
from events.records import Record, Stored

log = logging.getLogger(__name__)

BATCH_RECORDS = 2_000  # in one commit, about 50 ms of work; a single request may bring more
BATCH_BYTES = 8 * 2**20  # of request bodies
CAPACITY_RECORDS = 50_000
CAPACITY_BYTES = 128 * 2**20
PATIENCE_SECONDS = 5.0  # how long a request waits for its turn before it is refused
EXPIRE_EVERY_SECONDS = 0.25
TRIES = 4  # after deadlocks and serialization failures


@dataclass(slots=True)
class Waiting:
    """The records of a request, which are stored all or not at all, and the future that its sender awaits."""

    records: Sequence[Record]
    size: int  # bytes of the request's body
    since: float  # time.monotonic()
    done: asyncio.Future[Stored]

    def stored(self, learnt: Stored) -> None:
        if not self.done.done():  # it is cancelled if the client disconnects
            self.done.set_result(learnt)

    def failed(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class WriterWatch:
    """The writer reports its progress here. This class ignores the reports; metrics override its methods."""

    def committed(self, records: int, seconds: float) -> None:
        """A batch of `records` records was committed."""

    def failed(self) -> None:
        """A batch could not be committed."""

    def waiting(self, records: int) -> None:
        """`records` records wait for their turn. Called several times a second."""


class BatchWriter:
    """Takes the records of requests and commits them in batches.

    `start` and `stop` belong to the event loop that calls `put`. `conninfo` is a connection string for psycopg.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        lanes: int = 2,
        patience_seconds: float = PATIENCE_SECONDS,
        watch: WriterWatch | None = None,
    ) -> None:
        self.patience_seconds = patience_seconds
        self._watch = watch or WriterWatch()
        self._lanes = [Lane(conninfo) for _ in range(lanes)]
        self._tasks: list[asyncio.Task[None]] = []
        self._waiting: deque[Waiting] = deque()
        self._filled = asyncio.Event()
        self._records = 0  # waiting
        self._bytes = 0
        self._busy = 0  # lanes that are writing
        self._stopping = False

    async def start(self) -> None:
        """Begin to write. Succeeds at once, even without a database; then requests are refused."""
        self._tasks = [asyncio.create_task(self._serve(lane)) for lane in self._lanes]
        self._tasks.append(asyncio.create_task(self._expire()))

    async def stop(self, seconds: float = 20.0) -> None:
        """Accept nothing more, commit the waiting records (for at most `seconds`), and disconnect."""
        self._stopping = True
        deadline = time.monotonic() + seconds
        while (self._waiting or self._busy) and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._refuse(len(self._waiting), "the collector is stopping")
        for lane in self._lanes:
            await lane.close()

    def put(self, records: Sequence[Record], size: int = 0) -> asyncio.Future[Stored]:
        """Queue the records of one request of `size` bytes. Returns a future that is done when they are committed.

        Its result tells how many of the events were already stored, and how many properties were left out. It raises
        NotStorable or Unavailable.

        Raises Unavailable if too many records wait already.
        """
        if self._stopping or self._records >= CAPACITY_RECORDS or self._bytes >= CAPACITY_BYTES:
            raise Unavailable("the collector is stopping" if self._stopping else "too much waits to be stored")
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(Waiting(records, size, time.monotonic(), done))
        self._records += len(records)
        self._bytes += size
        self._filled.set()
        return done

    # --- Lanes ----------------------------------------------------------------------------------------------------
    async def _serve(self, lane: Lane) -> None:
        while True:
            await self._filled.wait()
            if not await lane.ready():
                continue
            await asyncio.sleep(0)  # requests read in this turn of the loop join the same batch
            taken = self._take()
            if not taken:
                continue
            self._busy += 1
            try:
                await self._store(lane, taken)
            except asyncio.CancelledError:
                for waiting in taken:
                    waiting.failed(Unavailable("the collector has stopped"))
                raise
            finally:
                self._busy -= 1

    def _take(self) -> list[Waiting]:
        taken: list[Waiting] = []
        records = size = 0
        while self._waiting and records < BATCH_RECORDS and size < BATCH_BYTES:
            first = self._pop_first()
            taken.append(first)
            records += len(first.records)
            size += first.size
        return taken

    def _pop_first(self) -> Waiting:
        """Remove the first request from the queue."""
        first = self._waiting.popleft()
        self._records -= len(first.records)
        self._bytes -= first.size
        if not self._waiting:
            self._filled.clear()
        return first

    async def _store(self, lane: Lane, taken: list[Waiting]) -> None:
        """Commit the taken requests. If PostgreSQL refuses them, halve them to find the one that it refuses."""
        try:
            told = await self._commit(lane, taken)
        except NotStorable as error:
            if len(taken) > 1:
                middle = len(taken) // 2
                await self._store(lane, taken[:middle])
                await self._store(lane, taken[middle:])
                return
            log.error("A request that had passed all checks cannot be stored: %s", error)
            taken[0].failed(error)
        except Exception as error:
            if not isinstance(error, Unavailable):
                log.exception("A batch was not stored")
            for waiting in taken:
                waiting.failed(Unavailable(str(error)))
        else:
            learnt = batch.stored([waiting.records for waiting in taken], told)
            for waiting, each in zip(taken, learnt, strict=True):
                waiting.stored(each)

    async def _commit(self, lane: Lane, taken: list[Waiting]) -> Told:
        """Commit the taken requests. Returns what the database tells about them."""
        arguments = batch.arguments(record for waiting in taken for record in waiting.records)
        records = sum(len(waiting.records) for waiting in taken)
        for attempt in range(TRIES):
            started = time.monotonic()
            try:
                told: Told = await lane.execute(batch.STATEMENT, arguments)
            except psycopg.Error as error:
                fault = fault_of(error)
                if fault is Fault.TRY_AGAIN and attempt + 1 < TRIES:
                    continue
                log.warning("A batch of %d requests failed: %s", len(taken), error)
                self._watch.failed()
                if fault is Fault.RECORDS:
                    raise NotStorable(str(error)) from error
                raise Unavailable(str(error)) from error
            self._watch.committed(records, time.monotonic() - started)
            return told
        raise AssertionError("the last attempt returns or raises")

    # --- Requests that wait too long ----------------------------------------------------------------------------------
    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(EXPIRE_EVERY_SECONDS)
            self._watch.waiting(self._records)
            oldest = time.monotonic() - self.patience_seconds
            self._refuse(sum(waiting.since < oldest for waiting in self._waiting), "the database does not keep up")

    def _refuse(self, count: int, why: str) -> None:
        for _ in range(count):
            self._pop_first().failed(Unavailable(why))
