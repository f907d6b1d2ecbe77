"""Events of the past, imported by programs with an API key, some of which mean no good."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.utils import timezone

from collector.imports import importer
from collector.request import access_tokens
from collector.views import public_api
from events.models import Event
from projects import api_keys
from projects.models import ApiKey, Environment
from tests.collector.test_public_api import Shop, bearer
from tests.factories import EnvironmentFactory
from tests.servers import ALIAS

IMPORT = "/api/public/v0/import"


@pytest.fixture
def shop(server, environment):
    server.query("delete from cache_entries returning 1")  # no attempts yet to get a token
    return Shop(server, environment)


def event_line(number, **fields):
    return json.dumps({"event": "Order", "identity": "ann", "timestamp": 1_400_000_000 + number} | fields)


def send(shop, body, app_id=None, token=None, more="", **headers):
    path = f"{IMPORT}?app_id={app_id or shop.environment.app_id}{more}"
    return shop.server.request("POST", path, body, bearer(token or shop.token) | headers)


def test_a_program_imports_events(shop):
    body = "\n".join([event_line(1), event_line(2), "{", event_line(1)]).encode()

    first, second = send(shop, body), send(shop, gzip.compress(body))

    assert (first.status, second.status) == (200, 200), first.text + second.text
    assert json.loads(first.body) == {
        "lines": 4, "stored": 2, "repeats": 1, "excluded": 0, "bad": 1, "properties_left_out": 0, "texts_cut": 0,
        "identities_ignored": 0,
        "errors": [{"line": 3, "reason": "the line is not valid JSON in UTF-8"}],
    }  # fmt: skip
    assert json.loads(second.body) | {"stored": 2, "repeats": 1} == json.loads(first.body)
    assert shop.rows()["events"] == 2


def test_a_key_imports_into_the_environments_of_its_project_only(shop):
    staging = shop.server.add_environment(shop.project, "Staging")
    other = shop.server.make_environment()

    assert send(shop, event_line(1).encode(), app_id=staging.app_id).status == 200
    for app_id in (other.app_id, "7", "x", "7%00", "\N{SUPERSCRIPT TWO}".encode().hex()):
        assert send(shop, event_line(1).encode(), app_id=app_id).status == 404

    assert (shop.rows(staging)["events"], shop.rows(other)["events"]) == (1, 0)


def test_without_a_token_nothing_is_imported(shop):
    token = shop.token

    assert send(shop, event_line(1).encode(), token="x").status == 401
    ApiKey.objects.using(ALIAS).filter(pk=shop.key.pk).update(revoked_at=timezone.now())
    assert send(shop, event_line(1).encode(), token=token).status == 401

    assert shop.rows()["events"] == 0


def test_if_all_events_are_bad_it_is_a_bad_request(shop):
    answer = send(shop, b"{\n[]\n")

    assert (answer.status, json.loads(answer.body)["bad"]) == (400, 2)
    assert send(shop, b"\n\n").status == 200


def test_an_environment_that_is_being_deleted_imports_nothing(shop):
    staging, token = shop.server.add_environment(shop.project, "Staging"), shop.token
    Environment.objects.using(ALIAS).filter(pk=staging.pk).update(deleting_at=timezone.now())

    assert send(shop, event_line(1).encode(), app_id=staging.app_id, token=token).status == 404
    assert shop.rows(staging)["events"] == 0


def test_lines_that_are_done_are_passed_over(shop):
    body = "\n".join(event_line(number) for number in range(5)).encode()

    answer = send(shop, body, more="&from_line=4")

    assert json.loads(answer.body)["lines"] == json.loads(answer.body)["stored"] == 2
    for wrong in ("x", "-1", "1" * 5_000, "%C2%B2", ""):
        assert send(shop, body, more=f"&from_line={wrong}").status == 400


@pytest.mark.django_db
def test_what_takes_long_is_broken_off_where_it_can_go_on(client, monkeypatch):
    """In this process, whose bounds a test can change."""
    monkeypatch.setattr(public_api, "IMPORT_SECONDS", 0)
    monkeypatch.setattr(importer, "CHUNK_EVENTS", 10)
    monkeypatch.setattr("events.imports.MONTHS", -1)
    environment = EnvironmentFactory()
    key = ApiKey.objects.create(project=environment.project, name="Nightly", digest=api_keys.digest("x"), ending="long")
    token = access_tokens.issue(key)
    body = "\n".join(event_line(number) for number in range(25))
    path, done = f"{IMPORT}?app_id={environment.app_id}", []

    while len(done) < 9 and (not done or done[-1] < 25):
        following = f"&from_line={done[-1] + 1}" if done else ""
        answer = client.post(path + following, body, content_type="text/plain", headers=bearer(token))
        assert answer.status_code == 503 and int(answer["Retry-After"]) > 0
        done.append(int(answer["X-Heapadmin-Lines-Done"]))

    assert done == [10, 20, 25]
    assert "this takes long; up to line 25 all is done: go on with from_line=26" in answer.content.decode()
    assert Event.objects.filter(environment_id=environment.pk).count() == 25


def test_a_sender_from_an_excluded_ip_imports_nothing_by_the_api(shop):
    shop.server.exclude("127.0.0.1", environment=shop.environment)

    answer = send(shop, event_line(1).encode())

    assert answer.status == 403
    assert json.loads(answer.body)["code"] == "excluded_ip"
    assert shop.rows()["events"] == 0


def test_what_goes_beyond_the_bounds_is_said_and_what_came_before_stays(shop):
    bomb = gzip.compress(event_line(1).encode() + b"\n" + (b" " * 2**20 + b"\n") * 70)

    answer = send(shop, bomb)

    assert answer.status == 400
    assert "line 65 goes beyond 67,108,864 bytes" in answer.text and answer.headers["x-heapadmin-lines-done"] == "64"
    assert shop.rows()["events"] == 1


def test_a_line_without_end_is_not_read_to_its_end(shop):
    answer = send(shop, gzip.compress(b"x" * 2**29))

    assert (answer.status, answer.headers["x-heapadmin-lines-done"]) == (400, "0")
    assert "line 1 goes beyond 67,108,864 bytes" in answer.text


@pytest.mark.parametrize("body", [gzip.compress(b"{}" * 999)[:-3], b"\x1f\x8b" + b"x" * 99], ids=["cut off", "none"])
def test_gzip_that_is_none_is_a_bad_request(shop, body):
    answer = send(shop, body)

    assert answer.status == 400 and "cannot be read" in answer.text


def test_a_body_beyond_what_pages_take_is_refused(shop):
    assert send(shop, b" " * (10 * 2**20 + 1)).status == 413


def test_of_many_imports_at_once_each_process_works_at_one(shop):
    body = "\n".join(event_line(number) for number in range(8_000)).encode()
    token = shop.token

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: send(shop, body, token=token), range(6)))

    busy = [answer for answer in answers if answer.status == 429]
    assert busy and {answer.status for answer in answers} == {200, 429}
    assert all(answer.headers["retry-after"] == "5" for answer in busy)
    assert shop.rows()["events"] == 8_000
