"""Downloads that nobody reads to their end: pages answer all the while, and no thread is lost."""

import contextlib
import http.client
import json
import re
import socket
import time
from urllib.parse import urlencode

import psycopg
import pytest

from tests.collector.other_limits import with_limits
from tests.heapadmin import impatient_threads
from tests.heapadmin.running import eventually
from tests.servers import CollectingServer, conninfo_of, manage, served_database

LOGIN = {"login": "ada@shop.example", "password": "spring-rain-7"}
PEOPLE = 40_000  # and 400 bytes of each: far more than the kernel holds for a client that does not read
MAKE_PEOPLE = """
insert into people (environment_id, actor_id, identity, properties, first_seen_at, last_seen_at)
select %s, -n, 'user' || n, jsonb_build_object('note', repeat('x', 400)), now(), now() from generate_series(1, %s) n
"""
MANY_DOWNLOADS = {
    "common.downloads.FOR_A_PERSON": 100,
    "common.downloads.FOR_ALL": 100,
}  # what comes to the bridge then
LIMITS = {"heapadmin.connections.READING_SECONDS": 5.0} | MANY_DOWNLOADS
PROMPT_SECONDS = 4.0  # for a page on a busy machine: sooner than READING_SECONDS let it through
THREADS = 8
CLOSING_SECONDS = 2.0  # gunicorn's gthread takes for each connection that it ends, and accepts none meanwhile
CANCELLED = 2 * THREADS
NOT_READING = THREADS + 2


class Threaded(CollectingServer):
    """Pages apart from the collector, as compose.yaml runs them."""

    def has_started(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.request("GET", "/healthz").status == 200
        return False


@pytest.fixture(scope="module")
def url(django_db_setup, django_db_blocker):
    with served_database(django_db_blocker) as url:
        yield url


@pytest.fixture(scope="module")
def download(url):
    """Where somebody who has signed in gets the 40,000 people: a path, and the cookie."""
    made = json.loads(
        manage(
            url,
            "createaccount",
            f"--email={LOGIN['login']}",
            f"--password={LOGIN['password']}",
            "--account=A",
            "--json",
        )
    )
    environment = made["environments"][0]
    with psycopg.connect(conninfo_of(url), autocommit=True) as connection:
        connection.execute(MAKE_PEOPLE, [environment["id"], PEOPLE])
    return f"/env/{environment['app_id']}/export/?kind=users"


@pytest.fixture(scope="module")
def server(url, tmp_path_factory):
    folder = tmp_path_factory.mktemp("slow")
    server = CollectingServer(url, folder, with_limits(LIMITS, pages=True), workers=1).collect_static().start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def threaded(url, tmp_path_factory):
    folder = tmp_path_factory.mktemp("threaded")
    server = Threaded(url, folder, "heapadmin.wsgi:application", conf="tests.heapadmin.impatient_threads")
    server.collect_static().start()
    yield server
    server.stop()


def cookies_of(answer):
    return "; ".join(value.split(";")[0] for value in answer.headers.get_all("Set-Cookie") or [])


def signed_in(server):
    """The cookies of a session."""
    form = server.request("GET", "/login/login/")
    assert form.status == 200, form.text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)[1]
    headers = {"Cookie": cookies_of(form), "Content-Type": "application/x-www-form-urlencoded"}
    answer = server.request("POST", "/login/login/", urlencode(LOGIN | {"csrfmiddlewaretoken": token}), headers.items())
    assert answer.status == 302, answer.text
    return cookies_of(answer)


@contextlib.contextmanager
def begun(server, path, cookies):
    """A download of which the first bytes have come."""
    with contextlib.closing(socket.socket()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(30)
        client.connect(("127.0.0.1", server.port))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\n\r\n".encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
        yield client


def seconds_for_a_page(server):
    began = time.monotonic()
    assert server.request("GET", "/login/login/").status == 200
    return time.monotonic() - began


def is_cut(client):
    """Whether the server ends what it sends, without its last chunk."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while got := client.recv(65536):
            received = (received + got)[-5:]
    return received != b"0\r\n\r\n"


def test_the_whole_of_it_comes_to_who_reads(server, download):
    answer = server.request("GET", download, headers={"Cookie": signed_in(server)}.items())

    assert answer.status == 200
    assert answer.text.count("\n") == PEOPLE + 1


def test_downloads_that_are_cancelled_leave_every_thread_free(server, download):
    cookies = signed_in(server)
    for _ in range(CANCELLED):
        with begun(server, download, cookies):
            pass

    assert seconds_for_a_page(server) < PROMPT_SECONDS
    assert eventually(lambda: busy_connections(server) == 0)


def test_clients_that_do_not_read_keep_nobody_waiting_and_are_cut_off(server, download):
    cookies = signed_in(server)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(begun(server, download, cookies)) for _ in range(NOT_READING)]
        waited = [seconds_for_a_page(server) for _ in range(20)]

        assert max(waited) < PROMPT_SECONDS
        time.sleep(LIMITS["heapadmin.connections.READING_SECONDS"] + 4)
        assert all(map(is_cut, clients))
    assert eventually(lambda: busy_connections(server) == 0)


def test_in_threads_clients_that_do_not_read_are_cut_off_in_time(threaded, download):
    cookies = signed_in(threaded)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(begun(threaded, download, cookies)) for _ in range(THREADS)]

        limit = impatient_threads.gunicorn_wsgi_conf.READING_SECONDS + THREADS * CLOSING_SECONDS + PROMPT_SECONDS
        assert seconds_for_a_page(threaded) < limit
        assert any(map(is_cut, clients))


def test_in_threads_nothing_says_which_version_serves(threaded):
    for path in ("/healthz", "/login/login/", "/static/nothing.css"):
        assert not re.search(r"\d", threaded.request("GET", path).headers.get("Server", ""))


def busy_connections(server):
    """Of the pages to the database: those with a statement, or a transaction, that has not ended."""
    return server.query(
        "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        " and state in ('active', 'idle in transaction')"
    )[0][0]
