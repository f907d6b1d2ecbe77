"""gunicorn's ASGI worker, whose connections are mended in two places.

- What comes before the last request is put away waits in that request's parser, which keeps 64 KiB of it. When it was
  more, the connection was closed without an answer. That hit senders of large bodies, since they are often ahead: they
  have read the answer before the event loop comes round.
- Nothing bounded how long the headers of a connection's first request may take.

docs/decisions/mended-connections.md says how that was seen, and what it costs.
"""

from asyncio import BaseTransport

from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers import gasgi

FIRST_HEADERS_SECONDS = 20
KEPT_BYTES = 2**16  # by the parser, of what comes after a request


class Connection(ASGIProtocol):
    """One connection, with the bytes that came too early for the parser in `_early`."""

    def __init__(self, worker: "Worker") -> None:
        super().__init__(worker)
        self._early = b""
        self._room = KEPT_BYTES  # how much of what comes too early the parser keeps, at least

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        # The timer of idle connections: it ends when headers are complete, and later requests start it anyway.
        self._keepalive_handle = self.worker.loop.call_later(FIRST_HEADERS_SECONDS, self._keepalive_timeout)

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), KEPT_BYTES):
            self._receive(data[start : start + KEPT_BYTES])

    def _receive(self, data: bytes) -> None:
        if not self._is_early():
            self._room = KEPT_BYTES
        if self._early or len(data) > self._room:
            self._early += data
            self._pause_reading()
        elif not self._closed:
            self._room -= len(data)
            super().data_received(data)

    def _is_early(self) -> bool:
        """Whether a request is complete that has not been put away."""
        parser = self._callback_parser
        return parser is not None and parser.is_complete and self._websocket is None

    def _maybe_resume_reading(self) -> None:
        """What came too early is enough to hold."""
        if not self._early:
            super()._maybe_resume_reading()

    def _resume_reading(self) -> None:
        """Called when the last request is put away; the parser is ready before the event loop's next turn."""
        if self._early:
            self.worker.loop.call_soon(self._receive_early)
        else:
            super()._resume_reading()

    def _receive_early(self) -> None:
        early, self._early = self._early, b""
        super()._resume_reading()
        if early and not self._closed:
            self.data_received(early)


class Worker(gasgi.ASGIWorker):
    """The worker that makes such connections."""


# What is known of the parser in C is kept with the class that looks for it first; gunicorn asks its own class.
ASGIProtocol._check_h1c_protocol_available()
gasgi.ASGIProtocol = Connection
