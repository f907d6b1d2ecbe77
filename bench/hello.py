"""The collector and a bare "hello" in the same worker. The "hello" shows the limit that the HTTP server sets."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")

from collector.asgi import from_settings
from common.asgi_types import AsgiScope, Receive, Send

collector = from_settings()
HEADERS = [
    (b"content-type", b"text/plain"),
    (b"content-length", b"2"),
    (b"access-control-allow-origin", b"*"),
]
START: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": HEADERS}
END: dict[str, Any] = {"type": "http.response.body", "body": b"OK"}


async def application(scope: AsgiScope, receive: Receive, send: Send) -> None:
    """Answers `/hello` when the body has arrived. The collector answers everything else."""
    if scope["type"] == "http" and scope["path"] == "/hello":
        await receive()
        await send(START)
        await send(END)
    else:
        await collector(scope, receive, send)
