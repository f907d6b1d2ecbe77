"""Sends a whole answer in one piece. uvicorn writes its head and its body apart, and checks each header every time.

A write to a socket costs the worker nearly as much as all that the collector decides for a request.
docs/decisions/uvicorn-worker.md says what this saves.
"""

from functools import lru_cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, STATUS_LINE, RequestResponseCycle

HeaderTuple = tuple[tuple[bytes, bytes], ...]
UVICORNS = frozenset((b"connection", b"transfer-encoding"))  # what these say about the connection, uvicorn has to know
REMEMBERED = 256  # heads: those of the collector's usual answers, for each second's date


class Cycle(RequestResponseCycle):
    """One request and its answer.

    An app that gives the headers as a tuple gives the whole body with the next message: the head waits for that. ASGI
    has heads wait in any case, but pages in pieces gain nothing by it.
    """

    _start: Any = None  # the message with the head that waits

    async def send(self, message: Any) -> None:
        start, self._start = self._start, None
        if start is not None and message["type"] == "http.response.body":
            if self._send_whole(start, message):
                return
            await super().send(start)
        elif type(message.get("headers")) is tuple and not self.response_started:
            self._start = message
            return
        await super().send(message)

    def _send_whole(self, start: Any, message: Any) -> bool:
        """Send an answer, if it is whole and as usual."""
        if not self.keep_alive or self.disconnected or self.flow.write_paused or self.scope["method"] == "HEAD":
            return False
        found = _head(start["status"], (*self.default_headers, *start["headers"]))
        body = message["body"]
        if found is None or found[1] != len(body) or message.get("more_body"):
            return False
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(found[0] + body)
        self.message_event.set()
        self.on_response()
        return True


@lru_cache(maxsize=REMEMBERED)
def _head(status: int, headers: HeaderTuple) -> tuple[bytes, int] | None:
    """The bytes of a head, and the length that it gives its body. None if it is one for uvicorn."""
    if any(HEADER_RE.search(name) or HEADER_VALUE_RE.search(value) for name, value in headers):
        return None
    named = {name.lower(): value for name, value in headers}
    if named.keys() & UVICORNS or b"content-length" not in named:
        return None
    lines = b"".join(b"%b: %b\r\n" % (name.lower(), value) for name, value in headers)
    return STATUS_LINE[status] + lines + b"\r\n", int(named[b"content-length"])
