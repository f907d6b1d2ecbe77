"""The disk of the database is full: who signs in is told that, and who is signed in can read."""

import contextlib
import json
import re
from urllib.parse import urlencode

import psycopg
import pytest

from heapadmin.deployment import private_database_url
from heapadmin.postgres import PrivatePostgres
from tests.servers import CollectingServer, conninfo_of, manage
from tests.small_disk import small_disk

pytestmark = pytest.mark.timeout(180)
LOGIN = {"login": "a@shop.example", "password": "spring-rain-7"}


@pytest.fixture
def disk():
    with small_disk(200) as disk:
        yield disk


@pytest.fixture
def server(disk, tmp_path):
    postgres = PrivatePostgres(disk.folder / "postgres", durable=False, say=lambda words: None)
    postgres.start()
    url = private_database_url(disk.folder)
    manage(url, "migrate", "--verbosity=0")
    manage(url, "createcachetable", "--verbosity=0")
    who = [f"--email={LOGIN['login']}", f"--password={LOGIN['password']}", "--account=A", "--json"]
    made = json.loads(manage(url, "createaccount", *who))
    server = CollectingServer(url, tmp_path, workers=1).collect_static().start()
    server.made = made
    yield server
    disk.empty()
    server.stop()
    postgres.stop()


def cookies_of(answer):
    return "; ".join(value.split(";")[0] for value in answer.headers.get_all("Set-Cookie") or [])


def sign_in(server, **changes):
    form = server.request("GET", "/login/login/")
    assert form.status == 200, form.text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)[1]
    headers = {"Cookie": cookies_of(form), "Content-Type": "application/x-www-form-urlencoded"}
    fields = LOGIN | changes | {"csrfmiddlewaretoken": token}
    return server.request("POST", "/login/login/", urlencode(fields), headers.items())


def fill_pages(server):
    """Use up the room in the pages of the tables in which attempts are counted and sessions are kept."""
    with psycopg.connect(conninfo_of(server.url), autocommit=True) as connection:
        for table in ("cache_entries", "django_session"):
            with contextlib.suppress(psycopg.errors.DiskFull):
                for number in range(1_000):
                    connection.execute(f"insert into {table} values (%s, '', now())", [str(number)])


def test_who_signs_in_is_told_of_the_disk_and_who_is_signed_in_can_read(server, disk):
    signed_in = sign_in(server)
    assert signed_in.status == 302
    cookies = [("Cookie", cookies_of(signed_in))]
    projects = f"/account/{server.made['account_id']}/projects/"
    disk.fill()
    fill_pages(server)

    answers = [sign_in(server) for _ in range(10)]
    assert not [answer.text for answer in answers if "Too many" in answer.text]
    answer = answers[-1]
    assert (answer.status, "The disk of the server is full." in answer.text) == (503, True)
    assert answer.headers["Retry-After"]
    assert server.request("GET", projects, headers=cookies).status == 200

    disk.empty()
    assert sign_in(server).status == 302
