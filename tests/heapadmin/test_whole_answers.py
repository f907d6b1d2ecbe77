"""How an answer leaves the worker: one that is whole, in one piece; any other as uvicorn sends it."""

import asyncio

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from heapadmin.connections import Connection

DATE = (b"date", b"Sun, 29 Nov 2026 16:44:30 GMT")
TEXT = ((b"Content-Type", b"text/plain"), (b"content-length", b"2"))
ONE_HEAD = (
    b"HTTP/1.1 200 OK\r\ndate: Sun, 29 Nov 2026 16:44:30 GMT\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n"
)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Recording(asyncio.Transport):
    """Keeps what is written, by piece."""

    def __init__(self):
        super().__init__()
        self.pieces = []
        self.closing = False

    def write(self, data):
        self.pieces.append(bytes(data))

    def is_closing(self):
        return self.closing

    def close(self):
        self.closing = True

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass


def start(headers=TEXT, status=200):
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(content=b"OK", **more):
    return {"type": "http.response.body", "body": content, **more}


def answered(sent, *messages):
    """The pieces written after `sent`, and whether that ends the connection.

    The application answers each request by the messages, or raises them.
    """

    async def app(scope, receive, send):
        await receive()
        for message in messages:
            if isinstance(message, Exception):
                raise message
            await send(message)

    async def run():
        state = ServerState()
        state.default_headers = [DATE]
        transport = Recording()
        connection = Connection(Config(app, lifespan="off", log_config=None), state, {})
        connection.connection_made(transport)
        connection.data_received(sent)
        while state.tasks:
            await asyncio.gather(*state.tasks)
        was_closed = transport.closing
        connection.connection_lost(None)
        return transport.pieces, was_closed

    return asyncio.run(run())


def test_a_whole_answer_is_one_piece():
    assert answered(GET, start(), body()) == ([ONE_HEAD + b"\r\nOK"], False)


def test_each_of_several_requests_gets_its_answer():
    assert answered(GET * 3, start(), body()) == ([ONE_HEAD + b"\r\nOK"] * 3, False)


@pytest.mark.parametrize(
    ("sent", "headers", "bodies"),
    [
        (GET.replace(b"GET", b"HEAD"), TEXT, [body()]),
        (GET.replace(b"Host: x", b"Connection: close"), TEXT, [body()]),
        (GET.replace(b"HTTP/1.1", b"HTTP/1.0"), TEXT, [body()]),
        (GET, (*TEXT, (b"connection", b"close")), [body()]),
        (GET, TEXT[:1], [body()]),
        (GET, TEXT, [body(b"O", more_body=True), body(b"K")]),
        (GET, list(TEXT), [body()]),
    ],
    ids=["HEAD", "close", "HTTP 1.0", "our close", "no length", "in pieces", "a list"],
)
def test_any_other_is_sent_as_uvicorn_does(sent, headers, bodies):
    given = answered(sent, start(headers), *bodies)
    usual = answered(sent, start(list(headers)), *bodies)

    assert given == usual
    assert b"200 OK" in given[0][0]


@pytest.mark.parametrize(
    "messages",
    [
        [start(), RuntimeError("before the body")],
        [start()],
        [start(TEXT), start(TEXT), RuntimeError("twice")],
    ],
    ids=["an error", "no body", "two heads"],
)
def test_an_application_that_fails_before_the_body_is_answered_500(messages):
    pieces, _ = answered(GET, *messages)

    assert pieces[0].startswith(b"HTTP/1.1 500 ")


def test_a_body_of_another_length_ends_the_connection():
    pieces, was_closed = answered(GET, start(), body(b"OK and more"))

    assert was_closed
    assert b"more" not in b"".join(pieces)
