"""Difficult connections: clients that send ahead, are slow, or never finish."""

import contextlib
import json
import re
import socket

import pytest

LARGE = 200_000  # bytes: more than is read ahead of an answer


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
    while received.count(b"HTTP/1.1 ") < count or not is_whole(received):
        got = connection.recv(65536)
        if not got:
            break
        received += got
    heads = received.split(b"HTTP/1.1 ")[1:]
    return [(int(head[:3]), head.split(b"\r\n\r\n", 1)[-1]) for head in heads]


def is_whole(received):
    """Whether the last answer's body has come too: it may travel behind its head."""
    head, end, body = received.rpartition(b"HTTP/1.1 ")[2].partition(b"\r\n\r\n")
    return bool(end) and len(body) == int(re.search(rb"(?i)content-length: (\d+)", head)[1])


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


def test_a_url_that_is_too_long_is_414(connection):
    connection.sendall(b"GET /h?" + b"a=1&" * 3_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")

    received = connection.recv(65536)

    assert received.startswith(b"HTTP/1.1 414 ")
    assert b"access-control-allow-origin: *" in received.lower()


@pytest.mark.parametrize("nonsense", [b"nonsense\r\n\r\n", b"GET /h?" + b"a" * 9_000], ids=["none", "a long URL"])
def test_a_request_that_cannot_be_read_answers_for_no_other(server, environment, connection, nonsense):
    connection.sendall(request(environment, "E1") + request(environment, "E2") + nonsense)

    assert answers(connection, 2) == [(200, b"OK")] * 2
    assert server.events(environment) == [("E1",), ("E2",)]


def test_many_small_requests_sent_ahead_are_all_answered(connection):
    connection.sendall(b"OPTIONS /h HTTP/1.1\r\nHost: x\r\n\r\n" * 500)

    received = b""
    while received.count(b"HTTP/1.1 2") < 500:
        received += connection.recv(65536) or pytest.fail(received[-200:])


def test_nothing_says_what_serves(server):
    for path in ("/healthz", "/api/track", "/login/login/"):
        assert "Server" not in server.request("GET", path).headers


def refused(connection):
    """Whether the connection ended, with a 4xx or without: unread data can make the client lose the answer."""
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
