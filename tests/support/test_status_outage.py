"""The status page of real workers while a real PostgreSQL stops, hangs and comes back."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from heapadmin.deployment import private_database_url
from heapadmin.postgres import PrivatePostgres
from support.status.verdicts import SILENT_SECONDS
from tests.servers import CollectingServer, manage
from tests.stopped import hanging, resume

IN_TIME = 10.0  # seconds
IN_A_ROW = 20  # so many equal answers in a row come from both workers
PAGES = 40  # more than the threads of both workers, so that all of these wait for the database


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


def seconds_until(server, status, most_seconds=3 * IN_TIME):
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
        assert time.monotonic() - started < most_seconds, f"it still says {found}"
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
    assert "Events would be refused with 503, to be sent again." in page.text
    with psycopg.connect(postgres.conninfo()) as connection:
        assert connection.execute("select count(*) from support_sample where state = 2").fetchone()[0] >= 3


def test_a_postgresql_that_hangs_is_not_known_to_work_and_after_a_while_it_is_down(server, postgres):
    seconds_until(server, "up")

    with hanging(postgres), ThreadPoolExecutor(PAGES) as pool:
        pages = [pool.submit(server.request, "GET", "/login/login/") for _ in range(PAGES)]
        assert seconds_until(server, "not known") < IN_TIME
        words = told(server)["components"]["console"]["reason"]
        down_after = seconds_until(server, "down", most_seconds=SILENT_SECONDS + 2 * IN_TIME)
        page = server.request("GET", "/status/")
        resume(postgres)
        for each in pages:
            each.result()

    assert "it is busy, or hangs" in words and "down" not in words
    assert down_after < SILENT_SECONDS + IN_TIME
    assert "The database has not answered for" in page.text and "so pages cannot be shown" in page.text
    assert seconds_until(server, "up") < IN_TIME
