"""The same requests through the plain Django view, as `runserver` and WSGI workers answer them."""

import json

import pytest
from django.db import OperationalError

from collector import wsgi
from collector.counts import metrics
from collector.counts.excluded import RecentlyExcluded
from collector.counts.tally import Tally
from collector.models import CollectedHour
from common import periodic_writer
from common.token_buckets import Buckets
from events.faults import Unavailable, Why
from ipfilter.counters import Counters
from ipfilter.models import ExcludedIP, ExcludedIPList, KeptOut
from tests.events.making import events, people
from tests.factories import EnvironmentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def known_afresh(monkeypatch):
    monkeypatch.setattr(wsgi, "MAX_AGE_SECONDS", 0)
    monkeypatch.setattr(wsgi, "buckets", Buckets(0))
    monkeypatch.setattr(wsgi, "cached_environments", wsgi.CachedEnvironments())
    monkeypatch.setattr(periodic_writer, "WRITE_SECONDS", 3600)  # by hand, while the test has its database
    monkeypatch.setattr(wsgi, "kept_out", Counters())
    monkeypatch.setattr(wsgi, "recently_excluded", RecentlyExcluded())
    monkeypatch.setattr(wsgi, "tally", Tally())
    monkeypatch.setattr(wsgi, "writer", periodic_writer.TimedWriter(wsgi.kept_out, wsgi.tally))


def post(client, path, payload, **options):
    return client.post(path, json.dumps(payload), content_type="application/json", **options)


def test_an_event_is_committed_and_answered(client):
    environment = EnvironmentFactory()

    response = post(client, "/api/track", {"app_id": environment.app_id, "identity": "a", "event": "E"})

    assert (response.status_code, response.content, response["content-type"]) == (200, b"OK", "text/plain")
    assert response["access-control-allow-origin"] == "*"
    assert [name for _, name in events()] == ["E"]


def test_a_preflight_is_answered(client):
    response = client.options("/h", headers={"access-control-request-headers": "traceparent"})

    assert response.status_code == 204
    assert "traceparent" in response["access-control-allow-headers"]


def test_a_tracker_that_wants_no_body_gets_none(client):
    environment = EnvironmentFactory()

    response = client.post("/h", f"a={environment.app_id}&u=1&z=0&nc=1", content_type="text/plain")

    assert (response.status_code, response.content) == (204, b"")
    assert len(events()) == 1


def test_a_bad_request_says_why(client):
    environment = EnvironmentFactory()

    response = post(client, "/api/track", {"app_id": environment.app_id, "identity": "a"})

    assert response.status_code == 400
    assert b"event is missing" in response.content


def test_a_large_body_is_refused(client):
    response = client.post("/api/track", b" " * (2**20 + 1), content_type="application/json")

    assert response.status_code == 413


def test_an_excluded_address_is_told_so(client):
    environment = EnvironmentFactory()
    excluded = ExcludedIPList.objects.create(account=environment.project.account, text="192.0.2.7")
    ExcludedIP.objects.create(list=excluded, canonical="192.0.2.7", source="192.0.2.7", position=0)
    payload = {"app_id": environment.app_id, "identity": "a", "properties": {}, "event": "E"}

    told = post(client, "/api/add_user_properties", payload, REMOTE_ADDR="192.0.2.7")
    dropped = post(client, "/api/track", payload, REMOTE_ADDR="192.0.2.7")

    assert told.status_code == 403
    assert (dropped.status_code, dropped["x-heapadmin-dropped"]) == (200, "excluded-ip")
    assert people() == {} and events() == []
    wsgi.writer.write()
    assert KeptOut.objects.get().count == 2


def test_without_a_database_it_is_503_and_not_an_ok(client, monkeypatch):
    environment = EnvironmentFactory()
    monkeypatch.setattr(wsgi, "store", unavailable)

    response = post(client, "/api/track", {"app_id": environment.app_id, "identity": "a", "event": "E"})

    assert response.status_code == 503
    assert response["retry-after"]
    wsgi.writer.write()
    assert CollectedHour.objects.get().outcome == "unavailable"


def test_what_became_of_requests_is_counted(client):
    environment = EnvironmentFactory()
    event = {"identity": "a", "event": "E"}
    post(client, "/api/track", {"app_id": environment.app_id} | event)
    post(client, "/api/track", {"app_id": environment.app_id, "events": [event] * 3})
    post(client, "/api/track", {"app_id": environment.app_id})
    post(client, "/api/track", {"app_id": "9999999999"} | event)

    wsgi.writer.write()

    found = CollectedHour.objects.filter(environment=environment).values_list("outcome", "requests", "events")
    assert sorted(found) == [("accepted", 2, 4), ("bad", 1, 1)]
    assert CollectedHour.objects.count() == 2


def test_a_repeat_is_counted_once(client):
    environment = EnvironmentFactory()
    event = {"identity": "a", "event": "E"}
    for keys in (["k"], ["k", "j"], ["k", "j"]):
        items = [event | {"idempotency_key": key} for key in keys]
        post(client, "/api/track", {"app_id": environment.app_id, "events": items})
    for _ in range(2):
        client.get(f"/h?a={environment.app_id}&u=1&v=2&z=0&ts=1790000000000&t0=click&id0=3&ts0=1790000000001")

    wsgi.writer.write()

    found = CollectedHour.objects.values_list("outcome", "requests", "events")
    assert list(found) == [("accepted", 5, 4)]
    assert len(events()) == 4


def test_a_repeat_of_what_was_kept_out_is_counted_once(client):
    environment = EnvironmentFactory()
    excluded = ExcludedIPList.objects.create(account=environment.project.account, text="127.0.0.1")
    ExcludedIP.objects.create(list=excluded, canonical="127.0.0.1", source="127.0.0.1", position=0)
    for st in (1790000000002, 1790000000003):
        client.get(f"/h?a={environment.app_id}&u=1&v=2&z=0&ts=1790000000000&t0=click&id0=3&ts0=1790000000001&st={st}")
    for keys in (["k"], ["k", "j"], [None, None]):
        items = [{"identity": "a", "event": "E", "idempotency_key": key} for key in keys]
        post(client, "/api/track", {"app_id": environment.app_id, "events": items})

    wsgi.writer.write()

    assert KeptOut.objects.get().count == 2 + 1 + 1 + 2
    found = CollectedHour.objects.values_list("outcome", "requests", "events")
    assert list(found) == [("excluded", 5, 6)]


def test_what_no_environment_is_known_of_is_counted_too(client, monkeypatch):
    """As under ASGI, metrics count a body that was not read, and a request whose app_id could not be looked up."""
    before = {outcome: requests_counted(outcome) for outcome in ("bad", "unavailable")}

    client.post("/api/track", b" " * (2**20 + 1), content_type="application/json")
    monkeypatch.setattr(wsgi.cached_environments, "get", no_database)
    refused = post(client, "/api/track", {"app_id": "9999999999", "identity": "a", "event": "E"})
    wsgi.writer.write()

    assert refused.status_code == 503
    assert {outcome: requests_counted(outcome) - count for outcome, count in before.items()} == {
        "bad": 1,
        "unavailable": 1,
    }


def test_counts_that_cannot_be_written_wait(client, monkeypatch):
    environment = EnvironmentFactory()
    post(client, "/api/track", {"app_id": environment.app_id})
    statement = wsgi.tally.statement
    monkeypatch.setattr(wsgi.tally, "statement", unavailable)
    wsgi.writer.write()

    monkeypatch.setattr(wsgi.tally, "statement", statement)
    post(client, "/api/track", {"app_id": environment.app_id})
    wsgi.writer.write()

    assert CollectedHour.objects.get().requests == 2


def test_over_the_limit_it_is_429_and_nothing_is_stored(client, monkeypatch):
    monkeypatch.setattr(wsgi, "buckets", Buckets(0.001))
    environment = EnvironmentFactory()
    event = {"identity": "a", "event": "E"}
    post(client, "/api/track", {"app_id": environment.app_id, "events": [event] * 3})

    response = post(client, "/api/track", {"app_id": environment.app_id} | event)

    assert response.status_code == 429
    assert int(response["retry-after"]) > 0
    assert len(events()) == 3


def unavailable(records):
    raise Unavailable(Why.NO_ANSWER)


def no_database(**options):
    raise OperationalError


def requests_counted(outcome: str) -> float:
    labels = {"endpoint": "/api/track", "outcome": outcome}
    return metrics.REGISTRY.get_sample_value("heapadmin_requests_total", labels) or 0.0


@pytest.mark.parametrize("path", ["//api/track", "/api/track/", "/api//track//"])
def test_a_slash_too_many_loses_nothing(client, path):
    environment = EnvironmentFactory()
    event = {"app_id": environment.app_id, "identity": "a", "event": "E"}

    response = post(client, "/", event, PATH_INFO=path)  # Django's client takes `//api` for a host

    assert (response.status_code, response.content) == (200, b"OK")
    assert len(events()) == 1


@pytest.mark.parametrize("path", ["//h", "/h/"])
def test_a_beacon_may_have_one_too_many(client, path):
    environment = EnvironmentFactory()

    response = client.get("/", {"a": environment.app_id, "u": 1, "t0": "E"}, PATH_INFO=path)

    assert (response.status_code, len(events())) == (200, 1)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("//js/heap-{}.js", 200), ("/js/heap-{}.js/", 200), ("//config/{}//heap_config.js", 200),
        ("//api/public/v0/auth_token", 405), ("/api/public/v0/user_deletion/", 405),
        ("//api/public/v0/deletion_status/5", 401), ("//api/nothing", 404),
    ],
)  # fmt: skip
def test_so_may_the_tracker_and_the_paths_for_holders_of_a_key(client, path, status):
    assert client.get("/", PATH_INFO=path.format(EnvironmentFactory().app_id)).status_code == status
