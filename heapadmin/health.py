"""For load balancers and supervisors: `/healthz` says that the process answers, `/readyz` that the database does too.

Both are public, tell nothing else, and are answered before anything looks at the Host header, so that a probe
may use a bare address. Under ASGI they are answered in the event loop, however long pages keep their threads.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from typing import Any

import psycopg
from django.http import HttpRequest, HttpResponse
from psycopg.conninfo import conninfo_to_dict

from common.asgi_types import App, AsgiScope, Receive, Send
from common.database import conninfo, more_options
from support.status.database import DatabaseCondition, condition_of

DEADLINE_SECONDS = 2.0
FRESH_SECONDS = 1.0  # an answer of the database's holds as long: probes without end cost it one connection a second
STATEMENT_MILLISECONDS = 2000
TIMEOUTS = {
    "connect_timeout": 2,
    "tcp_user_timeout": 5000,
    "application_name": "heapadmin readyz",
}

HEALTHY, NOT_READY = (200, "ok"), (503, "the database does not answer")
Verdict = tuple[int, str]


class DatabaseProbe:
    """Asks the database whether it answers: one question at a time in this process, whoever waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: Future[bool] = Future()
        self._asked.set_result(False)
        self._asked_at = self._answered_at = float("-inf")

    def ask(self) -> tuple[Future[bool], float]:
        """The question, of which a recent one may serve, and for how many seconds to wait for its answer."""
        with self._lock:
            now = time.monotonic()
            if self._asked.done() and now - self._answered_at > FRESH_SECONDS:
                self._asked, self._asked_at = Future(), now
                self._asked.add_done_callback(self._note)
                self._asked.set_running_or_notify_cancel()  # one who gives up waiting does not cancel it for others
                threading.Thread(target=_look, args=(self._asked,), name="readyz", daemon=True).start()
            return self._asked, max(0.0, self._asked_at + DEADLINE_SECONDS - now)

    def _note(self, answered: Future[bool]) -> None:
        self._answered_at = time.monotonic()

    def verdict(self) -> Verdict:
        asked, seconds = self.ask()
        try:
            return HEALTHY if asked.result(seconds) else NOT_READY
        except NotYet:
            return NOT_READY

    async def verdict_in_loop(self) -> Verdict:
        asked, seconds = self.ask()
        done, _ = await asyncio.wait([asyncio.wrap_future(asked)], timeout=seconds)
        return HEALTHY if done and asked.result() else NOT_READY


def _look(asked: Future[bool]) -> None:
    """In a thread, since connecting may resolve a name. A hanging server keeps it; none is started beside it."""
    try:
        parameters: dict[str, Any] = conninfo_to_dict(conninfo()) | TIMEOUTS
        options = more_options(parameters, f"-c statement_timeout={STATEMENT_MILLISECONDS}")
        with psycopg.connect(**parameters | {"options": options, "autocommit": True}) as connection:
            connection.execute("select 1")
    except psycopg.Error as error:  # it has answered if only others hold all its connections, of which we may have some
        asked.set_result(condition_of(error) is DatabaseCondition.FULL_UP)
    except Exception:  # whatever it is, we are not ready
        asked.set_result(False)
    else:
        asked.set_result(True)


probe = DatabaseProbe()


class Health:
    """An ASGI app that answers both and passes everything else on to `others`."""

    def __init__(self, others: App) -> None:
        self.others = others

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/healthz":
            await _send(HEALTHY, send)
        elif scope["path"] == "/readyz":
            await _send(await probe.verdict_in_loop(), send)
        else:
            await self.others(scope, receive, send)


class HealthMiddleware:
    """The same under WSGI. Stands first in MIDDLEWARE."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return _response(HEALTHY)
        if request.path == "/readyz":
            return _response(probe.verdict())
        return self.get_response(request)


def _headers(words: str) -> dict[str, str]:
    return {"Cache-Control": "no-store", "Content-Length": str(len(words) + 1), "Content-Type": "text/plain"}


def _response(verdict: Verdict) -> HttpResponse:
    status, words = verdict
    return HttpResponse(f"{words}\n", status=status, headers=_headers(words))


async def _send(verdict: Verdict, send: Send) -> None:
    status, words = verdict
    headers = [(name.lower().encode(), value.encode()) for name, value in _headers(words).items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{words}\n".encode()})
