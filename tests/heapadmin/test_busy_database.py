"""One person's questions, or a locked table: other pages come all the same, and say what is wrong."""

import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import psycopg
import pytest

from tests.heapadmin.test_slow_readers import signed_in
from tests.servers import CollectingServer, conninfo_of, manage, served_database

LOGIN = {"login": "ada@shop.example", "password": "spring-rain-7"}
MAKE_EVENTS = """
insert into events (environment_id, time, actor_id, session_id, kind, name)
select %s, now() - n * interval '2 seconds', n %% 5000, n / 9, 'custom', 'E' || n %% 5 from generate_series(1, %s) n
"""
EVENTS = 600_000  # one such funnel takes seconds
STEPS = {f"step.{number}.event": "builtin:any" for number in range(10)}
QUESTION = urlencode({"run": 1, "wait": 1, "days": 365} | STEPS)
ASKED = 18
PROMPT_SECONDS = 5.0  # for a page on a machine that is busy with questions; they take longer, one after the other
LOCK_SECONDS = 8.0  # for a page while the events are locked, with several statements that give up


@pytest.fixture(scope="module")
def url(django_db_setup, django_db_blocker):
    with served_database(django_db_blocker) as url:
        yield url


@pytest.fixture(scope="module")
def environment(url):
    login = [f"--email={LOGIN['login']}", f"--password={LOGIN['password']}"]
    made = json.loads(manage(url, "createaccount", *login, "--account=A", "--json"))
    environment = made["environments"][0]
    with psycopg.connect(conninfo_of(url), autocommit=True) as connection:
        connection.execute(MAKE_EVENTS, [environment["id"], EVENTS])
        connection.execute("analyze events")
        (account_id,) = connection.execute("select id from accounts_account").fetchone()
    return environment | {"account_id": account_id}


@pytest.fixture(scope="module", params=["asgi", "wsgi"])
def server(request, url, environment, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    conf = {"asgi": "heapadmin.gunicorn_conf", "wsgi": "heapadmin.gunicorn_wsgi_conf"}[request.param]
    server = Pages(url, folder, f"heapadmin.{request.param}:application", workers=1, conf=conf).collect_static().start()
    yield server
    server.stop()


class Pages(CollectingServer):
    def has_started(self):
        with contextlib.suppress(OSError):
            return self.request("GET", "/healthz").status == 200
        return False

    def page(self, path, cookies):
        began = time.monotonic()
        answer = self.request("GET", path, headers={"Cookie": cookies}.items())
        return answer, time.monotonic() - began


@pytest.fixture
def cookies(server):
    return signed_in(server)


def test_eighteen_questions_of_one_person_keep_no_page_waiting(server, environment, cookies):
    path = f"/env/{environment['app_id']}/funnel/?{QUESTION}"
    with ThreadPoolExecutor(ASKED) as pool:
        asked = [pool.submit(server.page, path, cookies) for _ in range(ASKED)]
        time.sleep(0.5)
        seconds = [server.page("/account/me/", cookies)[1] for _ in range(5)]
        answers = [each.result()[0] for each in asked]

    assert max(seconds) < PROMPT_SECONDS
    assert [answer.status for answer in answers] == [200] * ASKED
    queued = [answer for answer in answers if "data-queued" in answer.text]
    assert ASKED - 5 <= len(queued) < ASKED
    assert "waits for its turn" in queued[0].text


def test_pages_come_while_the_events_are_locked(server, environment, cookies):
    app_id = environment["app_id"]
    with psycopg.connect(conninfo_of(server.url)) as other:
        other.execute("lock table events in access exclusive mode")
        pages = {
            path: server.page(path, cookies)
            for path in (
                f"/env/{app_id}/",
                f"/env/{app_id}/install/",
                f"/env/{app_id}/collection/",
                f"/env/{app_id}/freshness/",
                f"/env/{app_id}/live/",
                f"/env/{app_id}/graph/?run=1&wait=1",
                f"/account/{environment['account_id']}/projects/",
            )
        }
        other.rollback()

    assert {path: answer.status for path, (answer, _) in pages.items()} == dict.fromkeys(pages, 200)
    assert max(seconds for _, seconds in pages.values()) < LOCK_SECONDS
    assert "not known" in pages[f"/env/{app_id}/freshness/"][0].text
    assert "not known" in pages[f"/account/{environment['account_id']}/projects/"][0].text
    assert "locked by maintenance" in pages[f"/env/{app_id}/graph/?run=1&wait=1"][0].text


def test_a_page_that_needs_what_is_locked_says_so(server, cookies):
    with psycopg.connect(conninfo_of(server.url)) as other:
        other.execute("lock table accounts_membership in access exclusive mode")
        answer, seconds = server.page("/account/me/", cookies)
        other.rollback()

    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert "The database does not answer in time" in answer.text
    assert seconds < LOCK_SECONDS
