"""What strangers make a worker use goes back to the system when they are gone."""

import contextlib
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.collector.other_limits import with_limits
from tests.heapadmin.running import eventually
from tests.servers import CollectingServer, served_database

pytestmark = pytest.mark.timeout(180)
LIMITS = {"heapadmin.memory.LOOK_SECONDS": 0.5}
CONNECTIONS = 100
BODY_BYTES = 2**20
HELD_BYTES = 60 * 2**20  # at least, of these 100 MiB: the test would mean nothing otherwise
LEFT_BYTES = 40 * 2**20  # beside what a worker has when it has answered a little


@pytest.fixture(scope="module")
def server(django_db_setup, django_db_blocker, tmp_path_factory):
    with served_database(django_db_blocker) as url:
        folder = tmp_path_factory.mktemp("memory")
        server = CollectingServer(url, folder, with_limits(LIMITS, pages=True), workers=1, DEBUG="on").start()
        yield server
        server.kill()


@pytest.fixture(scope="module")
def worker(server):
    """A worker that has answered everything once, as one that has run for a while."""
    hold_bodies(server, 2, lambda: None)
    send_wide_json(server, 2)
    time.sleep(2)
    return psutil.Process(server.worker_pids()[0])


def used(worker):
    return worker.memory_info().rss


def hold_bodies(server, count, meanwhile):
    """Send `count` bodies to pages, each but for its last byte, from several addresses; then go away."""
    with contextlib.ExitStack() as stack:
        for number in range(count):
            client = stack.enter_context(socket.socket())
            client.bind((f"127.0.0.{2 + number % 20}", 0))
            client.connect(("127.0.0.1", server.port))
            client.settimeout(30)
            head = f"POST /login/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {BODY_BYTES}\r\n\r\n"
            client.sendall(head.encode() + b"x" * (BODY_BYTES - 1))
        return meanwhile()


def send_wide_json(server, count):
    """Send bodies that take fifty times as much when they are read."""
    body = json.dumps({"app_id": "0", "events": [{}] * (BODY_BYTES // 5)}, separators=(",", ":")).encode()[:BODY_BYTES]
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda _: server.post("/api/track", body).status, range(count)))


def test_bodies_that_are_held_back_are_forgotten_with_their_connections(server, worker):
    before = used(worker)

    held = hold_bodies(server, CONNECTIONS, lambda: eventually(lambda: used(worker) - before > HELD_BYTES))

    assert held
    assert eventually(lambda: used(worker) - before < LEFT_BYTES), (before, used(worker))


def test_what_json_takes_when_it_is_read_goes_back(server, worker):
    before = used(worker)

    assert set(send_wide_json(server, 40)) == {400}

    assert eventually(lambda: used(worker) - before < LEFT_BYTES), (before, used(worker))
