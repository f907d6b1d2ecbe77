"""The id of a request: from a trusted proxy or new, in the answer, the log, SQL, jobs and error pages."""

import json
import os
import re
import subprocess
import sys
import threading

import psycopg
import pytest
from django.conf import settings

from accounts.models import User
from collector.request.client_address import TrustedProxies
from collector.request.request_ids import request_id
from tests.heapadmin.running import eventually
from tests.servers import ALIAS, CollectingServer, conninfo_of, served_database

pytestmark = pytest.mark.timeout(300)
HEADER = "X-Request-ID"
NEW = re.compile(r"[0-9a-f]{32}")
STRANGER = "127.0.0.2"
PAGE, SIGNED_IN_PAGE = "/login/login/", "/account/me/"
COOKIE = {"Cookie": "sessionid=" + "a" * 32}


@pytest.fixture(scope="module", params=["asgi", "wsgi"])
def running(request, django_db_setup, django_db_blocker, tmp_path_factory):
    conf = {"asgi": "heapadmin.gunicorn_conf", "wsgi": "heapadmin.gunicorn_wsgi_conf"}[request.param]
    with served_database(django_db_blocker) as url:
        folder = tmp_path_factory.mktemp("requests")
        server = CollectingServer(url, folder, f"heapadmin.{request.param}:application", workers=1, conf=conf)
        server.environment |= {
            "GUNICORN_CMD_ARGS": f"--bind=127.0.0.1:{server.port} --workers=1",
            "TRUSTED_PROXIES": "127.0.0.1",
            "LOG_FORMAT": "json",
        }
        yield server.collect_static().start()
        server.stop()


@pytest.fixture
def server(running, django_db_blocker):
    with django_db_blocker.unblock():
        yield running


def logged(server, request_id):
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    return [line for line in lines if line.get("request_id") == request_id]


def id_of(answer):
    assert len(answer.headers.get_all(HEADER)) == 1
    return answer.headers[HEADER]


@pytest.mark.parametrize("given", ["7f3e", "a" * 64, "Root=1-67891233-abcdef012345678912345678", "b1a2.c3:d4+e5_f6"])
def test_the_id_of_a_trusted_proxy_is_kept(server, given):
    assert id_of(server.request("GET", PAGE, headers={HEADER: given})) == given


@pytest.mark.parametrize(
    "given",
    ["", "a" * 65, "a" * 7_000, "a b", "a,b", "a;b", "a'", 'a"', "a*/ select", "%s", "é", "a\tb", "-a", "<b>"],
    ids=range(14),
)
def test_an_odd_one_is_as_good_as_none(server, given):
    found = id_of(server.request("GET", PAGE, headers={HEADER: given.encode("latin-1")}))

    assert NEW.fullmatch(found)


@pytest.mark.parametrize("given", [["a\nb"], ["a\n"], ["\x1b[2J"], ["a\0"], ["a", "b"], ["a", "a"], []])
def test_what_no_server_lets_through_is_no_id_either(given):
    trusted = TrustedProxies.parse("127.0.0.1")

    assert NEW.fullmatch(request_id("127.0.0.1", given, trusted))
    assert request_id("127.0.0.1", ["a"], trusted) == "a"
    assert NEW.fullmatch(request_id(None, ["a"], trusted))
    assert request_id(None, ["a"], TrustedProxies.parse("unix")) == "a"


def test_a_visitor_cannot_choose_theirs(server):
    found = id_of(server.request("GET", PAGE, headers={HEADER: "mine"}, source=STRANGER))

    assert NEW.fullmatch(found)


def test_two_requests_have_two(server):
    assert id_of(server.request("GET", PAGE)) != id_of(server.request("GET", PAGE))


def test_a_refused_request_to_collect_has_one_and_a_stored_one_needs_none(server):
    environment = server.make_environment()
    refused = server.post("/api/track", {"app_id": environment.app_id}, {HEADER: "of-the-proxy"})
    stored = server.post("/api/track", {"app_id": environment.app_id, "identity": "a", "event": "E"})

    assert (refused.status, stored.status) == (400, 200)
    assert id_of(refused) == "of-the-proxy"
    assert server.conf == "heapadmin.gunicorn_wsgi_conf" or HEADER not in stored.headers


def test_lines_of_the_log_have_it(server):
    server.request("GET", "/nowhere/", headers={HEADER: "lost"})

    assert [line["message"] for line in logged(server, "lost")] == ["Not Found: /nowhere/"]


def test_a_page_that_the_database_keeps_waiting_has_it_in_sql_in_the_log_and_on_the_page(server):
    answers = []

    def ask():
        answers.append(server.request("GET", SIGNED_IN_PAGE, headers=COOKIE | {HEADER: "waiting"}))

    asking = threading.Thread(target=ask)
    with psycopg.connect(conninfo_of(server.url)) as locked:
        locked.execute("lock table django_session")
        asking.start()
        assert eventually(lambda: server.query("select 1 from pg_stat_activity where query like '/* waiting */ %%'"))
        asking.join()

    [answer] = answers
    assert (answer.status, id_of(answer)) == (503, "waiting")
    assert "<code>waiting</code>" in answer.text
    assert any(SIGNED_IN_PAGE in line["message"] for line in logged(server, "waiting"))


def test_a_page_that_breaks_has_it_too(server):
    with psycopg.connect(conninfo_of(server.url), autocommit=True) as admin:
        admin.execute("alter table django_session rename to gone")
        try:
            answer = server.request("GET", SIGNED_IN_PAGE, headers=COOKIE | {HEADER: "broken"})
        finally:
            admin.execute("alter table gone rename to django_session")

    assert (answer.status, id_of(answer)) == (500, "broken")
    assert "<code>broken</code>" in answer.text
    [line] = [line for line in logged(server, "broken") if "exception" in line]
    assert "UndefinedTable" in line["exception"]


def test_a_job_works_for_the_request_that_asked_for_it(server):
    User.objects.using(ALIAS).create(email="ann@example.com", password="x")
    form = server.request("GET", "/login/password/reset/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)[1]
    cookie = form.headers["Set-Cookie"].partition(";")[0]
    headers = {"Cookie": cookie, HEADER: "forgotten", "Content-Type": "application/x-www-form-urlencoded"}
    body = f"email=ann%40example.com&csrfmiddlewaretoken={token}".encode()
    assert server.request("POST", "/login/password/reset/", body, headers).status == 302

    lines = work(server)

    done = [line for line in lines if line.get("request_id") == "forgotten"]
    assert any(re.search(r"Job accounts\.send_\w+.* Success", line["message"]) for line in done), lines


def test_a_job_that_nobody_asked_for_has_its_number(server):
    server.query(
        "select procrastinate_defer_jobs_v1(array[row('default', 'events.partitions', 0, null, null,"
        " '{\"timestamp\": 1}', null)::procrastinate_job_to_defer_v1])"
    )

    lines = work(server)

    assert any(
        "events.partitions" in line["message"] for line in lines if line.get("request_id", "").startswith("job-")
    )


def test_a_job_waits_for_no_lock_without_end(server):
    """One worker does all: mails and backups would wait for whoever left a transaction open."""
    server.query(
        "select procrastinate_defer_jobs_v1(array[row('default', 'collector.old_hours', 0, null, null,"
        " '{\"timestamp\": 1}', null)::procrastinate_job_to_defer_v1])"
    )
    with psycopg.connect(conninfo_of(server.url)) as other:
        other.execute("lock table collector_collectedhour")
        lines = work(server)

    assert any("LockNotAvailable" in line.get("exception", "") for line in lines), lines


def work(server):
    """What a worker wrote that did all jobs."""
    command = [sys.executable, "manage.py", "procrastinate", "worker", "--one-shot"]
    environment = server.environment | {"LOG_LEVEL": "INFO", "DATABASE_URL": server.url}
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=os.environ | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    greeting = "Launching a worker on all queues"  # procrastinate's own, which is no line of a log
    return [json.loads(line) for line in done.stderr.splitlines() if line != greeting]
