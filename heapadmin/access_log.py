"""The access log: a line for each request, if ACCESS_LOG is on. Not the probes of /healthz and /readyz.

It names no secret: queries are not told, and of a path the parts are left out that may be one (log_lines.hide_secrets).
A flood fills no disk by it (log_limits.AccessHandler).
"""

import logging
import time
from dataclasses import dataclass, field

from django.conf import settings

from collector.decide import ENDPOINTS
from collector.request.client_address import TrustedProxies, client_address
from collector.request.request_ids import id_of_scope
from common.asgi_types import App, AsgiMessage, AsgiScope, Receive, Send
from common.request_ids import RequestNote, working_for
from heapadmin.log_lines import hide_secrets, in_one_line

PAGES, COLLECTING = logging.getLogger("access.pages"), logging.getLogger("access.collecting")
PROBES = ("/healthz", "/readyz")
MOST_METHOD = 20


@dataclass
class Exchange:
    """One request and what was answered."""

    note: RequestNote
    method: str
    path: str
    client: str
    status: int = 0  # 0: the client went away before there was an answer
    size: int = 0  # bytes of the body, as far as they were sent
    began: float = field(default_factory=time.monotonic)

    def tell(self) -> None:
        """Write the line."""
        fields = {
            "method": in_one_line(self.method, MOST_METHOD),
            "path": hide_secrets(self.path),
            "status": self.status,
            "bytes": self.size,
            "seconds": round(time.monotonic() - self.began, 4),
            "client": self.client,
        }
        words = "{method} {path} {status}, {bytes} bytes in {seconds} s to {client}".format(**fields)
        if self.note.person_id is not None:
            fields["user_id"] = self.note.person_id
            words += f", user {self.note.person_id}"
        (COLLECTING if self.path in ENDPOINTS else PAGES).info("%s", words, extra={"fields": fields})


class AccessLog:
    """An ASGI app around everything that a worker serves."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.trusted = TrustedProxies.parse(settings.TRUSTED_PROXIES)

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        peer = scope.get("client")
        client = client_address(peer and peer[0], scope["headers"], self.trusted)
        note = RequestNote(id_of_scope(scope, self.trusted))
        exchange = Exchange(note, scope["method"], scope["path"], client)

        async def send_and_count(message: AsgiMessage) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
            exchange.size += len(message.get("body", b""))
            await send(message)

        with working_for(note):
            try:
                await self.app(scope, receive, send_and_count)
            finally:
                exchange.tell()


def logged(app: App) -> App:
    """`app` with its access log, or `app` itself: whoever wants none pays nothing."""
    return AccessLog(app) if settings.ACCESS_LOG else app
