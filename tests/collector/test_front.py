"""The ASGI front alone, for cases that a client over HTTP cannot cause quickly."""

import asyncio

from collector.asgi import Collector
from collector.request.client_address import TrustedProxies


def test_a_sender_that_never_begins_its_body_is_answered_408():
    """Some servers give up waiting for the body, and report that as a disconnect."""
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    async def ask():
        collector = Collector("host=/nowhere/at/all", TrustedProxies.parse(""))
        collector._started = True
        await collector({"type": "http", "method": "POST", "path": "/api/track", "headers": []}, receive, send)

    asyncio.run(ask())

    assert sent[0]["status"] == 408
