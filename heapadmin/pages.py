"""Pages under an ASGI worker: Django's WSGI handler in a few threads of its own.

Django's own ASGI handler starts a thread and opens a database connection for every request; threads that stay keep
theirs. docs/decisions/one-port.md has the figures. What a WSGI handler cannot bear is dealt with here, in the event
loop: slow clients, names of headers that would be mistaken for others, bytes that are not ASCII.
"""

import asyncio
import sys
from collections.abc import Sequence
from urllib.parse import quote_from_bytes

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from collector.request.client_address import TrustedProxies, client_address
from common.asgi_types import AsgiScope, Receive, Send
from common.database import use_pooler
from heapadmin.held_bodies import HeldBodies, TooMuchHeld
from heapadmin.page_limits import limit_statements
from heapadmin.page_turns import Sender, sender_of
from heapadmin.wsgi_bridge import Bridge
from support.status.paths import JSON, PAGE

THREADS = 8  # per worker: pages wait for the database more than they compute
SWITCH_SECONDS = 0.0005  # a page's thread lets the collector compute so soon; Python's own 5 ms are ten times that
STATUS_THREADS = 2  # of its own, for the status page: the other threads may all wait for a database that hangs
STATUS_PATHS = (PAGE, JSON)
MOST_BODY_BYTES = 10 * 2**20  # of a form; PostgreSQL backups and the like never come this way
BODY_SECONDS = 30.0
FRAMING = (b"content-length", b"transfer-encoding")
AGAIN = ((b"retry-after", b"5"),)
QUERY_SAFE = "".join(map(chr, range(0x21, 0x7F)))


class BodyTooLarge(Exception):
    """The client sends more than a page's form may hold."""


class ClientGone(Exception):
    """The client went away before its request was complete."""


class Pages:
    """An ASGI app: every page. Reads a request completely before it takes one of the threads."""

    def __init__(self) -> None:
        use_pooler()
        limit_statements()
        sys.setswitchinterval(SWITCH_SECONDS)
        self.trusted = TrustedProxies.parse(settings.TRUSTED_PROXIES)
        self.held = HeldBodies()
        application = get_wsgi_application()
        self.bridge = Bridge(application, THREADS)
        self.status_bridge = Bridge(application, STATUS_THREADS)

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        peer = scope["client"]
        address = client_address(peer and peer[0], scope["headers"], self.trusted)
        sender = sender_of(address, scope["headers"], scope["path"])
        body = ArrivingBody(self.held, sender.address)
        try:
            await self._answer(scope, body, receive, send, sender)
        finally:
            body.forget()

    async def _answer(
        self, scope: AsgiScope, body: "ArrivingBody", receive: Receive, send: Send, sender: Sender
    ) -> None:
        try:
            whole = await asyncio.wait_for(body.read(receive), BODY_SECONDS)
        except ClientGone:
            return
        except TimeoutError:
            await _refuse(send, 408, b"The request did not arrive in time.\n")
            return
        except BodyTooLarge:
            await _refuse(send, 413, b"The request is too large.\n")
            return
        except TooMuchHeld:
            await _refuse(send, 503, b"Too much is being sent at once. Please try again in a moment.\n", AGAIN)
            return
        bridge = self.status_bridge if scope["path"] in STATUS_PATHS else self.bridge
        if bridge.turns.turns.is_full_of(sender):
            await _refuse(send, 503, b"Too many requests of your network wait. Please try again in a moment.\n")
            return
        await bridge(_plain(scope, len(whole)), whole, receive, send, sender)


class ArrivingBody:
    """The body of one request from `address`, counted as long as it is held."""

    def __init__(self, held: HeldBodies, address: str) -> None:
        self._held, self._address, self._size = held, address, 0

    async def read(self, receive: Receive) -> bytes:
        """All of it. Raises BodyTooLarge, TooMuchHeld or ClientGone."""
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            piece = message.get("body", b"")
            if len(body) + len(piece) > MOST_BODY_BYTES:
                raise BodyTooLarge
            self._held.grow(self._address, len(body), len(body) + len(piece))
            body += piece
            self._size = len(body)
            if not message.get("more_body", False):
                return bytes(body)

    def forget(self) -> None:
        self._held.release(self._address, self._size)


def _plain(scope: AsgiScope, body_bytes: int) -> AsgiScope:
    """`scope` without what WSGI would misread.

    `X_Forwarded_For` and `X-Forwarded-For` are one name there, so names with an underscore go. Raw bytes in the
    query are escaped. The body's length is the true one, also when it came in chunks.
    """
    headers = [(name, value) for name, value in scope["headers"] if b"_" not in name and name not in FRAMING]
    headers.append((b"content-length", str(body_bytes).encode()))
    query = quote_from_bytes(scope["query_string"], safe=QUERY_SAFE).encode()
    return {**scope, "headers": headers, "query_string": query}


async def _refuse(send: Send, status: int, words: bytes, more: Sequence[tuple[bytes, bytes]] = ()) -> None:
    headers = [
        *more,
        (b"content-type", b"text/plain"),
        (b"content-length", str(len(words)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words})
