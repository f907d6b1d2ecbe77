"""The disk of the database is full: senders are told so little that nobody learns of its inside, the log everything."""

import json

import pytest

from events.faults import Why
from heapadmin.deployment import private_database_url
from heapadmin.postgres import PrivatePostgres
from tests.servers import CollectingServer, manage
from tests.small_disk import small_disk

pytestmark = pytest.mark.timeout(180)
PADDING = "x" * 1_000
REFUSED = 100  # each of them was a line once, or more
LINES = 40
EVENTS = 500  # half a megabyte: more than the tables have room for


@pytest.fixture
def disk():
    with small_disk(200) as disk:
        yield disk


@pytest.fixture
def postgres(disk):
    server = PrivatePostgres(disk.folder / "postgres", durable=False, say=lambda words: None)
    server.start()
    yield server
    server.stop()


def test_a_full_disk_is_answered_in_fixed_words_and_explained_in_the_log(disk, postgres, tmp_path):
    url = private_database_url(disk.folder)
    manage(url, "migrate", "--verbosity=0")
    who = ["--email=a@shop.example", "--password=spring-rain-7", "--account=A"]
    app_id = json.loads(manage(url, "createaccount", *who, "--json"))["environments"][0]["app_id"]
    server = CollectingServer(url, tmp_path, workers=1).collect_static().start()
    try:
        disk.fill()
        events = [{"identity": "a", "event": "E", "properties": {"n": n, "p": PADDING}} for n in range(EVENTS)]

        refused = server.post("/api/track", {"app_id": app_id, "events": events})

        assert refused.status == 503
        assert refused.text == f"Service Unavailable\n{Why.NOT_COMMITTED}\n"
        for path in ("/readyz", "/healthz", "/status.json", "/status/", "/login/login/"):
            answer = server.request("GET", path)
            assert not any(word in answer.text for word in ("base/", "pg_wal", "_pg3_", "No space left"))
        for _ in range(REFUSED):
            assert server.post("/api/track", {"app_id": app_id, "events": events}).status == 503
        log = server.log.read_text()
        assert "No space left on device" in log
        assert len(log.splitlines()) < LINES, log
    finally:
        disk.empty()
        server.stop()
