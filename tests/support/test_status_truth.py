"""The status page does not lie: real workers, a real PostgreSQL, and each fault that it once told wrongly."""

import contextlib
import json
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

from collector.counts.last_hour import WRITE_SECONDS
from events.writer import LANES
from heapadmin.deployment import private_database_url
from heapadmin.postgres import PrivatePostgres
from support.status.verdicts import SILENT_SECONDS
from tests.servers import CollectingServer, manage
from tests.small_disk import small_disk
from tests.stopped import hanging
from tests.support.test_status_outage import IN_TIME

pytestmark = pytest.mark.timeout(300)
ASKED = 20  # so many connections reach both workers
SENT = 40
PADDING = "x" * 1_000
LARGE = 300  # events of a kilobyte: more than the tables have room for
LANES_SQL = "select count(*) from pg_stat_activity where application_name = 'heapadmin collector'"
CHECK = """
from django.utils import timezone
from support.status.checks import base_url, check
check(base_url(), timezone.now())
"""


class Prepared:
    """A private PostgreSQL in `folder`, which is the data folder, and an environment in it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.postgres = PrivatePostgres(self.folder / "postgres", durable=False, say=lambda words: None)
        self.postgres.start()
        url = private_database_url(self.folder)
        manage(url, "migrate", "--verbosity=0")
        who = ["--email=a@shop.example", "--password=spring-rain-7", "--account=A"]
        self.app_id = json.loads(manage(url, "createaccount", *who, "--json"))["environments"][0]["app_id"]

    def server(self, application="heapadmin.asgi:application", workers=2, **settings):
        return Server(self, application, workers, **settings)


class Server(CollectingServer):
    def __init__(self, prepared, application, workers, **settings):
        conf = "heapadmin.gunicorn_wsgi_conf" if "wsgi" in application else "heapadmin.gunicorn_conf"
        own = {"DATABASE_URL": "", "DATA_DIR": str(prepared.folder)} | settings
        super().__init__("", prepared.folder, application, workers, conf, **own)
        self.app_id = prepared.app_id
        self.prepared = prepared

    def has_started(self):
        """A WSGI worker that is sent something counts as a collector."""
        if "wsgi" not in self.application:
            return super().has_started()
        with contextlib.suppress(OSError):
            return self.request("GET", "/healthz").status == 200
        return False

    def send(self, times=1, **more):
        """The statuses."""
        event = {"app_id": self.app_id, "identity": "a", "event": "E"} | more
        return [self.post("/api/track", event).status for _ in range(times)]

    def send_to_all(self):
        """Until every worker has all its connections to the database."""
        with ThreadPoolExecutor(SENT) as pool:
            while True:
                assert {statuses[0] for statuses in pool.map(lambda _: self.send(), range(SENT))} == {200}
                with psycopg.connect(self.prepared.postgres.conninfo()) as connection:
                    (lanes,) = connection.execute(LANES_SQL).fetchone()
                if lanes == 2 * LANES:
                    return

    def told(self):
        answer = self.request("GET", "/status.json")
        assert answer.status == 200
        return json.loads(answer.body)

    def told_by_all(self):
        """What each worker tells; asserts that they agree, and that none goes back to what was told before."""
        told = [self.told() for _ in range(ASKED)]
        by_time = {each["taken_at"]: each for each in told}
        assert all(each == by_time[each["taken_at"]] for each in told)
        assert [each["taken_at"] for each in told] == sorted(each["taken_at"] for each in told)
        return told[-1]

    def until_told(self, component, status, seconds=IN_TIME, **more):
        """What every worker tells of the component, once that has this status, and `more`."""
        deadline = time.monotonic() + seconds
        expected = {"status": status} | more
        while not expected.items() <= (found := self.told_by_all()["components"][component]).items():
            assert time.monotonic() < deadline, found
            time.sleep(0.2)
        return found

    def check(self):
        """As the jobs' worker does every minute."""
        command = [sys.executable, "manage.py", "shell", "-c", CHECK]
        subprocess.run(command, cwd=settings.BASE_DIR, env=self.environment, check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def running(server):
    server.collect_static().start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def prepared():
    folder = Path(tempfile.mkdtemp(prefix="heapadmin-tests-"))  # the server's user cannot read pytest's own folder
    prepared = Prepared(folder)
    yield prepared
    prepared.postgres.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def nothing_measured(request):
    """What the test before counted and measured is gone."""
    if "prepared" in request.fixturenames:
        prepared = request.getfixturevalue("prepared")
        for name in ("status", "last_hour"):
            (prepared.folder / name).unlink(missing_ok=True)
        with psycopg.connect(prepared.postgres.conninfo()) as connection:
            connection.execute("truncate support_sample, support_day")


@pytest.fixture
def server(prepared):
    with running(prepared.server()) as server:
        yield server


def status_of(found):
    return {name: part["status"] for name, part in found["components"].items()}


def test_on_a_full_disk_it_says_how_many_were_refused():
    with small_disk(250) as disk:
        prepared = Prepared(disk.folder)
        try:
            with running(prepared.server()) as server:
                large = {"events": [{"identity": "a", "event": "E", "properties": {"p": PADDING}}] * LARGE}
                assert server.send(3) == [200] * 3
                server.until_told("collection", "up")

                disk.fill()
                refused = [each for each in server.send(SENT, **large) if each == 503]
                assert len(refused) == SENT
                down = server.until_told("collection", "down", 2 * IN_TIME)

                assert f"{SENT} of {SENT + 3} requests of the last minute were refused with 503" in down["reason"]
                assert "The disk of the database is" in down["reason"]
                assert server.told()["components"]["console"]["status"] != "up"

                disk.empty()
                assert server.send(1) == [200]
                better = server.until_told("collection", "degraded")
                assert "The latest were accepted." in better["reason"] and "disk" not in better["reason"]
        finally:
            disk.empty()
            prepared.postgres.stop()


def test_with_all_connections_used_up_it_says_that_and_not_that_collection_is_down(server, prepared):
    server.send_to_all()
    server.until_told("collection", "up")

    with contextlib.ExitStack() as stack:
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                stack.enter_context(contextlib.closing(psycopg.connect(prepared.postgres.conninfo())))
        assert set(server.send(SENT)) == {200}
        console = server.until_told("console", "degraded")
        collection = server.told()["components"]["collection"]
        ready = server.request("GET", "/readyz")

    assert console["reason"] == "All connections of the database are in use. Pages may fail."
    assert (collection["status"], collection["reason"]) == ("up", "")
    assert (ready.status, ready.text) == (200, "ok\n")
    server.until_told("console", "up")


def test_two_workers_tell_the_same_whatever_happens(server, prepared):
    server.until_told("collection", "up")
    for change in (prepared.postgres.stop, prepared.postgres.start):  # which ends with the thread that starts it
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(lambda: [server.told_by_all() for _ in range(6) if not time.sleep(1)])
            change()
            told = [status_of(each) for each in asked.result()]
        assert {status for each in told for status in each.values()} <= {"up", "down", "not known"}
    assert len(server.worker_pids()) == 2


def test_a_database_that_is_too_busy_for_a_look_is_not_told_as_dead(server, prepared):
    """Its first process is stopped: new sessions wait without end, while the collector's go on."""
    server.send_to_all()
    server.until_told("collection", "up")

    with hanging(prepared.postgres, sessions_too=False):
        found = []
        deadline = time.monotonic() + 3 * IN_TIME
        while not found or found[-1]["console"]["status"] != "degraded":
            assert time.monotonic() < deadline, found[-1]
            assert set(server.send(5)) == {200}
            found.append(server.told_by_all()["components"])
            time.sleep(0.2)

    assert {each["collection"]["status"] for each in found} == {"up"}
    assert {each["console"]["status"] for each in found} <= {"up", "not known", "degraded"}
    assert found[-1]["console"]["reason"] == (
        "The database is too busy to answer in time. Events are stored all the same."
    )


def test_while_it_hangs_refused_events_are_told_at_once_and_the_rest_is_not_known(server, prepared):
    server.send_to_all()
    server.until_told("collection", "up")

    with hanging(prepared.postgres), ThreadPoolExecutor(SENT) as pool:
        sent = [pool.submit(server.send) for _ in range(SENT)]
        console = server.until_told("console", "not known")
        assert {each.result()[0] for each in sent} == {503}
        collection = server.until_told("collection", "down", 3 * IN_TIME)

    assert "it is busy, or hangs" in console["reason"]
    assert "requests of the last minute were refused with 503" in collection["reason"]


def test_a_database_that_went_silent_takes_quiet_collection_along(server, prepared):
    server.send_to_all()
    server.until_told("collection", "up")

    with hanging(prepared.postgres):
        quiet = server.until_told("collection", "not known", 2 * IN_TIME)
        down = server.until_told("collection", "down", SILENT_SECONDS + 2 * IN_TIME)

    assert "No event came lately" in quiet["reason"]
    assert "Events would be refused with 503" in down["reason"]
    server.until_told("collection", "up")


def test_a_young_server_says_since_when_it_is_measured(server):
    nothing = server.request("GET", "/status/").text
    server.check()
    server.until_told("collection", "up", measured_minutes=1)
    page = " ".join(server.request("GET", "/status/").text.split())

    assert "Nothing was measured yet." in nothing and "% up, measured" not in nothing
    assert page.count("100.00 % up, measured for 1 minute since") == 3


def test_refusals_that_nobody_looked_at_are_written_down_afterwards(server, prepared):
    assert set(server.send(3)) == {200}
    prepared.postgres.stop()
    assert set(server.send(3)) == {503}
    time.sleep(2 * WRITE_SECONDS)
    prepared.postgres.start()

    server.check()

    with psycopg.connect(prepared.postgres.conninfo()) as connection:
        told = "select reason from support_sample where component = 'collection' and state > 0"
        assert any("refused with 503" in reason for (reason,) in connection.execute(told))


def test_pages_apart_from_the_collector_know_what_it_counted(prepared):
    collector = prepared.server("heapadmin.collector_asgi:application")
    with running(collector), running(prepared.server("heapadmin.wsgi:application")) as pages:
        assert set(collector.send(3)) == {200}
        assert pages.until_told("collection", "up")["reason"] == ""

        prepared.postgres.stop()
        try:
            assert set(collector.send(3)) == {503}
            down = pages.until_told("collection", "down", 2 * IN_TIME)
        finally:
            prepared.postgres.start()
    assert "refused with 503" in down["reason"]


def test_pages_without_the_collectors_folder_say_what_they_do_not_know(prepared, tmp_path):
    url = private_database_url(prepared.folder)
    with (
        running(prepared.server("heapadmin.collector_asgi:application")),
        running(prepared.server("heapadmin.wsgi:application", DATABASE_URL=url, DATA_DIR=str(tmp_path))) as pages,
    ):
        found = pages.told_by_all()

    collection = found["components"]["collection"]
    assert status_of(found)["console"] == "up"
    assert (collection["status"], collection["reason"]) == (
        "not known",
        "No collector reports here, and the regular checks have not reported lately.",
    )


def test_events_taken_by_wsgi_workers_count_as_well(prepared):
    with running(prepared.server("heapadmin.wsgi:application")) as server:
        assert set(server.send(SENT)) == {200}
        assert server.until_told("collection", "up")["reason"] == ""


def test_a_folder_that_cannot_be_written_costs_nothing_but_knowledge(prepared, tmp_path):
    url = private_database_url(prepared.folder)
    folder = tmp_path / "data"
    server = prepared.server(DATABASE_URL=url, DATA_DIR=str(folder))
    with running(server):
        for name in ("status", "last_hour"):
            (folder / name).unlink(missing_ok=True)
            (folder / name).mkdir()
        assert set(server.send(SENT)) == {200}
        time.sleep(IN_TIME)
        assert server.told()["components"]["collection"]["status"] == "not known"
    assert list((folder / "status").iterdir()) == []
