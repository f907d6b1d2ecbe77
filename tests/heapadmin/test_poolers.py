"""Behind a real pgbouncer, in both modes: events, news, pages, questions and jobs; and others are left no settings."""

import json
import subprocess
import sys
import time

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection

from common.database import conninfo
from heapadmin import database_server, page_limits
from tests.heapadmin.running import eventually
from tests.heapadmin.test_busy_database import LOCK_SECONDS, LOGIN
from tests.heapadmin.test_slow_readers import signed_in
from tests.pgbouncer import PgBouncer, needs_pgbouncer
from tests.servers import CollectingServer, conninfo_of, manage, served_database

pytestmark = [needs_pgbouncer, pytest.mark.timeout(300)]

MODES = ("transaction", "session")
AS_A_PAGE = """
from common.database import use_pooler
from heapadmin.page_limits import limit_statements
use_pooler()
limit_statements()
from datetime import timedelta
from django.db import connection, transaction
"""


@pytest.fixture(scope="module")
def url(django_db_setup, django_db_blocker):
    with served_database(django_db_blocker) as url:
        yield url


@pytest.fixture(scope="module")
def environment(url):
    login = [f"--email={LOGIN['login']}", f"--password={LOGIN['password']}"]
    return json.loads(manage(url, "createaccount", *login, "--account=A", "--json"))["environments"][0]


@pytest.fixture(scope="module", params=MODES)
def pooler(request, url, tmp_path_factory):
    pooler = PgBouncer(conninfo_of(url), tmp_path_factory.mktemp("pooler") / request.param, request.param).start()
    yield pooler
    pooler.stop()


@pytest.fixture(scope="module")
def direct(pooler, url):
    """What the setting says: by sessions, nobody needs it."""
    return url if pooler.mode == "transaction" else ""


@pytest.fixture(scope="module", params=["asgi", "wsgi"])
def server(request, url, pooler, direct, environment, tmp_path_factory):
    """Everything in one, or pages under WSGI, where Django stores the events as well."""
    conf = {"asgi": "heapadmin.gunicorn_conf", "wsgi": "heapadmin.gunicorn_wsgi_conf"}[request.param]
    server = CollectingServer(
        pooler.url,
        tmp_path_factory.mktemp(request.param),
        f"heapadmin.{request.param}:application",
        conf=conf,
        DATABASE_DIRECT_URL=direct,
    )
    server.url = url  # for the questions of tests
    server.collect_static().start()
    yield server
    server.kill()


def track(server, app_id, name="Order"):
    body = {"app_id": app_id, "identity": "ada@shop.example", "event": name}
    return server.post("/api/track", body).status


def statement_timeouts(pooler):
    """What others find who use the pooler at the same time, each in a transaction of theirs."""
    others = [psycopg.connect(pooler.url) for _ in range(10)]
    try:
        return {other.execute("show statement_timeout").fetchone()[0] for other in others}
    finally:
        for other in others:
            other.close()


def test_events_are_acknowledged_and_stored(server, environment):
    named = f"{server.port}"

    answers = {track(server, environment["app_id"], named) for _ in range(30)}

    stored = server.query("select count(*) from events where name = %s", named)
    assert (answers, stored) == ({200}, [(30,)])


def test_news_reach_the_workers(server, environment):
    account = server.query("select account_id from projects_project limit 1")[0][0]
    server.query("update accounts_account set closed_at = now() where id = %s returning id", account)
    try:
        assert eventually(lambda: track(server, environment["app_id"]) == 400, seconds=2)
    finally:
        server.query("update accounts_account set closed_at = null where id = %s returning id", account)
    assert eventually(lambda: track(server, environment["app_id"]) == 200, seconds=2)


def test_pages_come_and_leave_no_limit_to_others(server, environment, pooler):
    cookies = {"Cookie": signed_in(server)}
    paths = [f"/env/{environment['app_id']}/{page}" for page in ("", "live/", "collection/", "graph/?run=1&wait=1")]

    answers = {path: server.request("GET", path, headers=cookies.items()).status for path in paths}

    assert answers == dict.fromkeys(paths, 200)
    assert server.request("GET", "/readyz").status == 200
    assert statement_timeouts(pooler) == {"0"}


def test_a_page_waits_no_longer_for_a_lock_than_without_a_pooler(server, url):
    cookies = {"Cookie": signed_in(server)}
    with psycopg.connect(conninfo_of(url)) as other:
        other.execute("lock table accounts_membership in access exclusive mode")
        began = time.monotonic()
        answer = server.request("GET", "/account/me/", headers=cookies.items())
        took = time.monotonic() - began
        other.rollback()

    assert answer.status == 503
    assert took < LOCK_SECONDS


def as_a_page(pooler, direct, code):
    """What `code` prints in a process that is set up like one that serves pages."""
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", AS_A_PAGE + code]
    environment = {**CollectingServer(pooler.url, "/", DATABASE_DIRECT_URL=direct).environment}
    del environment["DATA_DIR"]
    result = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


TIMED = """
from analytics.store.failures import QueryTimeout
from analytics.store.postgresql.snapshot import snapshot
try:
    with snapshot(1, token="", limit=timedelta(seconds=0.3)) as ask:
        ask("select pg_sleep(20)", {})
except QueryTimeout:
    print("stopped")
"""
LIMITED = """
with connection.execute_wrapper(lambda execute, *arguments: execute(*arguments)):
    ask = connection.cursor()  # somebody watches while it is opened, as the cache does
def limit():
    ask.execute("show statement_timeout")
    return ask.fetchone()[0]
print(limit())
with transaction.atomic():
    print(limit())
    print(limit())
    ask.execute("set local statement_timeout = '7s'")
    print(limit())
print(limit())
ask.executemany("insert into django_session values (%s, current_setting('statement_timeout'), now())", [["a"], ["b"]])
ask.execute("delete from django_session where session_key = any(%s) returning session_data", [["a", "b"]])
print(*[data for (data,) in ask.fetchall()])
print(connection.settings_dict["PORT"])
"""


def test_a_question_is_stopped_in_time(pooler, direct):
    assert as_a_page(pooler, direct, TIMED) == ["stopped"]
    assert statement_timeouts(pooler) == {"0"}


def test_every_statement_of_a_page_has_its_limit(pooler, direct):
    found = as_a_page(pooler, direct, LIMITED)

    assert found == ["15s", "15s", "15s", "7s", "15s", "15s", "15s", str(pooler.port)]


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_lost_is_told_as_any_fault_of_the_database():
    """Else the page would be an error of ours (500), and not 503."""
    connection.ensure_connection()
    with psycopg.connect(conninfo(), autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])
    with connection.execute_wrapper(page_limits._limited), pytest.raises(OperationalError):
        connection.cursor().executemany("select %s", [[1]])
    connection.close()


def test_jobs_that_pages_ask_for_run_at_once(pooler, direct, url, tmp_path):
    environment = CollectingServer(pooler.url, tmp_path, DATABASE_DIRECT_URL=direct).environment
    command = [sys.executable, "manage.py", "procrastinate", "worker", "--fetch-job-polling-interval", "600"]
    log = (tmp_path / "log").open("wb")
    worker = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stdout=log, stderr=log)
    try:
        assert eventually(lambda: ask(url, "select from procrastinate_workers"), seconds=60)
        as_a_page(pooler, direct, "from common.jobs import defer\ndefer('events.idempotency_keys', timestamp=0)")

        done = "select from procrastinate_jobs where task_name = 'events.idempotency_keys' and status = 'succeeded'"
        assert eventually(lambda: ask(url, done), seconds=20), (tmp_path / "log").read_text()
    finally:
        worker.terminate()
        worker.wait(60)
        log.close()


def ask(url, sql):
    with psycopg.connect(conninfo_of(url)) as connection:
        return connection.execute(sql).fetchall()


# --- What a start refuses -------------------------------------------------------------------------------------------
def start(**environment):
    """How a migration ends, its first words."""
    command = [sys.executable, "manage.py", "migrate", "-v0"]
    environment = CollectingServer("", "/", **environment).environment
    del environment["DATA_DIR"]
    result = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True)
    return result.returncode, result.stderr


def test_without_a_direct_way_a_pooler_by_transaction_is_refused(pooler):
    status, words = start(DATABASE_URL=pooler.url)

    if pooler.mode == "session":
        assert (status, words) == (0, "")
    else:
        assert status == 1
        assert "CommandError: DATABASE_URL leads to a pooler that gives a session to others" in words
        assert "DATABASE_DIRECT_URL" in words


@pytest.mark.parametrize("pooler", ["transaction"], indirect=True)
def test_a_server_does_not_start_behind_it_either(pooler, tmp_path):
    environment = CollectingServer(pooler.url, tmp_path).environment
    command = [sys.executable, "-m", "gunicorn", "-c", "python:heapadmin.gunicorn_conf", "heapadmin.asgi:application"]

    result = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=120
    )

    assert result.returncode != 0
    assert "DATABASE_URL leads to a pooler that gives a session to others" in result.stderr


def test_a_direct_way_that_leads_to_a_pooler_is_refused(pooler):
    status, words = start(DATABASE_URL=pooler.url, DATABASE_DIRECT_URL=pooler.url)

    is_refused = "DATABASE_DIRECT_URL leads to a pooler" in words
    assert (status, is_refused) == ((1, True) if pooler.mode == "transaction" else (0, False))


def test_two_ways_to_two_databases_are_refused(pooler):
    status, words = start(DATABASE_URL=pooler.url, DATABASE_DIRECT_URL=settings.DATABASE_URL)

    assert status == 1
    assert "DATABASE_URL and DATABASE_DIRECT_URL lead to two databases" in words


def test_a_direct_way_alone_is_refused():
    status, words = start(DATABASE_URL="", DATABASE_DIRECT_URL="postgres://x@127.0.0.1/x")

    assert status == 1
    assert "DATABASE_URL must name that pooler" in words


@pytest.mark.django_db
def test_an_older_server_is_refused_in_words(monkeypatch):
    monkeypatch.setattr(database_server, "OLDEST", 99)

    assert database_server.unfit().startswith(
        "Heapadmin needs PostgreSQL 99 or newer, and the server that DATABASE_URL "
    )
