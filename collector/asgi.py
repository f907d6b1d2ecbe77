"""The collector in front of the pages: an ASGI app that answers the collecting paths and passes everything else on.

A request costs no session, no CSRF check and no ORM. It is decided once, joins the next commit, and is answered.
"""

import asyncio
import gc
import logging
import time
from typing import Any

from django.conf import settings

from collector.counts import metrics, proxies
from collector.counts.excluded import RecentlyExcluded, count
from collector.counts.last_hour import FILE_NAME, LastHour, Reporter
from collector.counts.proxies import AccountsByAddress
from collector.counts.tally import Tally
from collector.decide import ENDPOINTS, Decision, Outcome, Request, decide, decide_in_steps
from collector.environments.directory import Directory
from collector.protocol import answers
from collector.protocol.answers import Answer
from collector.protocol.limits import MAX_BODY_BYTES
from collector.request.bodies import BODY_TOO_LARGE
from collector.request.client_address import TrustedProxies, client_address
from collector.request.paths import ROOT, squeezed
from collector.request.request_ids import HEADER_BYTES, id_of_scope
from collector.tracker import is_tracker, tracker
from common.asgi_types import App, AsgiScope, Receive, Send
from common.database import conninfo
from common.periodic_writer import PeriodicWriter
from common.request_ids import current_id
from common.token_buckets import Buckets
from common.user_agent import agent_of
from events.catalogue import announcements
from events.catalogue.announcements import Announcements
from events.faults import NotStorable, Unavailable
from events.writer import BatchWriter
from ipfilter.counters import Counters

log = logging.getLogger(__name__)

BODY_SECONDS = 30.0  # for a whole body to arrive
TOO_SLOW = answers.too_slow("the body did not arrive in time")
WARM_UP = b"Mozilla/5.0 (X11; Linux x86_64)"  # parsing the first User-Agent takes half a second
QUICK_BYTES = 64 * 2**10  # a larger body, or one that may become larger, takes its turn to be read
PAUSE_TIMES = 2  # as long as a step took: what others have of the event loop
REFUSED = 400  # and above
GARBAGE = 10_000  # objects between two collections; what requests leave behind are few circles
DRAIN_SECONDS = 2.0
DRAIN_BYTES = 8 * MAX_BODY_BYTES


class Collector:
    """An ASGI app. `database` is a connection string for psycopg. `pages` answers all other paths; without it, 404.

    `last_hour` is the file of counts for the status page.
    """

    def __init__(
        self,
        database: str,
        trusted: TrustedProxies,
        pages: App | None = None,
        *,
        buckets: Buckets | None = None,
        last_hour: LastHour | None = None,
    ) -> None:
        self.directory = Directory(database)
        self.writer = BatchWriter(database, watch=metrics.Commits())
        self.kept_out = Counters()
        self.recently_excluded = RecentlyExcluded()
        self.reporter = Reporter(last_hour) if last_hour is not None else None
        self.tally = Tally(self.reporter)
        self.accounts_by_address = AccountsByAddress()
        self.announcements = Announcements()
        self.buckets = buckets or Buckets(0)
        self._periodic_writers: list[PeriodicWriter[Any]] = [
            PeriodicWriter(database, self.kept_out),
            PeriodicWriter(database, self.tally),
            PeriodicWriter(database, self.announcements, announcements.WRITE_SECONDS),
            PeriodicWriter(database, self.accounts_by_address, proxies.WRITE_SECONDS),
        ]
        self.trusted = trusted
        self.pages = pages or not_found
        self._slow_decision = asyncio.Lock()
        self._next_step_at = 0.0  # time.monotonic()
        self._started = False

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in ENDPOINTS:
            scope = _without_slashes(scope)
        if scope["type"] == "http" and scope["path"] in ENDPOINTS:
            answer = await self._answer(scope, receive)
            if answer is not None:
                if answer.status >= REFUSED:
                    answer = answer.with_headers(((HEADER_BYTES, self._id_of(scope).encode()),))
                await _send(answer, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http" and scope["path"] == metrics.PATH:
            await _send(await asyncio.to_thread(metrics.scrape, scope["method"], dict(scope["headers"])), send)
        elif scope["type"] == "http" and is_tracker(scope["path"]):
            known = self.directory.environments
            await _send(tracker(scope["method"], scope["path"], dict(scope["headers"]), known), send)
        else:
            await self.pages(scope, receive, send)

    # --- One request --------------------------------------------------------------------------------------------------
    async def _answer(self, scope: AsgiScope, receive: Receive) -> Answer | None:
        """Read, decide, store and answer one request. None if the client has disconnected."""
        if not self._started:
            await self.start()
        headers = dict(scope["headers"])
        message = await receive()
        body = message.get("body", b"")
        if message.get("more_body"):
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    body = await _whole_body(headers, body, receive)
            except _TooLarge:
                await _drain(receive)
                return self._unread(scope, BODY_TOO_LARGE)
            except TimeoutError:
                return self._unread(scope, TOO_SLOW)
        elif message["type"] != "http.request":
            return TOO_SLOW  # disconnected: by the client, or by a server that gave up waiting for the body
        if body is None:
            return None
        peer = scope["client"]
        client = client_address(peer and peer[0], scope["headers"], self.trusted)
        return await self._carry_out(
            Request(scope["method"], scope["path"], headers, body, client, time.time(), scope["query_string"])
        )

    def _id_of(self, scope: AsgiScope) -> str:
        """The id of a request, for those whose sender may ask about it."""
        return current_id() or id_of_scope(scope, self.trusted)

    def _unread(self, scope: AsgiScope, answer: Answer) -> Answer:
        """Count a request whose body was not read."""
        self.tally.add(scope["path"], Decision(answer, Outcome.BAD), time.time())
        return answer

    async def _carry_out(self, request: Request) -> Answer:
        if len(request.body) <= QUICK_BYTES and b"content-encoding" not in request.headers:
            decision = decide(request, self.directory.environments, self.buckets)
        else:
            decision = await self._decide_in_turn(request)
        if decision.outcome is Outcome.UNKNOWN_APP:
            decision = await self._ask_again(request, decision)
        if decision.environment is not None:
            self.accounts_by_address.note(request.client, decision.environment.account_id)
            self.buckets.take(decision.environment.environment_id, decision.tokens, request.now)
        seconds = 0.0
        if decision.records:
            decision = await self._store(decision)
            seconds = max(0.0, time.time() - request.now)
        decision = self.recently_excluded.once(decision)
        count(self.kept_out, decision, request.now)
        self.tally.add(request.path, decision, request.now, seconds)
        return decision.answer

    async def _decide_in_turn(self, request: Request) -> Decision:
        """Decide about a request that takes long, one at a time and in steps.

        If other environments send as well, they have most of the time in between.
        """
        async with self._slow_decision:
            steps = decide_in_steps(request, self.directory.environments, self.buckets)
            while True:
                await asyncio.sleep(max(0.0, self._next_step_at - time.monotonic()))
                began = time.monotonic()
                try:
                    next(steps)
                except StopIteration as end:
                    decision: Decision = end.value
                    return decision
                finally:
                    now = time.monotonic()
                    self._next_step_at = now + PAUSE_TIMES * (now - began) if self.writer.serves_several else now

    async def _store(self, decision: Decision) -> Decision:
        """Commit the records. Returns the decision without repeats, or a refusal if they cannot be committed."""
        try:
            stored = await self.writer.put(decision.records, decision.size)
        except NotStorable:
            return decision.not_storable()
        except Unavailable as error:
            return decision.unavailable(error.why)
        self.announcements.note(decision.records)
        return decision.carried_out(stored)

    async def _ask_again(self, request: Request, decision: Decision) -> Decision:
        """Decide again after a look-up: the environment may be newer than what this process has loaded."""
        assert decision.app_id is not None
        try:
            is_known = await self.directory.look_up(decision.app_id)
        except Unavailable as error:
            return decision.unavailable(error.why)
        return decide(request, self.directory.environments, self.buckets) if is_known else decision

    # --- The process --------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        """Start the writers and the directory. Garbage collections skip what is loaded by now, which saves 4 %."""
        self._started = True
        agent_of(WARM_UP)
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE)
        await self.writer.start()
        for periodic_writer in self._periodic_writers:
            await periodic_writer.start()
        if self.reporter is not None:
            self.reporter.start()
        await self.directory.start()

    async def stop(self) -> None:
        """Commit everything that was accepted."""
        await self.writer.stop()
        for periodic_writer in self._periodic_writers:
            await periodic_writer.stop()
        if self.reporter is not None:
            await asyncio.to_thread(self.reporter.stop)
        await self.directory.stop()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def from_settings(pages: App | None = None) -> Collector:
    """The collector of this installation. Raises ValueError if TRUSTED_PROXIES is invalid."""
    trusted = TrustedProxies.parse(settings.TRUSTED_PROXIES)
    buckets = Buckets(settings.EVENTS_PER_SECOND / settings.WEB_WORKERS)
    last_hour = LastHour(settings.DATA_DIR / FILE_NAME)
    return Collector(conninfo(), trusted, pages, buckets=buckets, last_hour=last_hour)


def _without_slashes(scope: AsgiScope) -> AsgiScope:
    """The scope with a collecting path, where only slashes are too many in it."""
    path = squeezed(scope["path"])
    if path != scope["path"] and (path in ENDPOINTS or is_tracker(path) or path.startswith(ROOT)):
        return {**scope, "path": path, "raw_path": path.encode()}
    return scope


class _TooLarge(Exception):
    """The body is larger than allowed; the rest is not read."""


async def _whole_body(headers: dict[bytes, bytes], body: bytes, receive: Receive) -> bytes | None:
    """`body` and the rest of it; None if the client disconnects. Raises _TooLarge as soon as it is too large."""
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and len(length) < 20 and int(length) > MAX_BODY_BYTES:
        raise _TooLarge
    parts = [body]
    size = len(body)
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY_BYTES:
            raise _TooLarge
        if not message.get("more_body"):
            return b"".join(parts)


async def _drain(receive: Receive) -> None:
    """Read on for a moment, because a client that is cut off while it sends seldom sees the answer."""
    size = 0
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while size < DRAIN_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body"):
                    return
    except TimeoutError:
        return


async def not_found(scope: AsgiScope, receive: Receive, send: Send) -> None:
    """Answer 404 to every path that does not collect, where there are no pages."""
    if scope["type"] != "http":
        return
    await _send(answers.NOT_FOUND, send)


async def _send(answer: Answer, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})
