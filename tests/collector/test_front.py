"""The ASGI front by itself, for what no client over HTTP can bring about soon."""

import asyncio

from collector.asgi import Collector
from collector.request.client_address import TrustedProxies


def test_a_sender_that_never_begins_its_body_is_answered_408():
    """Some servers give it up after a while, and say what they say of clients that have gone."""
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
