"""Traces, of a real server and a real worker. Needs OpenTelemetry's packages, which are no requirement."""

import json
import os
import secrets
import subprocess
import sys

import pytest
from django.conf import settings

from heapadmin import tracing
from tests.heapadmin.running import eventually
from tests.servers import CollectingServer, served_database

pytestmark = pytest.mark.timeout(300)
SECRET = secrets.token_hex(16)


def test_without_the_packages_nothing_happens():
    blocked = "import sys; sys.modules['opentelemetry'] = None; from heapadmin import tracing; print(tracing.start())"
    done = subprocess.run(
        [sys.executable, "-c", blocked], cwd=settings.BASE_DIR, env=os.environ, capture_output=True, text=True
    )

    assert done.stdout == "False\n", done.stderr


@pytest.fixture(scope="module", params=["asgi", "wsgi"])
def server(request, django_db_setup, django_db_blocker, tmp_path_factory):
    if tracing.trace is None:
        pytest.skip("OpenTelemetry's packages are not installed")
    conf = {"asgi": "heapadmin.gunicorn_conf", "wsgi": "heapadmin.gunicorn_wsgi_conf"}[request.param]
    with served_database(django_db_blocker) as url:
        server = CollectingServer(
            url, tmp_path_factory.mktemp("traces"), f"heapadmin.{request.param}:application", conf=conf
        )
        server.environment |= {
            "GUNICORN_CMD_ARGS": f"--bind=127.0.0.1:{server.port} --workers=1",
            "TRUSTED_PROXIES": "127.0.0.1",
            "OTEL_TRACES_EXPORTER": "console",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        yield server.collect_static().start()
        server.stop()


def spans(text):
    """What OpenTelemetry printed: objects of several lines, among lines of the log."""
    found, decoder, at = [], json.JSONDecoder(), 0
    while (at := text.find('{\n    "name"', at)) >= 0:
        try:
            span, at = decoder.raw_decode(text, at)
        except ValueError:  # it is not complete yet
            break
        found.append(span)
    return found


def test_a_page_is_a_trace_with_its_statements_its_id_and_no_secret(server):
    path = f"/account/invitation/{SECRET}/?token={SECRET}"
    server.request("GET", path, headers={"X-Request-ID": "traced", "Cookie": "sessionid=" + "a" * 32})

    def page():
        found = spans(server.log.read_text())
        return [span for span in found if span["attributes"].get(tracing.ID) == "traced"]

    assert eventually(page)
    [span] = page()
    number = span["context"]["trace_id"]
    of_trace = [each for each in spans(server.log.read_text()) if each["context"]["trace_id"] == number]
    assert any(str(each["attributes"].get("db.statement", "")).startswith("/* traced */") for each in of_trace)
    assert SECRET not in json.dumps(of_trace)


def test_a_job_is_a_trace_too(server):
    command = [sys.executable, "manage.py", "procrastinate", "worker", "--one-shot"]
    environment = os.environ | server.environment | {"DATABASE_URL": server.url}
    defer = [sys.executable, "manage.py", "procrastinate", "defer", "events.partitions", '{"timestamp": 1}']
    for each in (defer, command):
        done = subprocess.run(each, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    [job] = [span for span in spans(done.stdout) if span["name"] == "job events.partitions"]
    assert job["attributes"][tracing.ID].startswith("job-")
