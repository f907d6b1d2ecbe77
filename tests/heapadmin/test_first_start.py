"""The first start in production: no sample, no password, and a link with which the first login is made."""

import http.client
import re
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest

from heapadmin.standalone import run
from projects import first_login
from tests.heapadmin.running import Installation
from tests.servers import conninfo_of, served_database

pytestmark = pytest.mark.timeout(180)
LINK = re.compile(r"https://stats\.example\.net/first-login/\S+/")
ANSWERS = {
    "name": "Ada",
    "email": "ada@shop.example",
    "password": "correct horse battery",
    "account_name": "Shop",
    "project_name": "Web shop",
}


@pytest.fixture
def database_url(django_db_blocker):
    with served_database(django_db_blocker) as url:
        yield url


@pytest.fixture
def installation(tmp_path, database_url):
    started = Installation(
        tmp_path / "data",
        DATABASE_URL=database_url,
        PRODUCTION="on",
        SECRET_KEY="t5oVXkq-3sWb8yGmJ0uNfRzA7cHdPiLEQ1wxM4vK",
        SITE_URL="https://stats.example.net",
        ALLOWED_HOSTS="",
        WEB_WORKERS="1",
    )
    yield started.start()
    started.end()


def request(installation, method, path, body=None, **headers):
    """What the proxy sends on."""
    connection = http.client.HTTPConnection("127.0.0.1", installation.port, timeout=60)
    headers = {"Host": "stats.example.net", "Origin": "https://stats.example.net"} | headers
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def test_it_prints_a_link_that_works_and_no_password(installation, database_url):
    words = installation.read()
    (link,) = LINK.findall(words)
    path = urlsplit(link).path

    with psycopg.connect(conninfo_of(database_url)) as database:
        tables = ("accounts_user", "accounts_account", "projects_environment", "events")
        counted = {table: database.execute(f"select count(*) from {table}").fetchone()[0] for table in tables}
    assert set(counted.values()) == {0}
    assert "password" not in words.lower()
    assert "made-up" not in words

    page, text = request(installation, "GET", path)
    assert page.status == 200
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text)[1]
    cookie = page.getheader("Set-Cookie").partition(";")[0]
    sent = urlencode(ANSWERS | {"csrfmiddlewaretoken": token})
    form = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    assert request(installation, "POST", path, sent, **form)[0].status == 302
    assert request(installation, "GET", path)[0].status == 404

    assert "There is a staff login already" in installation.run("firstlogin").stderr


@pytest.mark.django_db
def test_a_later_start_leaves_the_link_alone_that_somebody_may_be_using():
    link = run._first_login()[1].strip()

    again = run._first_login()

    assert "first-login" not in "".join(again)
    assert "manage.py firstlogin makes a new one" in again[0]
    assert first_login.link_by_secret(link.rstrip("/").rpartition("/")[2]) is not None
