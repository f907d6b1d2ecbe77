"""What clients do to connections: being ahead, being slow, never ending."""

import json
import socket

import pytest

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
