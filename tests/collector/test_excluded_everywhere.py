"""Every collecting endpoint in all its forms, from an excluded address and from another one, over two workers.

What is answered and what is stored are both looked at. An endpoint without a row here fails.
"""

import time
from typing import NamedTuple

import psycopg
import pytest

from collector.decide import ENDPOINTS, PROTOBUF
from ipfilter.models import ExcludedIP, KeptOut
from tests.collector.waiting import until_all_workers_say
from tests.servers import ALIAS, conninfo_of

OUT, IN = "127.0.0.2", "127.0.0.3"
TIMES = 6  # each over a connection of its own, so that both workers are asked
STORED = ("events", "people", "merges", "customers", "idempotency_keys")

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PERSON = {"identity": "ann", "properties": {"plan": "free"}}
PARTNER = {"user_identifier": {"identity": "ann"}}
BEACON = "b=web&v=2&s=3&d=shop.example&h=%2F&tv=4.0&ts=1790000000000&st=1790000000000&sp=d&sp=shop.example"
IOS = '{{"messages": [{{"envId": "{app_id}", "user": {{"id": "1"}}, "event": {{"custom": {{"name": "E"}}}}}}]}}'


class Sent(NamedTuple):
    """One form of a request. `query` and `form` are those of beacons; {app_id} in them is filled in."""

    path: str
    form: str
    json: dict | None = None
    query: str = ""
    body: str = ""
    is_about_people: bool = False
    stores: bool = True


CASES = [
    Sent("/api/track", "single", {"identity": "ann", "event": "E"}),
    Sent("/api/track", "bulk", {"events": [{"identity": "ann", "event": "E"}, {"identity": "bob", "event": "E"}]}),
    Sent("/api/add_user_properties", "single", PERSON, is_about_people=True),
    Sent("/api/add_user_properties", "bulk", {"users": [PERSON, PERSON | {"identity": "bob"}]}, is_about_people=True),
    Sent("/api/add_account_properties", "single", {"account_id": "a", "properties": {"x": 1}}, is_about_people=True),
    Sent(
        "/api/add_account_properties",
        "bulk",
        {"accounts": [{"account_id": "a", "properties": {"x": 1}}]},
        is_about_people=True,
    ),
    Sent("/api/v1/identify", "single", {"identity": "ann", "user_id": "1"}, is_about_people=True),
    Sent("/api/identify", "single", PERSON, is_about_people=True),
    Sent("/api/integrations/track", "bulk", {"library": "l", "events": [PARTNER | {"event": "E"}]}),
    Sent(
        "/api/integrations/add_user_properties",
        "bulk",
        {"library": "l", "users": [PARTNER | {"custom_properties": {"x": 1}}]},
        is_about_people=True,
    ),
    Sent("/api/integrations/ios/track", "bulk", body=IOS),
    Sent("/h", "beacon", query=f"a={{app_id}}&u=1&z=2&{BEACON}&id0=4&t0=click&ts0=1790000000000"),
    Sent("/h", "posted beacon", body=f"a={{app_id}}&u=1&z=2&{BEACON}&id0=4&t0=click&ts0=1790000000000"),
    Sent("/api/identify_v3", "beacon", query=f"a={{app_id}}&u=1&i=ann&{BEACON}", is_about_people=True),
    Sent("/api/add_user_properties_v3", "beacon", query=f"a={{app_id}}&u=1&_plan=free&{BEACON}", is_about_people=True),
    Sent("/api/telemetry", "beacon", query="a={app_id}", stores=False),
]
CASES = [case for case in CASES if case.path in ENDPOINTS]


@pytest.fixture(scope="module")
def excluding(collecting_server, django_db_blocker):
    """An account that excludes OUT everywhere, and every worker knows it."""
    with django_db_blocker.unblock():
        environment = collecting_server.make_environment()
        collecting_server.exclude(f"{OUT} # secret note", account=environment.project.account)
        assert until_all_workers_say(collecting_server, environment.app_id, 403, path="/api/identify", source=OUT)
    return environment


@pytest.fixture
def place(server, excluding):
    """A new environment of that account, with nothing in it, which every worker knows."""
    environment = server.add_environment(excluding.project, f"Copy {time.monotonic_ns()}")
    assert until_all_workers_say(server, environment.app_id, 400, path="/api/identify", source=IN)
    return environment


def send(server, case, app_id, source):
    """Send one form of a request; the connection's other end is `source`."""
    if case.json is not None:
        return server.post(case.path, {"app_id": app_id} | case.json, source=source)
    if case.body:
        return server.request("POST", case.path, case.body.format(app_id=app_id), FORM, source=source)
    return server.request("GET", f"{case.path}?{case.query.format(app_id=app_id)}", source=source)


def stored(server, environment):
    counts = ", ".join(f"(select count(*) from {table} where environment_id = {environment.pk})" for table in STORED)
    return sum(server.query(f"select {counts}")[0])


def named(case):
    return f"{case.path}-{case.form}".replace(" ", "-")


def test_every_endpoint_has_a_row():
    assert {case.path for case in CASES} == set(ENDPOINTS) - set(PROTOBUF)


@pytest.mark.parametrize("path", PROTOBUF)
def test_what_is_not_read_is_answered_the_same_from_everywhere(server, place, path):
    headers = {"X-Heap-Env-Id": place.app_id, "Content-Type": "application/octet-stream"}
    inside, outside = (server.request("POST", path, b"\x0a\x00", headers, source=source) for source in (IN, OUT))

    assert (inside.status, inside.body) == (outside.status, outside.body)
    assert inside.status == 415 and b"protobuf" in inside.body
    assert stored(server, place) == 0


@pytest.mark.parametrize("case", CASES, ids=named)
def test_an_excluded_address_stores_nothing(server, place, case):
    answers = [send(server, case, place.app_id, OUT) for _ in range(TIMES)]

    assert {answer.status for answer in answers} == {403 if case.is_about_people else 200}
    assert {answer.headers["access-control-allow-origin"] for answer in answers} == {"*"}
    assert stored(server, place) == 0
    if case.is_about_people:
        assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
        assert all(b'"code":"excluded_ip"' in answer.body for answer in answers)
        assert not any(OUT.encode() in answer.body or b"secret" in answer.body for answer in answers)
    else:
        assert {answer.headers["x-heapadmin-dropped"] for answer in answers} == {"excluded-ip"}
        assert {answer.body for answer in answers} == {send(server, case, place.app_id, IN).body}


@pytest.mark.parametrize("case", CASES, ids=named)
def test_any_other_address_is_collected_from(server, place, case):
    answers = [send(server, case, place.app_id, IN) for _ in range(TIMES)]

    assert {answer.status for answer in answers} == {200}
    assert {answer.headers["x-heapadmin-dropped"] for answer in answers} == {None}
    assert (stored(server, place) > 0) == case.stores


@pytest.mark.parametrize("path", sorted(ENDPOINTS))
@pytest.mark.parametrize("source", [OUT, IN])
def test_a_preflight_is_answered_the_same_and_stores_nothing(server, place, path, source):
    asked = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }

    answer = server.request("OPTIONS", path, headers=asked, source=source)

    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-credentials"] is None
    assert stored(server, place) == 0


def test_what_is_kept_out_is_counted_by_rule_and_environment(server, place):
    case = next(case for case in CASES if case.form == "bulk")
    for _ in range(TIMES):
        send(server, case, place.app_id, OUT)

    deadline = time.monotonic() + 10
    while (rows := counted(place)) != [(OUT, 2 * TIMES)] and time.monotonic() < deadline:
        time.sleep(0.1)

    assert rows == [(OUT, 2 * TIMES)]


def counted(environment):
    """(rule, how many events), summed up over days: the test may run over midnight."""
    totals = {}
    for row in KeptOut.objects.using(ALIAS).filter(environment_id=environment.pk).select_related("rule"):
        totals[row.rule.source] = totals.get(row.rule.source, 0) + row.count
    return list(totals.items())


def test_a_change_whose_notification_is_lost_is_found_by_looking(server):
    environment = server.make_environment()
    assert until_all_workers_say(server, environment.app_id, 200, source=OUT)
    excluded = server.exclude("192.0.2.1", environment=environment)
    rule = ExcludedIP.objects.using(ALIAS).get(list=excluded)

    with_no_trigger(server, f"update ipfilter_excludedip set canonical = '{OUT}' where id = {rule.pk}")
    with_no_trigger(server, f"update ipfilter_excludediplist set stamp = -1 where id = {excluded.pk}")

    assert until_all_workers_say(server, environment.app_id, 403, path="/api/identify", source=OUT)


def with_no_trigger(server, statement):
    """Run a statement without notifying the collectors."""
    silent = "-c session_replication_role=replica"
    with psycopg.connect(conninfo_of(server.url), autocommit=True, options=silent) as connection:
        connection.execute(statement)
