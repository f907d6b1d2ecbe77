"""What real workers write when they are asked for too much: few lines, and none that anybody may multiply."""

import contextlib
import socket

import psutil
import psycopg
import pytest

from tests.heapadmin.running import eventually
from tests.servers import CollectingServer, conninfo_of, served_database, sibling_url

pytestmark = pytest.mark.timeout(300)
REQUESTS = 50
MOST_LINES = 400  # a few tracebacks
SPARE = 5  # connections that fit, until no file can be opened any more


@pytest.fixture(scope="module", params=["asgi", "wsgi"])
def server(request, django_db_setup, django_db_blocker, tmp_path_factory):
    conf = {"asgi": "heapadmin.gunicorn_conf", "wsgi": "heapadmin.gunicorn_wsgi_conf"}[request.param]
    with served_database(django_db_blocker) as url:
        folder = tmp_path_factory.mktemp("floods")
        server = CollectingServer(url, folder, f"heapadmin.{request.param}:application", workers=1, conf=conf)
        server.environment |= {"GUNICORN_CMD_ARGS": f"--bind=127.0.0.1:{server.port} --workers=1"}
        yield server.collect_static().start()
        server.stop()


@pytest.mark.parametrize(
    ("headers", "path", "status", "words"),
    [
        ({"Host": "evil.example"}, "/login/login/", 400, "Invalid HTTP_HOST header: 'evil.example'"),
        ({}, "/nowhere/", 404, "Not Found: /nowhere/"),
    ],
    ids=["foreign Host", "nowhere"],
)
def test_what_anybody_may_cause_is_one_line_without_a_traceback(server, headers, path, status, words):
    before = len(server.log.read_text().splitlines())

    for _ in range(REQUESTS):
        assert server.request("GET", path, headers=headers).status == status

    lines = server.log.read_text().splitlines()[before:]
    assert [words in line for line in lines] == [True]


def test_a_form_without_its_token_is_one_line(server):
    before = len(server.log.read_text().splitlines())

    for _ in range(REQUESTS):
        assert server.request("POST", "/login/login/", b"login=a").status == 403

    lines = server.log.read_text().splitlines()[before:]
    assert ["Forbidden (CSRF" in line for line in lines] == [True]


PAGES = [
    "/account/me/",
    "/projects/",
    "/login/login/",
    "/env/1234567890/",
    "/env/1234567890/graph/",
    "/staff/",
    "/talk/",
]


def test_while_the_database_is_away_all_pages_together_are_few_lines(server):
    name = server.url.rpartition("/")[2]
    with psycopg.connect(conninfo_of(sibling_url("postgres")), autocommit=True) as admin:
        before = len(server.log.read_text().splitlines())
        admin.execute(f'alter database "{name}" allow_connections false')
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        try:
            statuses = [
                server.request("GET", path, headers={"Cookie": f"sessionid={number:032}"}).status
                for number in range(REQUESTS)
                for path in PAGES
            ]
        finally:
            admin.execute(f'alter database "{name}" allow_connections true')

    assert statuses.count(503) > REQUESTS
    lines = server.log.read_text().splitlines()[before:]
    assert len(lines) < MOST_LINES, "\n".join(lines)


@pytest.fixture
def worker(django_db_setup, django_db_blocker, tmp_path):
    """The only one, without any file to spare, and the connections that took them."""
    with served_database(django_db_blocker) as url:
        server = CollectingServer(url, tmp_path, workers=1).start()
        yield server
        server.stop()


def test_a_worker_without_files_to_spare_says_so_and_does_not_spin(worker):
    process = psutil.Process(worker.worker_pids()[0])
    process.rlimit(psutil.RLIMIT_NOFILE, (process.num_fds() + SPARE,) * 2)

    with contextlib.ExitStack() as held:
        for _ in range(4 * SPARE):
            held.enter_context(socket.create_connection(("127.0.0.1", worker.port), timeout=10))
        assert eventually(lambda: "Too many open files" in worker.log.read_text())
        before = sum(process.cpu_times()[:2])
        assert not eventually(lambda: worker.log.read_text().count("Too many open files") > 1, seconds=3)
        assert sum(process.cpu_times()[:2]) - before < 1.5

    assert eventually(worker.has_started), "it does not come back"
