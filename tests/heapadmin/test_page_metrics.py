"""Metrics of pages, jobs and counted days, as real servers tell them."""

import contextlib
import re
import tempfile
import urllib.request
from pathlib import Path

import psycopg
import pytest
from django.urls import get_resolver
from prometheus_client.parser import text_string_to_metric_families

from analytics.rollups.refresh import refresh
from common import metrics_folder
from common.database import conninfo
from common.metrics import REGISTRY
from tests.factories import EnvironmentFactory
from tests.heapadmin.running import Installation, eventually
from tests.servers import CollectingServer, conninfo_of, served_database, sibling_url

pytestmark = pytest.mark.timeout(300)
TOKEN = "a-token-for-prometheus"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module", params=["asgi", "wsgi"])
def running(request, django_db_setup, django_db_blocker, tmp_path_factory):
    conf = {"asgi": "heapadmin.gunicorn_conf", "wsgi": "heapadmin.gunicorn_wsgi_conf"}[request.param]
    with served_database(django_db_blocker) as url:
        folder = tmp_path_factory.mktemp("metrics")
        server = CollectingServer(url, folder, f"heapadmin.{request.param}:application", conf=conf)
        server.environment |= {
            "GUNICORN_CMD_ARGS": f"--bind=127.0.0.1:{server.port} --workers=2",
            "METRICS_TOKEN": TOKEN,
        }
        yield server.collect_static().start()
        server.stop()


@pytest.fixture
def server(running, django_db_blocker):
    with django_db_blocker.unblock():
        yield running


def parsed(text):
    """{(name, its labels): value}."""
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape(server):
    answer = server.request("GET", "/metrics", headers=BEARER | {"Host": "10.0.0.7"})
    assert answer.status == 200
    return parsed(answer.text)


def test_pages_of_all_workers_are_counted_by_view_and_status(server):
    login = ("heapadmin_page_requests_total", "200", "account_login")
    before = scrape(server).get(login, 0)

    for _ in range(20):
        server.request("GET", "/login/login/")

    assert eventually(lambda: scrape(server)[login] >= before + 20)  # an answer is counted once it is sent
    found = scrape(server)
    assert found[login] == before + 20
    assert found[("heapadmin_page_seconds_count", "account_login")] == before + 20
    assert found[("heapadmin_page_seconds_sum", "account_login")] > 0


def test_whatever_somebody_tries_adds_no_labels(server):
    not_found = ("heapadmin_page_requests_total", "404", "other")
    server.request("GET", "/0/")
    assert eventually(lambda: not_found in scrape(server))  # an answer is counted once it is sent
    before = {name for name in scrape(server) if name[0].startswith("heapadmin_page")}

    for number in range(30):
        server.request("GET", f"/{number}/", headers={"User-Agent": f"{number}", "X-Request-ID": f"{number}"})
        server.request("GET", f"/env/{number}/graph/?days={number}")

    added = {name for name in scrape(server) if name[0].startswith("heapadmin_page")} - before
    assert {name[-1] for name in added if name[0].endswith("_total")} <= {"analytics:graph", "other"}


def test_without_the_token_there_is_nothing(server):
    assert server.request("GET", "/metrics").status == 404


def test_the_database_tells_how_long_jobs_wait_and_counting_is_behind(server):
    environment = server.make_environment()
    job = "row('mail', 'support.mail_reply', 0, null, null, '{\"reply_id\": 0}', %s)::procrastinate_job_to_defer_v1"
    with psycopg.connect(conninfo_of(server.url), autocommit=True) as database:
        database.execute("delete from procrastinate_jobs")
        assert scrape(server)[("heapadmin_jobs_waiting", "mail")] == 0
        for scheduled_at in (None, "2999-01-01"):  # the second one does not wait yet
            database.execute(f"select procrastinate_defer_jobs_v1(array[{job}])", [scheduled_at])
        database.execute("update procrastinate_events set at = now() - interval '1 hour'")
        database.execute("delete from rollup_marks")
        mark = "insert into rollup_marks (environment_id, mark) values (%s, now() - interval '2 hours')"
        database.execute(mark, [environment.pk])

    found = scrape(server)

    assert found[("heapadmin_jobs_waiting", "mail")] == 1
    assert 3_600 <= found[("heapadmin_job_wait_seconds", "mail")] < 3_700
    assert 7_200 <= found[("heapadmin_rollup_lag_seconds",)] < 7_300
    assert found[("heapadmin_rollup_unfinished",)] == 1


def test_while_the_database_is_away_the_rest_is_told(server):
    name = server.url.rpartition("/")[2]
    with psycopg.connect(conninfo_of(sibling_url("postgres")), autocommit=True) as admin:
        admin.execute(f'alter database "{name}" allow_connections false')
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        try:
            found = scrape(server)
        finally:
            admin.execute(f'alter database "{name}" allow_connections true')

    assert ("heapadmin_jobs_waiting", "mail") not in found
    assert any(name[0] == "heapadmin_build_info" for name in found)


def test_a_view_has_one_name_and_these_are_not_too_many():
    assert 100 < len(set(names(get_resolver()))) < 400


def names(resolver, namespace=""):
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from names(pattern, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace)
        else:
            yield f"{namespace}{pattern.name or pattern.lookup_str}"


@pytest.mark.django_db(transaction=True)
def test_counted_days_are_counted():
    def days():
        return REGISTRY.get_sample_value("heapadmin_rollup_days_total"), REGISTRY.get_sample_value(
            "heapadmin_rollup_day_seconds_count"
        )

    environment = EnvironmentFactory()
    with psycopg.connect(conninfo(), autocommit=True) as own:
        own.execute(
            "insert into events (environment_id, time, actor_id, session_id, kind, name, received_at, properties) "
            "select %s, now() - n * interval '1 day', 1, 1, 'custom', 'E', now() - n * interval '1 day', '{}'"
            " from generate_series(3, 5) n",
            [environment.pk],
        )
    before = days()

    assert refresh(environment)

    assert tuple(after - was for after, was in zip(days(), before, strict=True)) == (3, 3)


def test_make_run_adds_the_jobs_of_its_worker_and_removes_the_folder(tmp_path):
    installation = Installation(tmp_path / "data", METRICS_TOKEN=TOKEN)
    installation.start()
    try:
        folder = next(Path(tempfile.gettempdir()).glob(f"{metrics_folder.PREFIX}{installation.process.pid}-*"))

        def jobs():
            request = urllib.request.Request(f"http://127.0.0.1:{installation.port}/metrics", headers=BEARER)
            with urllib.request.urlopen(request) as answer:
                found = parsed(answer.read().decode())
            return [name for name in found if name[0] == "heapadmin_jobs_total" and "succeeded" in name]

        assert eventually(jobs, seconds=90)
        assert any(re.fullmatch(r"counter_\d+\.db", path.name) for path in folder.iterdir())
    finally:
        with contextlib.suppress(ProcessLookupError):
            installation.stop()
    assert not folder.exists()


def test_gauges_of_killed_workers_go(tmp_path, monkeypatch):
    monkeypatch.setenv(metrics_folder.VARIABLE, str(tmp_path))
    dead = 2**22 - 7  # above the largest process id of Linux by default
    for name in (f"gauge_livesum_{dead}.db", f"counter_{dead}.db", "gauge_livesum_1.db"):
        (tmp_path / name).write_bytes(b"")

    metrics_folder.forget_gauges_of_dead()

    assert {path.name for path in tmp_path.iterdir()} == {f"counter_{dead}.db", "gauge_livesum_1.db"}
