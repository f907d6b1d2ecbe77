"""Whether we live and are ready, asked of real processes while a real PostgreSQL hangs."""

import contextlib
import http.client
import shutil
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest

from heapadmin import health
from heapadmin.deployment import private_database_url
from heapadmin.postgres import PrivatePostgres
from tests.servers import CollectingServer, manage
from tests.stopped import hanging

SLACK_SECONDS = 2.0  # on a busy machine
PROBES = 40  # far more than there are threads for pages
RUNS = {
    "pages and collector": ("heapadmin.asgi:application", "heapadmin.gunicorn_conf"),
    "the collector alone": ("heapadmin.collector_asgi:application", "heapadmin.gunicorn_conf"),
    "pages in threads": ("heapadmin.wsgi:application", "tests.heapadmin.impatient_threads"),
}


class Server(CollectingServer):
    def has_started(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.request("GET", "/readyz").status == 200
        return False


@pytest.fixture(scope="module")
def postgres():
    folder = Path(tempfile.mkdtemp(prefix="heapadmin-tests-"))  # pytest's own closes itself to the server's user
    server = PrivatePostgres(folder / "postgres", durable=False, say=lambda words: None)
    server.start()
    manage(private_database_url(folder), "migrate", "--verbosity=0")
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module", params=RUNS.values(), ids=RUNS)
def server(request, postgres):
    application, conf = request.param
    folder = postgres.folder.parent
    server = Server(private_database_url(folder), folder, application, workers=1, conf=conf)
    server.collect_static().start()
    yield server
    server.kill()


def timed(server, path):
    began = time.monotonic()
    answer = server.request("GET", path, headers={"Host": "10.1.2.3"}.items())
    return answer.status, time.monotonic() - began


def test_both_are_answered_at_a_bare_address(server):
    assert timed(server, "/healthz")[0] == timed(server, "/readyz")[0] == 200
    answer = server.request("GET", "/healthz")
    assert answer.body == b"ok\n"
    assert answer.headers["Cache-Control"] == "no-store"
    assert server.request("HEAD", "/healthz").body == b""


def test_while_postgresql_hangs_both_are_answered_in_time_however_many_ask(server, postgres):
    time.sleep(health.FRESH_SECONDS)
    found, before = [], open_files(server)
    with hanging(postgres):
        probes = [threading.Thread(target=lambda: found.append(timed(server, "/readyz"))) for _ in range(PROBES)]
        for probe in probes:
            probe.start()
        time.sleep(0.7)
        opened = open_files(server) - before
        alive = timed(server, "/healthz")
        for probe in probes:
            probe.join()

    assert {status for status, _ in found} == {503}
    assert max(seconds for _, seconds in found) < longest(server)
    assert alive[0] == 200
    assert alive[1] < longest(server)
    assert opened < 1.5 * PROBES  # theirs, and not as many again to PostgreSQL
    assert eventually_ready(server)


def longest(server):
    """Threads are eight: whoever waits for one waits for another's deadline."""
    return health.DEADLINE_SECONDS * (2 if "wsgi" in server.application else 1) + SLACK_SECONDS


def open_files(server):
    return sum(psutil.Process(pid).num_fds() for pid in server.worker_pids())


def eventually_ready(server):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if timed(server, "/readyz")[0] == 200:
            return True
        time.sleep(0.2)
    return False


@pytest.mark.django_db
def test_not_ready_without_a_database_and_says_no_more(client, monkeypatch):
    monkeypatch.setattr(health, "probe", health.DatabaseProbe())
    monkeypatch.setattr(health, "conninfo", lambda: "host=/nowhere/at/all password=secret")

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.content == b"the database does not answer\n"
