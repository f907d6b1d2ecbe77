"""Metrics: summed over all workers, only for requests with the token, with and without pages behind the collector."""

import contextlib
import os
import signal
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from collector.counts import metrics
from collector.counts.tally import Tally
from collector.decide import Decision, Outcome
from collector.protocol import answers
from common import metrics_folder
from tests.servers import CollectingServer, served_database

TOKEN = "a-token-for-prometheus"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
SECONDS = 20


@contextlib.contextmanager
def serving(django_db_blocker, folder, application):
    with served_database(django_db_blocker) as url:
        server = CollectingServer(url, folder, application, METRICS_TOKEN=TOKEN).start()
        yield server
        server.stop()


@pytest.fixture(scope="module", params=["heapadmin.asgi:application", "heapadmin.collector_asgi:application"])
def measured_server(request, django_db_setup, django_db_blocker, tmp_path_factory):
    with serving(django_db_blocker, tmp_path_factory.mktemp("measured"), request.param) as server:
        yield server


@pytest.fixture
def server(measured_server, django_db_blocker):
    with django_db_blocker.unblock():
        yield measured_server


def scrape(server):
    """{(name, its labels): value}."""
    answer = server.request("GET", metrics.PATH, headers=BEARER)
    assert answer.status == 200
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value for family in families for sample in family.samples
    }


def until(server, name, value):
    """Whether a metric reaches `value` in any worker's answer. Metrics are written every few seconds."""
    deadline = time.monotonic() + SECONDS
    while (found := scrape(server).get(name)) != value:
        assert time.monotonic() < deadline, (name, found)
        time.sleep(0.1)
    return True


def test_requests_and_events_of_all_workers_are_added_up(server):
    environment = server.make_environment()
    before = scrape(server)
    accepted, stored = ("heapadmin_requests_total", "/api/track", "accepted"), ("heapadmin_events_total", "accepted")
    unknown = ("heapadmin_requests_total", "/h", "unknown_app")
    event = {"identity": "a", "event": "E"}

    for _ in range(20):  # each over a connection of its own
        server.post("/api/track", {"app_id": environment.app_id, "events": [event] * 3})
    server.request("GET", "/h?a=9999999999&u=1&z=0")

    assert until(server, accepted, before.get(accepted, 0) + 20)
    assert until(server, stored, before.get(stored, 0) + 60)
    assert until(server, unknown, before.get(unknown, 0) + 1)


def test_commits_are_measured(server):
    environment = server.make_environment()
    before = scrape(server).get(("heapadmin_batch_records_sum",), 0)

    server.post("/api/track", {"app_id": environment.app_id, "identity": "a", "event": "E"})

    found = scrape(server)
    assert found[("heapadmin_batch_records_sum",)] == before + 1
    assert found[("heapadmin_commit_seconds_count",)] == found[("heapadmin_batch_records_count",)] > 0
    assert found[("heapadmin_records_waiting",)] == 0
    assert any(name == "heapadmin_build_info" for name, *_ in found)


def test_no_account_and_no_environment_is_a_label(server):
    environment = server.make_environment()
    bad = ("heapadmin_requests_total", "/api/track", "bad")
    before = scrape(server).get(bad, 0)
    server.post("/api/track", {"app_id": environment.app_id})
    until(server, bad, before + 1)

    text = server.request("GET", metrics.PATH, headers=BEARER).text

    assert environment.app_id not in text
    fixed = {"endpoint", "outcome", "le", "version", "python", "view", "status", "kind", "task", "queue"}
    assert fixed >= {
        label for family in text_string_to_metric_families(text) for sample in family.samples for label in sample.labels
    }


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer another-token"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
    ],
    ids=str,
)
def test_without_the_token_there_is_nothing(server, headers):
    answer = server.request("GET", metrics.PATH, headers=headers)

    assert answer.status == 404
    assert "heapadmin_" not in answer.text


def test_only_reading_is_possible(server):
    head = server.request("HEAD", metrics.PATH, headers=BEARER)

    assert (head.status, head.body) == (200, b"")
    assert server.request("POST", metrics.PATH, headers=BEARER).status == 405


def test_what_a_dead_worker_counted_stays(server):
    environment = server.make_environment()
    server.post("/api/track", {"app_id": environment.app_id, "identity": "a", "event": "E"})
    before = scrape(server)[("heapadmin_batch_records_sum",)]
    workers = set(server.worker_pids())

    killed = min(workers)
    os.kill(killed, signal.SIGKILL)

    deadline = time.monotonic() + SECONDS
    while len(set(server.worker_pids()) - workers) < 1 or not server.has_started():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert scrape(server)[("heapadmin_batch_records_sum",)] >= before
    [folder] = Path(tempfile.gettempdir()).glob(f"{metrics_folder.PREFIX}{server.process.pid}-*")
    kept = {path.name for path in folder.glob("*.db")}
    assert f"histogram_{killed}.db" not in kept and any(name.startswith("histogram_sum.") for name in kept)


# --- Without a server -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("token", ["", " "])
def test_while_no_token_is_set_nobody_gets_in(settings, token):
    settings.METRICS_TOKEN = ""

    assert metrics.scrape("GET", {b"authorization": b"Bearer " + token.encode()}).status == 404


def test_a_request_is_told_once_however_often_its_count_is_written():
    labels = {"endpoint": "/api/telemetry", "outcome": "unavailable"}
    before = metrics.REGISTRY.get_sample_value("heapadmin_requests_total", labels) or 0
    tally = Tally()
    tally.add("/api/telemetry", Decision(answers.OK, Outcome.UNAVAILABLE), 0.0)

    for _ in range(3):
        tally.give_back(tally.take())

    assert metrics.REGISTRY.get_sample_value("heapadmin_requests_total", labels) == before + 1


def test_the_folder_is_new_and_what_the_dead_left_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead = next(pid for pid in range(2, 100_000) if not psutil.pid_exists(pid))
    left = [tmp_path / f"{metrics_folder.PREFIX}{pid}-abc" for pid in (dead, os.getpid())]
    theirs = tmp_path / f"{metrics_folder.PREFIX}{os.getppid()}-abc"
    for folder in (*left, theirs):
        folder.mkdir()
        (folder / "counter_1.db").write_bytes(b"x")

    made = metrics_folder.make()

    assert made.parent == tmp_path and list(made.iterdir()) == []
    assert made.stat().st_mode & 0o777 == 0o700
    assert [folder.exists() for folder in (*left, theirs)] == [False, False, True]


def test_a_group_that_has_stopped_leaves_no_folder(django_db_setup, django_db_blocker, tmp_path):
    with serving(django_db_blocker, tmp_path, "heapadmin.collector_asgi:application") as server:
        (folder,) = Path(tempfile.gettempdir()).glob(f"{metrics_folder.PREFIX}{server.process.pid}-*")
        assert any(folder.iterdir())

    assert not folder.exists()


def test_a_worker_that_makes_its_file_meanwhile_hides_nothing(settings, monkeypatch, tmp_path):
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    begun = tmp_path / "counter_1.db"
    begun.touch()
    timer = threading.Timer(0.15, begun.unlink)
    timer.start()

    answer = metrics.scrape("GET", {b"authorization": f"Bearer {TOKEN}".encode()})

    timer.join()
    assert answer.status == 200
