"""The partner form of the server API."""

import pytest

from events.identity import actor_of
from events.records import PersonChange
from tests.collector.asking import APP_ID, NOW, ask, line


def track(**fields):
    item = {"event": "E", "user_identifier": {"identity": "ann"}} | fields
    return ask("/api/integrations/track", {"app_id": APP_ID, "library": "l", "events": [item]})


@pytest.mark.parametrize(
    ("said", "actor", "identity"),
    [
        ({"identity": "ann", "email": "a@b.example", "user_id": 5}, actor_of(7, "ann"), "ann"),
        ({"user_id": "5", "email": "a@b.example"}, 5, None),
        ({"email": "a@b.example", "anonymous_id": "x"}, actor_of(7, "a@b.example"), "a@b.example"),
        ({"anonymous_id": "12"}, 12, None),
    ],
)
def test_the_surest_of_what_is_said_counts(said, actor, identity):
    (event,) = track(user_identifier=said).records

    assert (event.actor_id, event.identity) == (actor, identity)


def test_an_anonymous_id_of_another_system_is_always_the_same_visitor():
    first, again, other = (
        track(user_identifier={"anonymous_id": each}).records[0].actor_id for each in ("9f-1", "9f-1", "9f-2")
    )

    assert first == again != other
    assert 0 <= first < 2**53


@pytest.mark.parametrize("timestamp", ["2026-09-21T12:00:00Z", NOW - 5, int(NOW) * 1000])
def test_time_is_iso_or_unix(timestamp):
    assert track(timestamp=timestamp).answer.body == b"OK"


def test_properties_and_keys_are_kept():
    (event,) = track(custom_properties={"a": {"b": 1}}, idempotency_key="k").records

    assert event.properties == {"a.b": 1}
    assert event.key


def test_properties_of_people():
    users = [{"user_identifier": {"identity": "ann"}, "custom_properties": {"plan": "pro"}}]

    decision = ask("/api/integrations/add_user_properties", {"app_id": APP_ID, "users": users})

    assert (decision.answer.status, decision.answer.body) == (200, b"OK")
    assert decision.records == [
        PersonChange(environment_id=7, actor_id=actor_of(7, "ann"), identity="ann", at=NOW, properties={"plan": "pro"})
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"user_identifier": None}, "events[0].user_identifier is missing"),
        ({"user_identifier": "ann"}, "events[0].user_identifier must be an object"),
        (
            {"user_identifier": {}},
            "events[0].user_identifier.identity, user_id, email or anonymous_id is missing",
        ),
        ({"event": ""}, "events[0].event must have 1 to 1,024 characters"),
        ({"custom_properties": 1}, "events[0].custom_properties must be an object"),
    ],
)
def test_what_does_not_do_is_named(fields, expected):
    assert line(track(**fields)) == expected


def test_without_events_it_is_refused():
    assert line(ask("/api/integrations/track", {"app_id": APP_ID})) == "events must be an array"
