"""A WSGI application under an ASGI server, in a few threads. What it streams ends when its client goes.

Who does not read keeps a thread, but not the turn of anybody else; and not for long: the connection ends then
(heapadmin/connections.py), and the client counts as gone. docs/decisions/slow-readers.md
"""

import asyncio
import contextvars
import io
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import Any

from common.asgi_types import AsgiMessage, AsgiScope, Receive, Send
from heapadmin.page_turns import PageTurns, Sender

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

PIECE_BYTES = 2**16  # handed to the event loop at once; one row of a CSV each would take a turn of the loop
GATHER_SECONDS = 0.2
PROMPT_SECONDS = 0.25  # a client that has not taken a piece by then makes its thread step aside
MOST_ASIDE = 8
OF_ITS_OWN = {b"content-length": "CONTENT_LENGTH", b"content-type": "CONTENT_TYPE"}


class ReaderGone(Exception):
    """The client will read nothing more."""


class Turns:
    """Whose thread may compute. One that waits for its client to read gives up its turn meanwhile."""

    def __init__(self, count: int) -> None:
        self.turns = PageTurns(count)
        self._lock = threading.Lock()
        self._aside: list[Future[None]] = []

    def wait(self, taken: Future[None], loop: asyncio.AbstractEventLoop, sender: Sender) -> None:
        """In a thread of `sender`: until the client has taken a piece.

        Raises ReaderGone when the client is, and where too many wait like that: who has not read for longest has to go.
        """
        try:
            taken.result(PROMPT_SECONDS)
            return
        except CancelledError:
            raise ReaderGone from None
        except NotYet:
            self._step_aside(taken)
        loop.call_soon_threadsafe(self.turns.give_back, sender)
        try:
            taken.result()
        except CancelledError:
            raise ReaderGone from None
        finally:
            with self._lock:
                if taken in self._aside:
                    self._aside.remove(taken)
            asyncio.run_coroutine_threadsafe(self.turns.take(sender), loop).result()

    def _step_aside(self, taken: Future[None]) -> None:
        with self._lock:
            self._aside.append(taken)
            longest = self._aside.pop(0) if len(self._aside) > MOST_ASIDE else None
        if longest is not None:
            longest.cancel()


class Bridge:
    """Runs `application` in threads of its own, so many at once."""

    def __init__(self, application: Application, threads: int) -> None:
        self.application = application
        self.turns = Turns(threads)
        self.threads = ThreadPoolExecutor(threads + MOST_ASIDE, thread_name_prefix="pages")

    async def __call__(self, scope: AsgiScope, body: bytes, receive: Receive, send: Send, sender: Sender) -> None:
        """Answer the request of `scope`, whose body is complete; `receive` tells when its client goes."""
        loop = asyncio.get_running_loop()
        answer = PageAnswer(loop, send, self.turns, sender, with_body=scope["method"] != "HEAD")
        watching = loop.create_task(_watch(receive, answer))
        try:
            await self.turns.turns.take(sender)
            try:
                if not answer.is_gone:  # while the request waited for its turn
                    run = contextvars.copy_context().run
                    await loop.run_in_executor(self.threads, run, answer.make, self.application, environ(scope, body))
            finally:
                self.turns.turns.give_back(sender, answer.seconds)
        finally:
            answer.end()  # should this task be cancelled, the thread ends too
            watching.cancel()


async def _watch(receive: Receive, answer: "PageAnswer") -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    answer.end()


class PageAnswer:
    """One answer on its way from a thread to the event loop, which takes piece after piece."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, send: Send, turns: Turns, sender: Sender, *, with_body: bool
    ) -> None:
        self.is_gone = False  # set in the event loop, read in the thread
        self.seconds = 0.0  # that a processor worked for it
        self._sender = sender
        self._loop = loop
        self._turns = turns
        self._send = send
        self._with_body = with_body
        self._start: AsgiMessage | None = None
        self._gathered = bytearray()
        self._flushed_at = 0.0
        self._taken: Future[None] | None = None

    def end(self) -> None:
        """In the event loop: nothing more is sent, and nobody waits for what is being sent."""
        self.is_gone = True
        if self._taken is not None:
            self._taken.cancel()

    def make(self, application: Application, environ: Environ) -> None:
        """In a thread: run `application` and send what it gives, to its end or to the client's. Always closes it."""
        began = time.thread_time()
        try:
            self._make(application, environ)
        finally:
            self.seconds = time.thread_time() - began

    def _make(self, application: Application, environ: Environ) -> None:
        pieces = application(environ, self.start_response)
        try:
            for piece in pieces:
                self._add(piece)
                if not self._with_body:
                    break
            self._flush(more=False)
        except ReaderGone:
            return
        finally:
            if hasattr(pieces, "close"):
                pieces.close()

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., None]:
        """WSGI's; the head is sent with the first bytes of the body, so an error until then may replace it."""
        if exc_info and self._start is None and self._flushed_at:
            raise exc_info[1].with_traceback(exc_info[2])
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self._start = {"type": "http.response.start", "status": int(status.split(" ", 1)[0]), "headers": encoded}
        return self._add

    def _add(self, piece: bytes) -> None:
        if self.is_gone:
            raise ReaderGone
        self._gathered += piece
        if len(self._gathered) >= PIECE_BYTES or time.monotonic() - self._flushed_at > GATHER_SECONDS:
            self._flush(more=True)

    def _flush(self, *, more: bool) -> None:
        """Send what is gathered; returns when the loop has room for more. Raises ReaderGone."""
        if self.is_gone:
            raise ReaderGone
        body = bytes(self._gathered) if self._with_body else b""
        self._gathered.clear()
        start, self._start = self._start, None
        self._taken = asyncio.run_coroutine_threadsafe(self._hand_over(start, body, more), self._loop)
        self._turns.wait(self._taken, self._loop, self._sender)
        self._flushed_at = time.monotonic()

    async def _hand_over(self, start: AsgiMessage | None, body: bytes, more: bool) -> None:
        if start is not None and not self.is_gone:
            await self._send(start)
        for at in range(0, max(len(body), 1), PIECE_BYTES):
            if self.is_gone:
                return
            piece = body[at : at + PIECE_BYTES]
            is_last = not more and at + PIECE_BYTES >= len(body)
            await self._send({"type": "http.response.body", "body": piece, "more_body": not is_last})


def environ(scope: AsgiScope, body: bytes) -> Environ:
    """What WSGI calls the request. Bytes that are not ASCII stand for themselves, as Latin-1."""
    server = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    made: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("ascii"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 0),
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        key = OF_ITS_OWN.get(name) or "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
        text = value.decode("latin-1")
        made[key] = f"{made[key]},{text}" if key in made else text
    return made
