"""Every rule of the protocol's fields, without a server."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from events.identity import MAX_VISITOR, actor_of
from tests.collector.asking import APP_ID, CLOSED, EXCLUDED, NOW, ask, line, track


@pytest.mark.parametrize("app_id", [APP_ID, int(APP_ID)])
def test_app_id_is_a_string_or_a_number(app_id):
    assert track(app_id=app_id).answer.status == 200


@pytest.mark.parametrize(
    ("app_id", "expected"),
    [
        (None, "app_id is missing"),
        ("", "app_id must be digits"),
        ("12a", "app_id must be digits"),
        ("١٢٣", "app_id must be digits"),
        (" 1", "app_id must be digits"),
        (-1, "app_id must be digits"),
        (1.0, "app_id must be digits"),
        (True, "app_id must be digits"),
        ([APP_ID], "app_id must be digits"),
        ("1", "app_id 1 is not known here"),
        ("0" + APP_ID, f"app_id 0{APP_ID} is not known here"),
        (CLOSED, "the account of this app_id is closed"),
    ],
)
def test_an_app_id_that_does_not_do(app_id, expected):
    assert line(track(app_id=app_id)) == expected


@pytest.mark.parametrize("event", ["E", "x" * 1024, "ü" * 1024, "漢" * 1024, "\n", "a\tb", "'; drop table events; --"])
def test_event_is_1_to_1024_characters(event):
    assert track(event=event).records[0].name == event


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (None, "event is missing"),
        ("", "event must have 1 to 1,024 characters"),
        ("x" * 1025, "event must have 1 to 1,024 characters"),
        (True, "event must be a string"),
        ({}, "event must be a string"),
    ],
)
def test_an_event_that_does_not_do(event, expected):
    assert line(track(event=event)) == expected


@pytest.mark.parametrize(
    ("identity", "stored"),
    [("Ann", "Ann"), ("x" * 255, "x" * 255), (12, "12"), (12.0, "12"), (1.5, "1.5"), (10**30, str(10**30)), (0, "0")],
)
def test_identity_is_1_to_255_characters_and_a_number_counts_as_its_decimal_string(identity, stored):
    event = track(identity=identity).records[0]

    assert (event.identity, event.actor_id) == (stored, actor_of(7, stored))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"identity": None}, "identity or user_id is missing"),
        ({"identity": ""}, "identity must have 1 to 255 characters"),
        ({"identity": "x" * 256}, "identity must have 1 to 255 characters"),
        ({"identity": True}, "identity must be a string"),
        ({"identity": ["a"]}, "identity must be a string"),
        ({"user_id": "5"}, "identity and user_id must not be given together"),
        ({"identity": None, "user_id": -1}, "user_id must be a whole number from 0 to 9007199254740991"),
        ({"identity": None, "user_id": MAX_VISITOR + 1}, "user_id must be a whole number from 0 to 9007199254740991"),
        ({"identity": None, "user_id": "1.5"}, "user_id must be a whole number from 0 to 9007199254740991"),
        ({"identity": None, "user_id": "٣"}, "user_id must be a whole number from 0 to 9007199254740991"),
        ({"identity": None, "user_id": "9" * 400}, "user_id must be a whole number from 0 to 9007199254740991"),
        ({"identity": None, "user_id": False}, "user_id must be a whole number from 0 to 9007199254740991"),
        ({"session_id": "a"}, "session_id must be a whole number from 0 to 9007199254740991"),
        (
            {"session_id": "0f1e2d3c4b5a-4697-8877-665544332211"},
            "session_id must be a whole number from 0 to 9007199254740991",
        ),
    ],
)
def test_somebody_who_does_not_do(fields, expected):
    assert line(track(**fields)) == expected


@pytest.mark.parametrize("user_id", [0, "0", MAX_VISITOR, str(MAX_VISITOR), 5.0])
def test_user_id_is_a_whole_number_of_53_bits(user_id):
    event = track(identity=None, user_id=user_id).records[0]

    assert (event.actor_id, event.identity) == (int(user_id), None)


def at(**shift):
    return datetime.fromtimestamp(NOW, UTC) + timedelta(**shift)


@pytest.mark.parametrize(
    ("timestamp", "seconds"),
    [
        (None, NOW),
        (1_620_101_627, 1_620_101_627),
        (1_620_101_627_476, 1_620_101_627.476),
        ("1620101627476", 1_620_101_627.476),
        (1_620_101_627.25, 1_620_101_627.25),
        ("2017-03-10T22:21:56+00:00", 1_489_184_516),
        ("2017-03-10T22:21:56Z", 1_489_184_516),
        ("2017-03-10T22:21:56.250Z", 1_489_184_516.25),
        ("2017-03-10 23:21:56+01:00", 1_489_184_516),
        ("2017-03-10T22:21:56.123456789+00:00", 1_489_184_516.123456),
        ("2000-01-01T00:00:00Z", 946_684_800),
        ("2017-03-10T22:21:56", 1_489_184_516),
        ("2017-03-10T22:21:56.123456", 1_489_184_516.123456),
        ("2017-03-10", 1_489_104_000),
        ("20170310", 1_489_104_000),
        ("2017-03-10t22:21:56z", 1_489_184_516),
        ("2017-03-10 22:21:56 UTC", 1_489_184_516),
        ("2017-03-10 22:21:56 GMT", 1_489_184_516),
        ("2017-03-10 23:21:56 +0100", 1_489_184_516),
        ("2017-03-10 22:21:56.250 Z", 1_489_184_516.25),
        (" 2017-03-10T22:21:56Z ", 1_489_184_516),
        ("2016-12-31T23:59:60Z", 1_483_228_800),
        ("2016-12-31T23:59:60.25Z", 1_483_228_800.25),
        ("20161231T235960Z", 1_483_228_800),
        ("2016-12-31T24:00:00Z", 1_483_228_800),
        ("2016-12-31T24:00", 1_483_228_800),
        ("2017-01-01T01:00:00.000+01:00", 1_483_228_800),
        ("2016-12-31T24:00:00.000+01:00", 1_483_225_200),
        ("1620101627", 1_620_101_627),
        ("1620101627.476", 1_620_101_627.476),
        (1_620_101_627_476_250, 1_620_101_627.47625),
        ("1620101627476250", 1_620_101_627.47625),
        (at(hours=23).isoformat(), NOW + 23 * 3600),
        (at(hours=23).astimezone(timezone(timedelta(hours=-12))).isoformat(), NOW + 23 * 3600),
    ],
)
def test_timestamp_is_iso_or_unix_time(timestamp, seconds):
    assert track(timestamp=timestamp).records[0].time == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    "timestamp",
    [
        "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "1999-12-31T23:59:59Z", 946_684_799,
        at(hours=25).isoformat(), NOW + 86_401, (NOW + 86_401) * 1000, 0, -1, -(10**30), 10**30, 1e300, 1e14, 1e18,
        "0", "9" * 16,
    ],
)  # fmt: skip
def test_a_timestamp_out_of_bounds_is_refused(timestamp):
    assert line(track(timestamp=timestamp)) == "timestamp must be between 2000-01-01 and a day from now"


@pytest.mark.parametrize(
    "timestamp",
    [
        "",
        "yesterday",
        "UTC",
        "2017-03-10T24:30:00Z",
        "2017-03-10T24:00:60Z",
        "2017-03-10T22:21:61Z",
        "2017-03-10T22:61:60Z",
        "1e9",
        "-1620101627",
        "١٦٢٠١٠١٦٢٧",
        "9" * 17,
        "2017-13-10T22:21:56Z",
        "2017-02-30T22:21:56Z",
        True,
        [],
        {},
    ],
)
def test_a_timestamp_that_is_none_is_refused(timestamp):
    assert line(track(timestamp=timestamp)).startswith("timestamp ")


def test_properties_are_flattened_and_joined():
    properties = {"a": {"b": {"c": 1}, "d": None}, "list": [1, "x", True, None, 1.5], "empty": [], "none": {}, "t": "ü"}

    assert track(properties=properties).records[0].properties == {
        "a.b.c": 1, "a.d": None, "list": "1||x||true||null||1.5", "empty": "", "t": "ü",
    }  # fmt: skip


@pytest.mark.parametrize("value", ["", "x" * 1024, 0, -(2**63), 2**64 - 1, 1e308, 5e-324, True, None])
def test_values_that_are_kept_as_they_are(value):
    assert track(properties={"x" * 1024: value}).records[0].properties == {"x" * 1024: value}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ([1], "properties must be an object"),
        ("a", "properties must be an object"),
        ({"": 1}, "properties holds a name that has not 1 to 1,024 characters"),
        ({"x" * 1025: 1}, "properties holds a name that has not 1 to 1,024 characters"),
        ({"a\n<b>": 2**64}, r'properties."a\n<b>" is a whole number of more than 64 bits'),
        ({"a": {"b" * 1023: 1}}, "properties holds a name that has not 1 to 1,024 characters"),
        ({"a": 2**64}, 'properties."a" is a whole number of more than 64 bits'),
        ({"a": {"b": -(2**63) - 1}}, 'properties."a.b" is a whole number of more than 64 bits'),
        (
            {"x" * 1000: {str(number): 1 for number in range(20)}},
            "properties is too large when its objects are flattened",
        ),
    ],
)
def test_properties_that_do_not_do(properties, expected):
    assert line(track(properties=properties)) == expected


@pytest.mark.parametrize("name", ["id", "ID", "Id"])
def test_id_alone_is_left_out_of_a_persons_properties_and_taken_as_an_events(name):
    payload = {"app_id": APP_ID, "identity": "ann", "properties": {name: 1, "plan": "pro"}}

    assert ask("/api/add_user_properties", payload).records[0].properties == {"plan": "pro"}
    assert track(properties={name: 1}).records[0].properties == {name: 1}


@pytest.mark.parametrize("key", [1.5, [], "x" * 1025, True])
def test_an_idempotency_key_that_does_not_do(key):
    assert line(track(idempotency_key=key)).startswith("idempotency_key must be")


def test_a_bulk_request_names_what_is_wrong_in_it():
    def bulk(events):
        return line(ask("/api/track", {"app_id": APP_ID, "events": events}))

    good = {"identity": "a", "event": "E"}
    assert bulk({}) == "events must be an array"
    assert bulk(None) == "events must be an array"
    assert bulk([good, 5]) == "events[1] must be an object"
    assert bulk([good, good, good | {"event": None}]) == "events[2].event is missing"
    assert bulk([good | {"properties": {"": 1}}]) == (
        "events[0].properties holds a name that has not 1 to 1,024 characters"
    )


def test_users_are_at_most_1000():
    users = [{"identity": "a"}] * 1001

    assert line(ask("/api/add_user_properties", {"app_id": APP_ID, "users": users})) == "users holds more than 1,000"


def test_an_empty_bulk_request_is_accepted():
    decision = ask("/api/track", {"app_id": APP_ID, "events": []})

    assert (decision.answer.body, list(decision.records)) == (b"OK", [])


@pytest.mark.parametrize("missing", ["identity", "user_id"])
def test_identify_needs_both(missing):
    payload = {"app_id": APP_ID, "identity": "a", "user_id": 1}
    del payload[missing]

    assert line(ask("/api/v1/identify", payload)) == f"{missing} is missing"


def test_other_keys_are_tolerated():
    assert track(anything={"deep": [1, 2]}, library="x").answer.status == 200


def test_an_excluded_address_is_judged_before_the_rest_of_the_body():
    tracked = ask("/api/track", {"app_id": APP_ID, "nonsense": 1}, client=EXCLUDED)
    told = ask("/api/v1/identify", {"app_id": APP_ID}, client=f"::ffff:{EXCLUDED}")

    assert (tracked.answer.status, tracked.rule_id, list(tracked.records)) == (200, 41, [])
    assert (told.answer.status, told.rule_id) == (403, 41)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "BREW"])
def test_other_methods_are_refused(method):
    decision = ask("/api/track", b"", method=method)

    assert decision.answer.status == 405
    assert (b"allow", b"POST, OPTIONS") in decision.answer.headers


def allowed(asked):
    """The headers that a preflight allows which asks for `asked`."""
    headers = {} if asked is None else {b"access-control-request-headers": asked}
    return dict(ask("/api/track", b"", method="OPTIONS", headers=headers).answer.headers)[
        b"access-control-allow-headers"
    ].decode()


USUAL = "Content-Type, Content-Encoding, Content_Type, Authorization, Accept"


def test_a_preflight_allows_the_headers_that_pages_with_tracing_add():
    assert allowed(b"baggage,content-type,sentry-trace, traceparent") == f"{USUAL}, baggage, sentry-trace, traceparent"


@pytest.mark.parametrize("asked", [None, b"", b"content-type, accept", b",,", b"x\r\nset-cookie: a", b"a" * 5000])
def test_a_preflight_says_what_it_always_said_to_others(asked):
    assert allowed(asked) == USUAL
