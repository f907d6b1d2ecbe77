"""An installation whose disk is full: it says so. If its PostgreSQL dies then, it stays, and comes back by itself."""

import http.cookiejar
import re
import signal
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.heapadmin.running import Installation, eventually
from tests.small_disk import small_disk

pytestmark = pytest.mark.timeout(300)
PROMPTLY_SECONDS = 15


@pytest.fixture
def disk():
    with small_disk(400) as disk:
        yield disk


@pytest.fixture
def running(disk):
    installation = Installation(disk.folder / "data", WEB_WORKERS="1")
    try:
        yield installation.start()
    finally:
        disk.empty()
        installation.end()


@pytest.fixture
def installation(running, disk):
    """Its disk is full, and its PostgreSQL is dead."""
    disk.fill()
    postmaster(running).kill()
    assert eventually(lambda: "PostgreSQL does not start" in running.read())
    return running


def postmaster(installation):
    return min(installation.processes("bin/postgres"), key=lambda process: process.create_time())


def test_it_goes_on_answering_and_comes_back_when_there_is_room(installation, disk):
    app_id = installation.app_id()
    worker = installation.processes("heapadmin.gunicorn_conf")[-1]
    assert "PostgreSQL does not start: the disk is full" in installation.read()
    assert "Make room" in installation.read()

    assert send(installation, app_id) == 503
    worker.kill()
    assert eventually(lambda: send(installation, app_id) == 503), "a dead worker is not replaced"
    status, page = installation.get("/status/")
    assert (status, "The disk of the database is full." in page) == (200, True)
    time.sleep(10)  # longer than five tries take
    assert installation.process.poll() is None, installation.read()
    assert installation.read().count("PostgreSQL does not start") == 1

    disk.empty()
    assert eventually(lambda: installation.get("/readyz")[0] == 200, seconds=60)
    assert eventually(lambda: send(installation, app_id) == 200)
    assert "PostgreSQL answers again." in installation.read()


def test_asked_to_stop_meanwhile_it_ends_promptly(installation):
    asked = time.monotonic()

    assert installation.stop(signal.SIGTERM) == 0

    assert time.monotonic() - asked < PROMPTLY_SECONDS
    assert installation.processes() == []


def send(installation, app_id):
    return installation.post("/api/track", {"app_id": app_id, "identity": "a", "event": "E"})


def test_a_first_sign_in_is_told_that_the_disk_is_full(running, disk):
    """The first of all, for which tables need the first page of their files."""
    browser = Browser(running)
    disk.fill()

    status, page = browser.sign_in()
    assert (status, "Too many" in page) == (503, False)
    assert "The disk of the server is full." in page

    disk.empty()
    assert eventually(lambda: browser.sign_in()[0] == 200)
    disk.fill()
    assert browser.open("/account/me/")[0] == 200


class Browser:
    """One that keeps its cookies and follows redirects."""

    def __init__(self, installation):
        self.base = f"http://127.0.0.1:{installation.port}"
        self.login = dict(re.findall("(e-mail|password) +(\\S+)", installation.read()))
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def open(self, path, data=None):
        """Status and body."""
        try:
            with self.opener.open(
                self.base + path, data and urllib.parse.urlencode(data).encode(), timeout=60
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def sign_in(self):
        token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', self.open("/login/login/")[1])[1]
        typed = {"login": self.login["e-mail"], "password": self.login["password"], "csrfmiddlewaretoken": token}
        return self.open("/login/login/", typed)
