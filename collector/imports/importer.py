"""Imports events of the past through the door of live ones: collector/decide.py reads them.

So excluded IPs, bounds of fields and identities are those of live events. What differs: bad events are left out one by
one, each event is stored once for ever (events/imports.py), and an import makes way for what is collected.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BufferedReader
from typing import TypeVar

from django.db import Error, connection
from msgspec import structs

from collector.counts.excluded import count
from collector.counts.tally import Tally
from collector.decide import Decision, Outcome, Request, decide_read
from collector.environments.known_environments import KnownEnvironment, KnownEnvironments
from collector.imports.lines import BadFile, PastEvent, content, events_in, last_line, lines
from collector.protocol import answers
from collector.protocol.answers import Answer
from collector.protocol.noted import Noted
from collector.request.client_address import UNKNOWN
from collector.request.proxy_headers import canonical_address
from collector.wsgi import cached_environments
from common.periodic_writer import WRITE_SECONDS, TimedWriter
from common.token_buckets import Buckets
from events.catalogue.announcements import Announcements
from events.faults import NotStorable, Unavailable, Why
from events.imports import Months, make_way, recognisable, store_once
from events.records import EventRecord
from ipfilter.counters import Counters

PATH = "/api/track"
COUNTED_AS = "/api/public/v0/import"  # the endpoint in metrics
CHUNK_EVENTS = 500  # in one commit, some 8 ms of work
CHUNK_BYTES = 2**19
CHUNK_PASSED = 20_000  # lines: some hold no event, or come before the first one asked for
MAX_REASONS = 100  # of bad events; more are only counted
TRIES = 30
TRY_AGAIN_SECONDS = 1.0

_no_limit = Buckets(0)
Done = TypeVar("Done")


class ImportRefused(Exception):
    """Nothing more is imported: the environment is gone or closed, or the sender's address is excluded."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(last_line(answer))
        self.answer = answer


@dataclass
class ImportReport:
    """What became of the events so far. `reasons` tell of the first bad ones: number of the line, what is wrong."""

    lines: int = 0
    stored: int = 0
    repeats: int = 0
    excluded: int = 0
    bad: int = 0
    properties_left_out: int = 0
    texts_cut: int = 0
    identities_ignored: int = 0
    last_line: int = 0  # of this file; all up to it are dealt with
    reasons: list[tuple[int, str]] = field(default_factory=list)

    def refuse(self, event: PastEvent, reason: str) -> None:
        self.bad += 1
        if len(self.reasons) < MAX_REASONS:
            self.reasons.append((event.line, event.place + reason))


class Importer:
    """Imports into one environment. `client` is the address of who sends the events, if they are sent."""

    def __init__(self, app_id: str, client: str = UNKNOWN, *, tries: int = TRIES, months: Months | None = None) -> None:
        self.app_id = app_id
        self.client = client
        self.report = ImportReport()
        self.months = months or Months()
        self._environments: KnownEnvironments = {}
        self._tries = tries
        self._kept_out, self._tally, self._announcements = Counters(), Tally(), Announcements()
        self._counts = TimedWriter(self._kept_out, self._tally, self._announcements)
        self._written_at = time.monotonic()

    def run(self, file: BufferedReader, *, from_line: int = 1, most_bytes: int | None = None) -> Iterator[ImportReport]:
        """Import the lines of a file. Yields the report after each commit.

        Raises ImportRefused, Unavailable or BadFile. What was reported before is stored, and stays.
        """
        self.report.last_line = max(0, from_line - 1)
        self._patiently(lambda: cached_environments.get(max_age_seconds=0))  # what was changed just before counts
        for chunk in _chunks(file, self.app_id, from_line, most_bytes):
            began = time.monotonic()
            self._import(chunk.events)
            self.report.lines += chunk.lines
            self.report.last_line = max(self.report.last_line, chunk.last_line)
            yield self.report
            if began - self._written_at > WRITE_SECONDS:
                self.write_counts()
            make_way(time.monotonic() - began)

    def write_counts(self) -> None:
        """Write what was counted, for the Collection page. To be called last."""
        self._counts.write()
        self._written_at = time.monotonic()

    # --- A chunk ------------------------------------------------------------------------------------------------------
    def _import(self, events: Sequence[PastEvent]) -> None:
        now = time.time()
        environment = self._patiently(self._look_up)
        bad, told = self.report.bad, len(self.report.reasons)
        if kept := [event for event in events if self._is_kept(event, environment, now)]:
            self._store(kept, environment, now)
        self.report.reasons[told:] = sorted(self.report.reasons[told:])
        self._count(Decision(answers.OK, Outcome.BAD, environment=environment, weight=self.report.bad - bad), now)

    def _look_up(self) -> KnownEnvironment:
        """The environment as it is now. Raises ImportRefused if it takes no events any more."""
        self._environments = cached_environments.get()
        environment = self._environments.get(self.app_id)
        if environment is None:
            raise ImportRefused(answers.bad_request(f"app_id {self.app_id} is not known here"))
        if environment.is_closed:
            raise ImportRefused(answers.bad_request("the environment is being deleted, or its account is closed"))
        return environment

    def _is_kept(self, event: PastEvent, environment: KnownEnvironment, now: float) -> bool:
        """Whether the event is good, and comes from no excluded address, as far as its `ip` tells.

        Live events never tell their address themselves. An import is made by somebody whom the account trusts.
        """
        if event.reason:
            self.report.refuse(event, event.reason)
            return False
        given = event.item.get("ip")
        if given is None:
            return True
        address = canonical_address(given) if type(given) is str else None
        if address is None:
            self.report.refuse(event, "ip is no IP address")
            return False
        rule_id = environment.excludes(address)
        if rule_id is None:
            return True
        self.report.excluded += 1
        excluded = Decision(answers.OK, Outcome.EXCLUDED, environment=environment, weight=1, rule_id=rule_id)
        count(self._kept_out, excluded, now)
        self._count(excluded, now)
        return False

    def _store(self, events: Sequence[PastEvent], environment: KnownEnvironment, now: float) -> None:
        """Store these events in one commit, but for those that are bad."""
        decision = self._decide(events, now)
        if decision.outcome is Outcome.BAD:
            events = [event for event in events if self._is_good(event, now)]
            if not events:
                return
            decision = self._decide(events, now)
        if decision.outcome is not Outcome.ACCEPTED:
            raise ImportRefused(answers.EXCLUDED if decision.outcome is Outcome.EXCLUDED else decision.answer)
        records = [
            recognisable(record, content(event.item), now)
            for record, event in zip(decision.records, events, strict=True)
            if isinstance(record, EventRecord)
        ]
        self._patiently(lambda: self.months.ensure(records, now))
        stored = self._commit(records, events)
        self.report.properties_left_out += decision.properties_left_out
        self._note(decision.noted)
        self._count(structs.replace(decision, weight=stored), now)

    def _decide(self, events: Sequence[PastEvent], now: float) -> Decision:
        body = {"app_id": self.app_id, "events": [event.item for event in events]}
        return decide_read(body, Request("POST", PATH, {}, b"", self.client, now), self._environments, _no_limit)

    def _is_good(self, event: PastEvent, now: float) -> bool:
        decision = self._decide([event], now)
        if decision.outcome is not Outcome.BAD:
            return True
        self.report.refuse(event, last_line(decision.answer).removeprefix("events[0]."))
        return False

    def _commit(self, records: Sequence[EventRecord], events: Sequence[PastEvent]) -> int:
        """Store the records, which are those of `events`, but for what is not storable. Returns how many are new."""
        try:
            repeats = self._patiently(lambda: store_once(records, self._look_up).repeats)
        except NotStorable:
            if len(records) == 1:
                self.report.refuse(events[0], last_line(answers.NOT_STORABLE))
                return 0
            half = len(records) // 2
            return self._commit(records[:half], events[:half]) + self._commit(records[half:], events[half:])
        with self._counts.adding():
            self._announcements.note(records)
        self.report.repeats += repeats
        self.report.stored += len(records) - repeats
        return len(records) - repeats

    def _patiently(self, work: Callable[[], Done]) -> Done:
        """Do the work, and wait for a database that starts again meanwhile. Raises Unavailable in the end."""
        for left in reversed(range(self._tries)):
            try:
                return work()
            except (Unavailable, Error) as error:
                connection.close_if_unusable_or_obsolete()
                if not left:
                    raise Unavailable(Why.NOT_COMMITTED) from error
            time.sleep(TRY_AGAIN_SECONDS)
        raise AssertionError("the last try returns or raises")

    def _note(self, noted: Noted | None) -> None:
        if noted is not None:
            self.report.texts_cut += noted.texts_cut
            self.report.identities_ignored += noted.nobodies

    def _count(self, decision: Decision, now: float) -> None:
        """Count events as the collector would have, had they been sent."""
        if decision.weight:
            seconds = time.time() - now if decision.outcome is Outcome.ACCEPTED else 0.0
            self._tally.add(COUNTED_AS, decision, now, seconds)


# --- Chunks -----------------------------------------------------------------------------------------------------------
@dataclass
class Chunk:
    """Events that are stored in one commit. `lines` lines end in it, the last of them is `last_line`."""

    events: list[PastEvent] = field(default_factory=list)
    lines: int = 0
    last_line: int = 0
    size: int = 0
    passed: int = 0

    def add(self, event: PastEvent) -> None:
        self.events.append(event)
        self.size += event.size

    @property
    def is_full(self) -> bool:
        return len(self.events) >= CHUNK_EVENTS or self.size >= CHUNK_BYTES or self.passed >= CHUNK_PASSED


def _chunks(file: BufferedReader, app_id: str, from_line: int, most_bytes: int | None) -> Iterator[Chunk]:
    """The events of a file from this line on. Raises BadFile, after all that could be read before."""
    chunk = Chunk()
    try:
        for line in lines(file, most_bytes):
            if line.number >= from_line and line.text != b"":
                for event in events_in(line, app_id):
                    if chunk.is_full:
                        yield chunk
                        chunk = Chunk()
                    chunk.add(event)
                chunk.lines += 1
            chunk.passed += 1
            chunk.last_line = line.number
            if chunk.is_full:
                yield chunk
                chunk = Chunk()
    except BadFile:
        if chunk.last_line:
            yield chunk
        raise
    if chunk.last_line:
        yield chunk
