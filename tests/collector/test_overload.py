"""Limits of a worker: it does not wait for senders that never finish, and refuses more than it can hold."""

import http.client
import select
import socket
import time

import psycopg
import pytest

from tests.collector.other_limits import with_limits
from tests.collector.sending import RETRY_SECONDS, Load
from tests.servers import CollectingServer, conninfo_of, served_database

HOLDS = 3  # events that may wait for their turn
SENDERS = 5 * HOLDS  # two lanes write up to HOLDS events each, as many wait: some are left over
LIMITS = {
    "collector.asgi.BODY_SECONDS": 1.0,
    "heapadmin.connections.FIRST_HEADERS_SECONDS": 1.0,
    "events.queue.CAPACITY_RECORDS": HOLDS,
}
DRIPS = 1_000  # far more than fit into a second, and fewer than complete a request
HEAD = b"POST /api/track HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
GOOD = {"identity": "a", "event": "E"}


@pytest.fixture(scope="module")
def small_server(django_db_setup, django_db_blocker, tmp_path_factory):
    with served_database(django_db_blocker) as url:
        server = CollectingServer(
            url,
            tmp_path_factory.mktemp("small"),
            with_limits(LIMITS),
            workers=1,
            GUNICORN_CMD_ARGS="--keep-alive=1",  # the time for the headers of later requests
        ).start()
        yield server
        server.stop()


@pytest.fixture
def server(small_server, django_db_blocker):
    with django_db_blocker.unblock():
        yield small_server


@pytest.fixture
def environment(server):
    return server.make_environment()


@pytest.fixture
def connection(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        yield connection


def drip(connection):
    """Send a byte now and then until the server has something to say; all that it says."""
    for _ in range(DRIPS):
        if select.select([connection], [], [], 0.02)[0]:
            break
        connection.sendall(b"x")
    return b"".join(received(connection))


def received(connection):
    """Until the end, however it comes: what was sent and not read makes it a reset."""
    try:
        while got := connection.recv(65536):
            yield got
    except ConnectionResetError:
        pass


@pytest.mark.parametrize(
    "framing",
    [b"Content-Length: 100000\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\nffff\r\n{"],
    ids=["length", "chunks"],
)
def test_a_body_that_drips_is_answered_408_and_the_connection_ends(server, environment, connection, framing):
    connection.sendall(HEAD + framing)

    head, body = drip(connection).split(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in head.lower()
    assert b"access-control-allow-origin: *" in head.lower()
    assert body == b"Request Timeout\nthe body did not arrive in time\n"
    assert server.post("/api/track", GOOD | {"app_id": environment.app_id}).body == b"OK"


def test_a_body_that_never_begins_is_answered_408(connection):
    connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n")

    assert b"".join(received(connection)).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("earlier", [0, 1], ids=["the first request", "a later one"])
def test_headers_that_drip_are_cut_off_without_an_answer(server, environment, connection, earlier):
    for _ in range(earlier):
        connection.sendall(b"POST /api/track HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        with http.client.HTTPResponse(connection) as answer:
            answer.begin()
            assert (answer.status, answer.read()) == (400, b"Bad Request\nthe body is empty\n")
    connection.sendall(HEAD + b"X-Pad: ")

    assert drip(connection) == b""
    assert server.post("/api/track", GOOD | {"app_id": environment.app_id}).body == b"OK"


def test_an_idle_connection_ends_and_one_in_use_does_not(connection):
    """In use for twice the time that one may be idle."""
    until = time.monotonic() + 2
    while time.monotonic() < until:
        connection.sendall(b"POST /api/track HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        with http.client.HTTPResponse(connection) as answer:
            answer.begin()
            assert (answer.status, answer.read()) == (400, b"Bad Request\nthe body is empty\n")

    assert b"".join(received(connection)) == b""  # or it waits for a minute, and fails


def test_what_does_not_fit_into_a_full_queue_is_refused_and_taken_again_afterwards(server, environment):
    with Load(server, environment.app_id, retrying=True, senders=SENDERS) as load:
        load.wait_for_more(2 * SENDERS)
        with psycopg.connect(conninfo_of(server.url)) as other:
            other.execute("lock table events in share mode")  # may be read, not written
            refused = until_refused(server, environment, "too much waits to be stored")
        load.wait_for_more(2 * SENDERS)

    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["access-control-allow-origin"] == "*"
    assert "Retry-After" in refused.headers["access-control-expose-headers"]
    assert load.refused == {503}
    load.check(environment)


def until_refused(server, environment, why):
    """The answer to a request that is refused for this reason. One that waits in the queue is refused for another."""
    for _ in range(20):
        answer = server.post("/api/track", GOOD | {"app_id": environment.app_id})
        if answer.status == 503 and why in answer.text:
            return answer
        time.sleep(5 * RETRY_SECONDS)  # let others fill the place that this request has just left
    raise AssertionError(answer.text)
