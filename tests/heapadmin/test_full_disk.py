"""An installation whose disk is full and whose PostgreSQL dies: it stays, says so, and comes back by itself."""

import signal
import time

import pytest

from tests.heapadmin.running import Installation, eventually
from tests.small_disk import small_disk

pytestmark = pytest.mark.timeout(300)
PROMPTLY_SECONDS = 15


@pytest.fixture
def disk():
    with small_disk(400) as disk:
        yield disk


@pytest.fixture
def installation(disk):
    """Its disk is full, and its PostgreSQL is dead."""
    installation = Installation(disk.folder / "data", WEB_WORKERS="1")
    try:
        installation.start()
        disk.fill()
        postmaster(installation).kill()
        assert eventually(lambda: "PostgreSQL does not start" in installation.read())
        yield installation
    finally:
        disk.empty()
        installation.end()


def postmaster(installation):
    return min(installation.processes("bin/postgres"), key=lambda process: process.create_time())


def test_it_goes_on_answering_and_comes_back_when_there_is_room(installation, disk):
    app_id = installation.app_id()
    worker = installation.processes("heapadmin.gunicorn_conf")[-1]
    assert "PostgreSQL does not start: the disk is full" in installation.read()
    assert "Make room" in installation.read()

    assert send(installation, app_id) == 503
    worker.kill()
    assert eventually(lambda: send(installation, app_id) == 503), "a dead worker is not replaced"
    status, page = installation.get("/status/")
    assert (status, "The disk of the database is full." in page) == (200, True)
    time.sleep(10)  # longer than five tries take
    assert installation.process.poll() is None, installation.read()
    assert installation.read().count("PostgreSQL does not start") == 1

    disk.empty()
    assert eventually(lambda: installation.get("/readyz")[0] == 200, seconds=60)
    assert eventually(lambda: send(installation, app_id) == 200)
    assert "PostgreSQL answers again." in installation.read()


def test_asked_to_stop_meanwhile_it_ends_promptly(installation):
    asked = time.monotonic()

    assert installation.stop(signal.SIGTERM) == 0

    assert time.monotonic() - asked < PROMPTLY_SECONDS
    assert installation.processes() == []


def send(installation, app_id):
    return installation.post("/api/track", {"app_id": app_id, "identity": "a", "event": "E"})
