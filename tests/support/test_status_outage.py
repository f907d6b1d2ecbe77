"""The status page of real workers while a real PostgreSQL stops, hangs and comes back."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from heapadmin.deployment import private_database_url
from heapadmin.postgres import PrivatePostgres
from tests.servers import CollectingServer, manage

IN_TIME = 10.0  # seconds
IN_A_ROW = 20  # so many equal answers in a row come from both workers, each of which has its own page


@pytest.fixture(scope="module")
def postgres():
    folder = Path(tempfile.mkdtemp(prefix="heapadmin-tests-"))  # the server's user cannot read pytest's own folder
    server = PrivatePostgres(folder / "postgres", durable=False, say=lambda words: None)
    server.start()
    url = private_database_url(folder)
    manage(url, "migrate", "--verbosity=0")
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    environment = os.environ | {"DATABASE_URL": url, "DATA_DIR": str(folder)}
    subprocess.run(collect, cwd=settings.BASE_DIR, env=environment, check=True)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def server(postgres):
    server = CollectingServer(private_database_url(postgres.folder.parent), postgres.folder.parent).start()
    yield server
    server.stop()


def told(server):
    answer = server.request("GET", "/status.json")
    assert answer.status == 200
    return json.loads(answer.body)


def seconds_until(server, status):
    """How long it takes until every worker's page says `status`. Each answer must come quickly."""
    started = since = time.monotonic()
    in_a_row = 0
    while in_a_row < IN_A_ROW:
        asked = time.monotonic()
        found = told(server)["status"]
        assert time.monotonic() - asked < 5, "a reader waits"
        if found == status:
            in_a_row += 1
        else:
            in_a_row, since = 0, time.monotonic()
        assert time.monotonic() - started < 3 * IN_TIME, f"it still says {found}"
        time.sleep(0.05)
    return since - started


def test_it_says_down_when_postgresql_stops_and_up_when_it_is_back(server, postgres):
    seconds_until(server, "up")

    postgres.stop()
    down_after = seconds_until(server, "down")
    page = server.request("GET", "/status/", headers={"Cookie": "sessionid=somebody"}.items())
    postgres.start()
    up_after = seconds_until(server, "up")

    assert down_after < IN_TIME and up_after < IN_TIME
    assert page.status == 200
    assert "The database does not answer, so pages cannot be shown." in page.text
    assert "Events are refused with 503, to be sent again." in page.text
    with psycopg.connect(postgres.conninfo()) as connection:
        assert connection.execute("select count(*) from support_sample where state = 2").fetchone()[0] >= 3


def test_it_says_down_when_postgresql_hangs(server, postgres):
    seconds_until(server, "up")

    postgres.process.send_signal(signal.SIGSTOP)
    try:
        assert seconds_until(server, "down") < IN_TIME
    finally:
        postgres.process.send_signal(signal.SIGCONT)

    assert seconds_until(server, "up") < IN_TIME
