"""How an excluded address is answered, and that nothing from it is stored. 127.0.0.2 stands for a visitor."""

import pytest

from tests.collector.waiting import until_all_workers_say
from tests.servers import ALIAS

OUT, IN = "127.0.0.2", "127.0.0.3"

TRACKS = [
    ("/api/track", {"identity": "a", "event": "E"}),
    ("/api/track", {"events": [{"identity": "a", "event": "E"}]}),
    ("/api/track", {"nonsense": 1}),
]
PEOPLE = [
    ("/api/add_user_properties", {"identity": "a", "properties": {"x": 1}}),
    ("/api/add_user_properties", {"users": [{"identity": "a", "properties": {"x": 1}}]}),
    ("/api/add_account_properties", {"account_id": "a", "properties": {"x": 1}}),
    ("/api/add_account_properties", {"accounts": [{"account_id": "a", "properties": {"x": 1}}]}),
    ("/api/v1/identify", {"identity": "a", "user_id": "1"}),
    ("/api/identify", {"identity": "a", "properties": {"x": 1}}),
    ("/api/identify", {"nonsense": 1}),
]


@pytest.fixture
def excluding(server, environment):
    """An environment that excludes OUT, and every worker knows it."""
    server.exclude(f"{OUT}  # somebody", environment=environment)
    assert until_excluded(server, environment.app_id)
    return environment


def until_excluded(server, app_id):
    return until_all_workers_say(server, app_id, 403, path="/api/identify", source=OUT)


def everything_stored(server, environment):
    tables = ("events", "people", "merges", "customers", "idempotency_keys")
    counts = ", ".join(f"(select count(*) from {table} where environment_id = {environment.pk})" for table in tables)
    return sum(server.query(f"select {counts}")[0])


@pytest.mark.parametrize(("path", "payload"), TRACKS)
def test_tracks_are_answered_as_usual_and_dropped(server, excluding, path, payload):
    answer = server.post(path, {"app_id": excluding.app_id} | payload, source=OUT)

    assert (answer.status, answer.body) == (200, b"OK")
    assert answer.headers["x-heapadmin-dropped"] == "excluded-ip"
    assert everything_stored(server, excluding) == 0


@pytest.mark.parametrize(("path", "payload"), PEOPLE)
def test_calls_about_people_are_answered_403(server, excluding, path, payload):
    answer = server.post(path, {"app_id": excluding.app_id} | payload, source=OUT)

    assert answer.status == 403
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert b'"code":"excluded_ip"' in answer.body
    assert OUT.encode() not in answer.body and b"somebody" not in answer.body
    assert everything_stored(server, excluding) == 0


@pytest.mark.parametrize(("path", "payload"), [TRACKS[0], PEOPLE[0]])
def test_other_addresses_are_not_concerned(server, excluding, path, payload):
    answer = server.post(path, {"app_id": excluding.app_id} | payload, source=IN)

    assert answer.status == 200
    assert "x-heapadmin-dropped" not in answer.headers
    assert everything_stored(server, excluding) > 0


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "CF-Connecting-IP", "Client-IP"])
def test_nobody_states_another_address(server, excluding, name):
    value = f"for={IN}" if name == "Forwarded" else IN
    payload = {"app_id": excluding.app_id, "identity": "a", "properties": {"ip": IN}, "ip": IN}

    assert server.post("/api/add_user_properties", payload, {name: value}, source=OUT).status == 403
    assert server.post("/api/add_user_properties", payload, {name: OUT}, source=IN).status == 200


def test_an_environments_own_list_does_not_concern_its_sister(server, excluding):
    sister = server.add_environment(excluding.project, "Staging")

    assert until_all_workers_say(server, sister.app_id, 200, source=OUT)
    assert server.events(sister)


def test_an_accounts_list_concerns_all_its_environments_and_no_other_account(server, environment):
    sister = server.add_environment(environment.project, "Staging")
    stranger = server.make_environment()

    server.exclude("127.0.0.2/32", account=environment.project.account)

    assert until_excluded(server, environment.app_id)
    assert until_excluded(server, sister.app_id)
    assert until_all_workers_say(server, stranger.app_id, 200, source=OUT)
    assert server.events(stranger)


def test_a_removed_rule_lets_data_in_again(server, excluding):
    excluding.excluded_ip_list.rules.using(ALIAS).all().delete()

    assert until_all_workers_say(server, excluding.app_id, 200, path="/api/identify", source=OUT)
    assert server.people(excluding) == {"a": {}}
