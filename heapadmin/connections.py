"""gunicorn's worker: uvicorn's, with connections that end when their client stops reading or never comes to the point.

uvicorn bounds neither the size of a request's head nor the time it takes, and waits for ever for a client to read.
docs/decisions/uvicorn-worker.md says what was tried instead, and what this costs.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Sized
from typing import Any

from uvicorn.protocols.http import httptools_impl
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn_worker import UvicornWorker

from heapadmin import open_files
from heapadmin.reload import successor
from heapadmin.whole_answers import Cycle

FIRST_HEADERS_SECONDS = 20  # later ones have as long as an idle connection: gunicorn's setting keepalive
GIVE_WAY = signal.SIGUSR2  # to a worker whose successor serves
READING_SECONDS = 30  # without the client's taking what it was sent
STOP_SECONDS = 20  # for answers under way; what is left of gunicorn's graceful_timeout is for the last commits
MOST_URL_BYTES = 8190  # beacons come in URLs
MOST_HEADERS = 100
MOST_HEADER_BYTES = 8190
MOST_HEAD_BYTES = 2**16  # that wait for the end of their head
MOST_AHEAD = 1_000  # requests sent before the answer to the first
REFUSAL = (
    b"HTTP/1.1 %b\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
    b"Access-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n%b\n"
)

httptools_impl.RequestResponseCycle = Cycle  # which one it makes is no setting of uvicorn


class BadHead(Exception):
    """A request's head is larger than any client's."""


class Flow(FlowControl):
    """Reads nothing more while requests wait for their turn: else each one answered would let in another thousand."""

    def __init__(self, transport: asyncio.Transport, ahead: Sized) -> None:
        super().__init__(transport)
        self._ahead = ahead

    def resume_reading(self) -> None:
        if self.read_paused and not self._ahead:
            super().resume_reading()


class Connection(HttpToolsProtocol):
    """One connection, with a deadline for each head and for the client's reading.

    Once `gives_way` is set, for all, another worker serves. Each connection then ends with its next answer, which says
    so, or when it has been idle for as long as it may be at any time: so none is cut off that is not cut off otherwise.
    """

    gives_way = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.flow = Flow(transport, self.pipeline)
        self.url = b""
        self._head_began = False
        self._head_bytes = 0
        self._is_long = False  # whether a head that ends now may hold a long header
        seconds = self.timeout_keep_alive if self.gives_way else FIRST_HEADERS_SECONDS
        self._head_timer: asyncio.TimerHandle | None = self.loop.call_later(seconds, self._end_of_head)
        self._reading_timer: asyncio.TimerHandle | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._idle_since = 0.0  # by the loop's time

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for timer in (self._head_timer, self._reading_timer, self._idle_timer):
            if timer is not None:
                timer.cancel()

    # --- Heads --------------------------------------------------------------------------------------------------------
    def data_received(self, data: bytes) -> None:
        self._is_long = self._head_began or len(data) > MOST_HEADER_BYTES
        super().data_received(data)
        if self.cycle is not None and self.cycle.more_body:  # its body may never begin: the application's time runs
            self.cycle.message_event.set()
        if self._head_began:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("")
        if self._head_timer is None and (self._head_began or self._is_idle()):
            self._head_timer = self.loop.call_later(self.timeout_keep_alive, self._end_of_head)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_began = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """Raises BadHead, which makes the parser give up: `send_400_response` is next."""
        if (
            len(self.url) > MOST_URL_BYTES
            or len(self.headers) > MOST_HEADERS
            or (self._is_long and any(len(value) > MOST_HEADER_BYTES for _, value in self.headers))
            or len(self.pipeline) > MOST_AHEAD
        ):
            raise BadHead
        self._head_began = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        super().on_headers_complete()
        if b"#" in self.url:  # for uvicorn the query ends there; those who send it mean a part of it
            self.scope["query_string"] = self.url.partition(b"?")[2]
        if self.gives_way:
            self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read, once complete requests before it are answered: it must not answer for them."""
        cycle = self.cycle
        if not self._is_idle() and not cycle.more_body:
            cycle.keep_alive = False
            self.flow.pause_reading()
            return
        if self._is_idle() or not (self.pipeline or cycle.response_started):
            status = b"414 URI Too Long" if len(self.url) > MOST_URL_BYTES else b"400 Bad Request"
            self.transport.write(REFUSAL % (status, len(status) + 1, status))
        self._close()

    def _end_of_head(self) -> None:
        """Close, unless an earlier request's answer is under way."""
        self._head_timer = None
        if self._is_idle():
            self._close()
        else:
            self._head_timer = self.loop.call_later(self.timeout_keep_alive, self._end_of_head)

    def shutdown(self) -> None:
        if not self.gives_way:
            super().shutdown()
        elif self.cycle is None:  # it may have sent a request that is still on its way
            if self._head_timer is not None:
                self._head_timer.cancel()
            self._head_timer = self.loop.call_later(self.timeout_keep_alive, self._end_of_head)
        elif not self.cycle.response_started:
            self.cycle.keep_alive = False

    def _is_idle(self) -> bool:
        return self.cycle is None or (self.cycle.response_complete and not self.pipeline)

    # --- The client's reading -----------------------------------------------------------------------------------------
    def pause_writing(self) -> None:
        super().pause_writing()
        self._start_reading_timer()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._reading_timer is not None and not self.transport.is_closing():
            self._reading_timer.cancel()
            self._reading_timer = None

    def on_response_complete(self) -> None:
        if self.transport.is_closing() or self.pipeline:
            super().on_response_complete()
            if self.transport.is_closing():
                self._start_reading_timer()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._end_of_idling)

    def _end_of_idling(self) -> None:
        """Close, or wait on. One timer for all answers: uvicorn's, one for each, cost a twentieth of a request."""
        self._idle_timer = None
        if self._head_began or not self._is_idle():
            return  # the timer of the head, or the next answer, goes on
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._idle_timer = self.loop.call_later(left, self._end_of_idling)
        else:
            self._close()

    def _close(self) -> None:
        """Once the client has read what it was sent; it may not, so that has an end too."""
        self.transport.close()
        self._start_reading_timer()

    def _start_reading_timer(self) -> None:
        if self._reading_timer is None:
            self._reading_timer = self.loop.call_later(READING_SECONDS, self.transport.abort)


class Worker(UvicornWorker):
    """The worker with such connections."""

    CONFIG_KWARGS: dict[str, Any] = {
        "loop": "uvloop",
        "http": Connection,
        "ws": "none",
        "lifespan": "on",  # a worker that cannot set up its batch writer must not serve
        "proxy_headers": False,  # the client's address is decided by TRUSTED_PROXIES
        "server_header": False,
        "access_log": False,
        "timeout_notify": 1,  # seconds between two calls of callback_notify
        "timeout_graceful_shutdown": STOP_SECONDS,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # anybody can cause its warnings
        self._serves = False

    def _install_sigquit_handler(self) -> None:
        """The first call in the running loop: USR2 is how the worker's successor tells it to end."""
        super()._install_sigquit_handler()
        asyncio.get_running_loop().add_signal_handler(GIVE_WAY, self._give_way)

    def _give_way(self) -> None:
        Connection.gives_way = True
        os.kill(os.getpid(), signal.SIGTERM)

    async def callback_notify(self) -> None:
        """A sign of life for the master; should that have been killed, the port must become free for the next one.

        The first call comes when the worker listens.
        """
        await super().callback_notify()
        if not self._serves:
            self._serves = True
            successor.worker_serves(GIVE_WAY)
        open_files.warn_when_used_up()
        if os.getppid() != self.ppid:
            os.kill(os.getpid(), signal.SIGTERM)
