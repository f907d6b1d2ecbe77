"""Requests that wait for a commit, and who comes next. Knows no clock, no network and no database.

Each environment has a line of its own, and lanes take from the lines in turn. So one environment, however much it sends
and however slow its rows are, holds no more than its share. docs/decisions/fair-lanes.md says what was measured.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from msgspec import Struct

from events.records import Record, Stored

BATCH_RECORDS = 2_000  # in one commit, some 30 ms of work; a single request may bring more
BATCH_BYTES = 8 * 2**20  # of request bodies
LIGHT_RECORDS = 100  # a request that brings more, or is larger, shares its commit with no other environment
LIGHT_BYTES = 64 * 2**10
CAPACITY_RECORDS = 50_000
CAPACITY_BYTES = 128 * 2**20
HARD_BOUND = 2  # times the capacity: the most that may wait, however many environments want their share
QUICK_SECONDS = 1.0  # a batch that takes longer does not show that its rows are free again
MOST_STRIKES = 10


class Waiting(Struct):
    """The records of a request, which are stored all or not at all, and the future that its sender awaits."""

    records: Sequence[Record]
    size: int  # bytes of the request's content
    since: float  # time.monotonic()
    done: asyncio.Future[Stored]

    def stored(self, learnt: Stored) -> None:
        if not self.done.done():  # it is cancelled if the client disconnects
            self.done.set_result(learnt)

    def failed(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    @property
    def is_light(self) -> bool:
        return len(self.records) <= LIGHT_RECORDS and self.size <= LIGHT_BYTES


class Standing(Enum):
    """How an environment is treated, after what became of its batches."""

    TRUSTED = auto()  # it shares batches with others
    SUSPECT = auto()  # it was in a batch that was blocked: it is committed alone, until that is quick
    HELD_UP = auto()  # it was blocked alone: one lane is for all of these, in turn


class WaitingLine:
    """What waits of one environment."""

    __slots__ = ("environment_id", "lanes", "records", "requests", "size", "standing", "to_prove")

    def __init__(self, environment_id: int) -> None:
        self.environment_id = environment_id
        self.requests: deque[Waiting] = deque()
        self.records = 0
        self.size = 0
        self.lanes = 0  # in which requests of this environment are being written
        self.standing = Standing.TRUSTED
        self.to_prove = 0  # quick batches until it is trusted again


@dataclass(slots=True)
class WaitingBatch:
    """What one lane commits at once: requests, grouped by their lines."""

    standing: Standing  # of its lines when it was taken
    lines: list[WaitingLine]
    requests: list[Waiting]
    records: int = 0
    size: int = 0
    is_heavy: bool = False


class FairQueue:
    """Requests by environment. Whoever takes a batch says what became of it, and releases it."""

    def __init__(self, lanes: int) -> None:
        self.records = 0  # that wait
        self.size = 0
        self._most_lanes = max(1, lanes - 1)  # for one environment: others soon find the one that is left
        self._lines: dict[int, WaitingLine] = {}
        self.serves_several = False  # environments, lately
        self._lately: set[int] = set()  # those whose line was made since the last look
        self._ring: deque[WaitingLine] = deque()  # those with requests; the first one is next
        self._heavy = 0  # lanes that write heavy requests: one at a time, if they are not alone
        self._apart = 0  # lanes that write what is not TRUSTED
        self._is_held_up = False  # one of them writes what is HELD_UP
        self._strikes: dict[int, int] = {}  # how often an environment was held up lately

    def __bool__(self) -> bool:
        return bool(self._ring)

    @property
    def held_up(self) -> int:
        """How many environments are held up."""
        return sum(line.standing is Standing.HELD_UP for line in self._lines.values())

    def look_around(self) -> None:
        """Find out whether several environments had something to write since the last look."""
        self.serves_several = len(self._lately | self._lines.keys()) > 1
        self._lately.clear()

    # --- In -----------------------------------------------------------------------------------------------------------
    def has_room(self, environment_id: int) -> bool:
        """Whether one more request may wait. A full queue takes those who hold less than their share of it."""
        if self.records < CAPACITY_RECORDS and self.size < CAPACITY_BYTES:
            return True
        if self.records >= HARD_BOUND * CAPACITY_RECORDS or self.size >= HARD_BOUND * CAPACITY_BYTES:
            return False
        line = self._lines.get(environment_id)
        if line is None or not line.requests:
            return True
        lines = len(self._ring)
        return line.records * lines < CAPACITY_RECORDS and line.size * lines < CAPACITY_BYTES

    def put(self, request: Waiting) -> bool:
        """Add a request. Returns whether it may be taken now."""
        count, size = len(request.records), request.size
        line = self._lines.get(request.records[0].environment_id) or self._line(request)
        if not line.requests:
            self._ring.append(line)
        line.requests.append(request)
        line.records += count  # as in _count, whose call would be a tenth of the cost
        line.size += size
        self.records += count
        self.size += size
        if line.standing is Standing.TRUSTED and not self._heavy:
            return line.lanes < self._most_lanes
        return self._may_go(line)

    def _line(self, request: Waiting) -> WaitingLine:
        environment_id = request.records[0].environment_id
        line = self._lines.get(environment_id)
        if line is None:
            line = self._lines[environment_id] = WaitingLine(environment_id)
            self._lately.add(environment_id)
        return line

    def _count(self, line: WaitingLine, records: int, size: int) -> None:
        line.records += records
        line.size += size
        self.records += records
        self.size += size

    # --- Out ----------------------------------------------------------------------------------------------------------
    def take(self) -> WaitingBatch | None:
        """The next batch. None when nothing waits, or nothing that may be taken now."""
        ring, passed = self._ring, []
        while ring:
            first = ring.popleft()
            if self._may_go(first):
                break
            passed.append(first)  # keeps its place
        else:
            ring.extend(passed)
            return None
        batch = WaitingBatch(first.standing, [], [])
        others = [line for line in ring if self._may_share(line)] if ring and self._may_share(first) else []
        if others:
            share = 1 / (1 + len(others))
            for line in (first, *others):
                if batch.records >= BATCH_RECORDS or batch.size >= BATCH_BYTES:
                    break
                self._move(line, batch, BATCH_RECORDS * share, BATCH_BYTES * share, heavy=False)
        else:
            is_heavy = not first.requests[0].is_light
            if is_heavy and self.serves_several:
                self._move(first, batch, LIGHT_RECORDS, LIGHT_BYTES)  # one request
            else:
                self._move(first, batch, BATCH_RECORDS, BATCH_BYTES, heavy=not self.serves_several)
            batch.is_heavy = is_heavy and first.standing is not Standing.HELD_UP
        taken = set(map(id, batch.lines)) if others else ()
        self._ring = deque(passed)
        self._ring.extend(line for line in ring if id(line) not in taken)
        self._ring.extend(line for line in batch.lines if line.requests)
        self._heavy += batch.is_heavy
        self._apart += batch.standing is not Standing.TRUSTED
        self._is_held_up = self._is_held_up or batch.standing is Standing.HELD_UP
        return batch

    def _may_go(self, line: WaitingLine) -> bool:
        if line.standing is Standing.HELD_UP:
            return not (line.lanes or self._is_held_up or self._apart >= self._most_lanes)
        if self._heavy and self.serves_several and not line.requests[0].is_light:
            return False
        if line.standing is Standing.SUSPECT:
            return not line.lanes and self._apart < self._most_lanes
        return line.lanes < self._most_lanes

    def _may_share(self, line: WaitingLine) -> bool:
        return line.standing is Standing.TRUSTED and line.lanes < self._most_lanes and line.requests[0].is_light

    def _move(
        self, line: WaitingLine, batch: WaitingBatch, most_records: float, most_bytes: float, *, heavy: bool = True
    ) -> None:
        """Move requests from a line into the batch: at least one, and until either limit is reached."""
        requests, records, size = line.requests, 0, 0
        while requests and records < most_records and size < most_bytes and (heavy or requests[0].is_light):
            request = requests.popleft()
            batch.requests.append(request)
            records += len(request.records)
            size += request.size
        self._count(line, -records, -size)
        line.lanes += 1
        batch.lines.append(line)
        batch.records += records
        batch.size += size

    # --- What became of it --------------------------------------------------------------------------------------------
    def committed(self, batch: WaitingBatch, seconds: float) -> None:
        """The batch, or a part of it, was committed after so many seconds."""
        if batch.standing is not Standing.TRUSTED and seconds <= QUICK_SECONDS:
            self._prove(batch.lines[0])

    def blocked(self, batch: WaitingBatch, requests: list[Waiting]) -> None:
        """These requests of the batch were not committed, because rows are locked or slow. They wait in front."""
        if len(batch.lines) == 1:
            self._hold_up(batch.lines[0])
        for line in batch.lines:
            if line.standing is Standing.TRUSTED:
                self._put_to_proof(line)
        for request in reversed(requests):
            line = self._line(request)
            if not line.requests:
                self._ring.appendleft(line)
            line.requests.appendleft(request)
            self._count(line, len(request.records), request.size)

    def release(self, batch: WaitingBatch) -> None:
        """The lane is free again. To be called last."""
        self._heavy -= batch.is_heavy
        self._apart -= batch.standing is not Standing.TRUSTED
        if batch.standing is Standing.HELD_UP:
            self._is_held_up = False
        for line in batch.lines:
            line.lanes -= 1
            self._forget(line)

    def forgive(self) -> None:
        """Halve all strikes. To be called now and then."""
        self._strikes = {key: strikes // 2 for key, strikes in self._strikes.items() if strikes > 1}

    def _hold_up(self, line: WaitingLine) -> None:
        if line.standing is not Standing.HELD_UP:
            line.standing = Standing.HELD_UP
            strikes = self._strikes.get(line.environment_id, 0)
            self._strikes[line.environment_id] = min(strikes + 1, MOST_STRIKES)

    def _put_to_proof(self, line: WaitingLine) -> None:
        line.standing = Standing.SUSPECT
        line.to_prove = 2 ** self._strikes.get(line.environment_id, 0)

    def _prove(self, line: WaitingLine) -> None:
        """The line was quick, alone. One that was held up is a suspect now, a suspect is trusted after enough of it."""
        if line.standing is Standing.HELD_UP:
            self._put_to_proof(line)
            return
        line.to_prove -= 1
        if line.to_prove <= 0:
            line.standing = Standing.TRUSTED

    def _forget(self, line: WaitingLine) -> None:
        if not line.requests and not line.lanes and line.standing is Standing.TRUSTED:
            del self._lines[line.environment_id]

    # --- Requests that wait too long ----------------------------------------------------------------------------------
    def expire(self, oldest: float) -> list[Waiting]:
        """Remove what has waited since before `oldest`."""
        removed: list[Waiting] = []
        for line in self._ring:
            while line.requests and line.requests[0].since < oldest:
                request = line.requests.popleft()
                self._count(line, -len(request.records), -request.size)
                removed.append(request)
        if removed:
            for line in self._ring:
                self._forget(line)
            self._ring = deque(line for line in self._ring if line.requests)
        return removed
