"""What clients do to connections: being ahead, being slow, never ending."""

import contextlib
import hashlib
import inspect
import json
import socket

import pytest
from gunicorn.asgi.protocol import ASGIProtocol, BodyReceiver
from gunicorn.workers.gasgi import ASGIWorker

MENDED = "998ca65787811fb8"  # digest of what heapadmin/connections.py was written against
LEANED_ON = [
    *(ASGIProtocol.connection_made, ASGIProtocol.data_received, ASGIProtocol.connection_lost),
    *(ASGIProtocol._pause_reading, ASGIProtocol._resume_reading, ASGIProtocol._maybe_resume_reading),
    *(ASGIProtocol._arm_keepalive_timer, ASGIProtocol._cancel_keepalive_timer, ASGIProtocol._keepalive_timeout),
    *(ASGIProtocol._handle_connection, ASGIProtocol._feed_callback_parser, ASGIProtocol._close_transport),
    *(BodyReceiver._pop_chunk, ASGIWorker._serve),
]
LARGE = 200_000  # bytes: more than the parser keeps of a request that comes too early


@pytest.fixture
def connection(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        yield connection


def request(environment, event, *, pad=0, extra=""):
    body = json.dumps({"app_id": environment.app_id, "identity": "a", "event": event, "pad": "x" * pad})
    head = f"POST /api/track HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nContent-Type: application/json\r\n"
    return (head + extra + "\r\n" + body).encode()


def answers(connection, count):
    """The status and body of so many answers, until the server closes."""
    received = b""
    while received.count(b"HTTP/1.1 ") < count or not received.endswith((b"OK", b"\n")):
        got = connection.recv(65536)
        if not got:
            break
        received += got
    heads = received.split(b"HTTP/1.1 ")[1:]
    return [(int(head[:3]), head.split(b"\r\n\r\n", 1)[-1]) for head in heads]


@pytest.mark.parametrize("pads", [(10, LARGE, 10), (LARGE,) * 5, (900_000, 10, 900_000, 10)], ids=str)
def test_requests_sent_before_the_answer_are_all_answered_in_their_order(server, environment, connection, pads):
    sent = [request(environment, f"E{number}", pad=pad) for number, pad in enumerate(pads)]

    connection.sendall(b"".join(sent))

    assert answers(connection, len(sent)) == [(200, b"OK")] * len(sent)
    assert server.events(environment) == [(f"E{number}",) for number in range(len(sent))]


@pytest.mark.parametrize(
    "head",
    [
        b"GET /h?" + b"a=1&" * 3_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /api/track HTTP/1.1\r\nHost: x\r\nX-Pad: " + b"x" * 200_000 + b"\r\n\r\n",
        b"POST /api/track HTTP/1.1\r\nHost: x\r\n" + b"X-Pad: x\r\n" * 5_000 + b"\r\n",
        b"POST /api/track HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/track HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 100,
    ],
    ids=["a long URL", "a long header", "many headers", "a negative length", "broken chunks", "TLS"],
)
def test_heads_that_no_client_sends_are_refused_and_disturb_nobody(server, environment, connection, head):
    connection.sendall(head)

    assert refused(connection)
    answer = server.post("/api/track", {"app_id": environment.app_id, "identity": "a", "event": "E"})
    assert answer.body == b"OK"


def refused(connection):
    """Whether a 4xx came before the end, or the end alone: what was sent and not read may cost the answer."""
    received = b""
    try:
        while got := connection.recv(65536):
            received += got
    except ConnectionResetError:
        pass
    return not received or received.startswith(b"HTTP/1.1 4")


def test_senders_who_never_finish_keep_nobody_waiting(server, environment):
    """Half of a request's line, of its headers, of its body, over a hundred connections each."""
    whole = request(environment, "Half")
    with contextlib.ExitStack() as stack:
        for cut in (5, 40, len(whole) - 1):
            for _ in range(100):
                slow = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60))
                slow.sendall(whole[:cut])

        answer = server.post("/api/track", {"app_id": environment.app_id, "identity": "a", "event": "E"})

        assert answer.body == b"OK"
    assert server.events(environment) == [("E",)]


def test_gunicorns_connection_is_still_the_one_that_was_mended():
    """When an upgrade makes this fail: read heapadmin/connections.py again beside the new one, then note its digest."""
    sources = "".join(map(inspect.getsource, LEANED_ON))

    assert hashlib.sha256(sources.encode()).hexdigest()[:16] == MENDED
