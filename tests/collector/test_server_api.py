"""The server API over real HTTP: what is answered, and what is then in the tables."""

import gzip
import json
import threading

import pytest

from accounts.models import Account
from events.identity import actor_of
from tests.collector.waiting import until_all_workers_say

MARCH = "2017-03-10T22:21:56+00:00"


def test_track_stores_an_event_and_its_person(server, environment):
    payload = {
        "app_id": environment.app_id, "event": "Order", "identity": "ann@shop.example",
        "properties": {"amount": 12.5, "ok": True, "none": None}, "timestamp": MARCH, "session_id": "77",
    }  # fmt: skip

    answer = server.post("/api/track", payload)

    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"OK", "text/plain")
    actor = actor_of(environment.pk, "ann@shop.example")
    what = "name, kind, actor_id, session_id, properties, time = '2017-03-10 22:21:56+00'"
    stored = {"amount": 12.5, "ok": True, "none": None}
    assert server.events(environment, what) == [("Order", "custom", actor, 77, stored, True)]
    assert server.people(environment) == {"ann@shop.example": {}}


def test_track_takes_several_events_at_once(server, environment):
    items = [{"identity": f"u{number}", "event": f"E{number}"} for number in range(1000)]

    answer = server.post("/api/track", {"app_id": int(environment.app_id), "events": items})

    assert (answer.status, answer.body) == (200, b"OK")
    assert [name for (name,) in server.events(environment)] == [f"E{number}" for number in range(1000)]


def test_one_bad_item_refuses_the_whole_request_and_is_named(server, environment):
    items = [{"identity": "a", "event": "E"}] * 3 + [{"identity": "a", "event": ""}]

    answer = server.post("/api/track", {"app_id": environment.app_id, "events": items})

    assert answer.status == 400
    assert answer.text == "Bad Request\nevents[3].event must have 1 to 1,024 characters\n"
    assert server.events(environment) == []


def test_properties_are_set_and_the_last_value_wins(server, environment):
    for properties in ({"plan": "free", "seats": 3}, {"plan": "pro"}):
        payload = {"app_id": environment.app_id, "identity": "ann", "properties": properties}
        assert server.post("/api/add_user_properties", payload).body == b"OK"

    assert server.people(environment) == {"ann": {"plan": "pro", "seats": 3}}


def test_properties_of_several_people_at_once(server, environment):
    users = [{"identity": f"u{number}", "properties": {"n": number}} for number in range(1000)]

    answer = server.post("/api/add_user_properties", {"app_id": environment.app_id, "users": users})

    assert answer.body == b"OK"
    assert server.people(environment) == {f"u{number}": {"n": number} for number in range(1000)}


def test_properties_of_an_anonymous_visitor(server, environment):
    payload = {"app_id": environment.app_id, "user_id": "53", "properties": {"a": 1}}

    server.post("/api/add_user_properties", payload)

    assert server.people(environment) == {"53": {"a": 1}}


def test_identify_makes_a_visitors_past_somebodys(server, environment):
    app_id = environment.app_id
    server.post("/api/track", {"app_id": app_id, "user_id": 53, "event": "Before"})
    server.post("/api/add_user_properties", {"app_id": app_id, "user_id": 53, "properties": {"a": 1}})

    answer = server.post("/api/v1/identify", {"app_id": app_id, "user_id": "53", "identity": "ann"})

    assert answer.body == b"OK"
    merges = server.query("select from_actor, to_actor from merges where environment_id = %s", environment.pk)
    assert merges == [(53, actor_of(environment.pk, "ann"))]
    assert server.people(environment) == {"ann": {"a": 1}}


def test_the_old_identify_sets_properties_and_answers_an_object(server, environment):
    payload = {"app_id": environment.app_id, "identity": "ann", "properties": {"a": 1}}

    answer = server.request("POST", "/api/identify", json.dumps(payload), {"Content_Type": "application/json"})

    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"{}", "application/json")
    assert server.people(environment) == {"ann": {"a": 1}}


def test_customers_get_properties_one_or_several(server, environment):
    app_id = environment.app_id
    server.post("/api/add_account_properties", {"app_id": app_id, "account_id": 5, "properties": {"a": 1}})
    accounts = [{"account_id": "5", "properties": {"b": 2}}, {"account_id": "6", "properties": {}}]
    server.post("/api/add_account_properties", {"app_id": app_id, "accounts": accounts})

    sql = "select account_id, properties from customers where environment_id = %s order by 1"
    assert server.query(sql, environment.pk) == [("5", {"a": 1, "b": 2}), ("6", {})]


def test_a_repeated_idempotency_key_is_answered_like_the_first_and_changes_nothing(server, environment):
    payload = {"app_id": environment.app_id, "identity": "ann", "event": "Order", "idempotency_key": "k1"}

    answers = [server.post("/api/track", payload).body for _ in range(5)]

    assert answers == [b"OK"] * 5
    assert len(server.events(environment)) == 1


def test_a_text_plain_body_is_read_as_json(server, environment):
    payload = json.dumps({"app_id": environment.app_id, "identity": "ann", "event": "Order"})

    answer = server.request("POST", "/api/track", payload, {"Content-Type": "text/plain;charset=UTF-8"})

    assert answer.body == b"OK"


def test_a_gzip_body_is_read(server, environment):
    payload = gzip.compress(json.dumps({"app_id": environment.app_id, "identity": "ann", "event": "Order"}).encode())

    answer = server.post("/api/track", payload, {"Content-Encoding": "gzip"})

    assert answer.body == b"OK"


def test_every_answer_can_be_read_from_any_origin(server, environment):
    answers = [
        server.request("OPTIONS", "/api/track", headers={"Origin": "https://shop.example"}),
        server.post("/api/track", {"app_id": environment.app_id, "identity": "a", "event": "E"}),
        server.post("/api/track", b"{"),
        server.request("POST", "/api/track", b"x=1", {"Content-Type": "application/x-www-form-urlencoded"}),
        server.post("/api/track", b" " * (2**20 + 1)),
        server.request("GET", "/api/track"),
    ]

    assert [answer.status for answer in answers] == [204, 200, 400, 415, 413, 405]
    assert {answer.headers["access-control-allow-origin"] for answer in answers} == {"*"}
    assert "Content-Type" in answers[0].headers["access-control-allow-headers"]
    assert all("access-control-allow-credentials" not in answer.headers for answer in answers)


def test_a_chunked_body_that_is_too_large_is_refused_while_it_comes(server):
    def endless():
        for _ in range(64):
            yield b" " * 2**16

    answer = server.request("POST", "/api/track", endless(), {"Content-Type": "application/json"})

    assert answer.status == 413


@pytest.mark.parametrize("app_id", ["1", "9999999999", "0" * 900, 12])
def test_an_unknown_app_id_is_refused(server, app_id):
    answer = server.post("/api/track", {"app_id": app_id, "identity": "a", "event": "E"})

    assert answer.status == 400
    assert "is not known here" in answer.text


def test_a_new_environment_takes_events_at_once_though_its_app_id_was_asked_for_before(server):
    project = server.make_environment().project
    app_id = "1234567899"
    for _ in range(8):
        assert server.post("/api/track", {"app_id": app_id, "identity": "a", "event": "E"}).status == 400

    made = server.add_environment(project, "Staging", app_id=app_id)

    assert until_all_workers_say(server, app_id, 200)
    assert server.events(made)


def test_a_closed_account_is_refused_and_taken_again_when_it_is_reopened(server, environment):
    account = Account.objects.using("served").filter(pk=environment.project.account_id)
    account.update(closed_at="2026-01-01T00:00:00Z")
    assert until_all_workers_say(server, environment.app_id, 400)

    account.update(closed_at=None)

    assert until_all_workers_say(server, environment.app_id, 200)


def test_other_paths_go_to_the_pages(server):
    assert server.request("GET", "/healthz").body == b"ok\n"


def test_requests_at_once_are_all_stored(server, environment):
    def send(number):
        for place in range(20):
            payload = {"app_id": environment.app_id, "identity": f"u{number}", "event": f"{number}-{place}"}
            assert server.post("/api/track", payload).body == b"OK"

    threads = [threading.Thread(target=send, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({name for (name,) in server.events(environment)}) == 320
