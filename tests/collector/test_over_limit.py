"""The limit and the counts through real HTTP: one worker that takes two events a second, a minute's worth at once."""

import time

import pytest

from tests.servers import CollectingServer, served_database

PER_SECOND = 2
HOLDS = 60 * PER_SECOND
EVENT = {"identity": "a", "event": "E"}
SECONDS = 20  # for counts to be written


@pytest.fixture(scope="module")
def limited_server(django_db_setup, django_db_blocker, tmp_path_factory):
    with served_database(django_db_blocker) as url:
        folder = tmp_path_factory.mktemp("limited")
        server = CollectingServer(
            url, folder, "heapadmin.collector_asgi:application", workers=1, EVENTS_PER_SECOND=str(PER_SECOND)
        ).start()
        yield server
        server.stop()


@pytest.fixture
def server(limited_server, django_db_blocker):
    with django_db_blocker.unblock():
        yield limited_server


@pytest.fixture
def environment(server):
    return server.make_environment()


def send(server, environment, count=1):
    return server.post("/api/track", {"app_id": environment.app_id, "events": [EVENT] * count})


def test_a_bulk_comes_in_whole_and_what_follows_waits(server, environment):
    bulk = send(server, environment, 1_000)
    refused = send(server, environment)

    assert (bulk.status, refused.status) == (200, 429)
    wait = (1_000 - HOLDS) / PER_SECOND
    assert wait / 2 < int(refused.headers["retry-after"]) <= wait
    assert refused.headers["access-control-allow-origin"] == "*"
    assert refused.headers["content-type"] == "text/plain"
    assert len(server.events(environment)) == 1_000


def test_beacons_and_people_wait_with_the_events(server, environment):
    send(server, environment, 1_000)

    beacon = server.request("GET", f"/h?a={environment.app_id}&u=1&z=0")
    person = server.post("/api/add_user_properties", {"app_id": environment.app_id, "identity": "a"})

    assert (beacon.status, person.status) == (429, 429)


def test_others_are_not_kept_waiting(server, environment):
    send(server, environment, 1_000)

    assert send(server, server.make_environment()).status == 200


def test_what_became_of_requests_is_written_within_seconds(server, environment):
    server.exclude("127.0.0.9", environment=environment)
    closed = server.make_environment()
    bad = {"app_id": closed.app_id}
    server.post("/api/track", bad)
    server.query("update accounts_account set closed_at = now() where id = %s returning id", closed.project.account_id)
    while b"closed" not in server.post("/api/track", bad).body:
        time.sleep(0.05)
    send(server, environment, 2)
    server.request("GET", f"/h?a={environment.app_id}&u=1&z=0&t0=E")
    server.post("/api/track", {"app_id": environment.app_id, "events": [EVENT] * 5}, source="127.0.0.9")
    server.post("/api/track", {"app_id": environment.app_id, "events": [EVENT, {}]})
    server.post("/api/track", b"{")
    server.request("OPTIONS", "/api/track")
    send(server, environment, 1_000)
    send(server, environment, 7)

    outcomes = [("bad",), ("closed",)]
    everything = [("accepted", 3, 1_004), ("bad", 1, 2), ("excluded", 1, 5), ("over_limit", 1, 7)]
    assert until_counted(server, environment, everything) == everything
    assert until_counted(server, closed, outcomes, "select distinct outcome") == outcomes
    assert server.query(
        "select bool_and(last_seconds > 0 and slowest_seconds >= last_seconds) from collector_collectedhour"
        " where outcome = 'accepted' and environment_id = %s",
        environment.pk,
    ) == [(True,)]


def until_counted(server, environment, expected, what="select outcome, requests, events"):
    """What is counted once it is as `expected`, or what there is instead after a while."""
    counts = f"{what} from collector_collectedhour where environment_id = %s order by outcome"
    deadline = time.monotonic() + SECONDS
    while (found := server.query(counts, environment.pk)) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    return found
