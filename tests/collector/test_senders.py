"""Every sender as it is, through real HTTP: what clients send is stored, and the answer says what was changed."""

import gzip
import json
import random
import time
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from events.identity import MAX_VISITOR, actor_of
from tests.collector.test_people_who_grow import until

DAY = "2026-11-27T"
AT = "to_char(time at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
UUID = "0f1e2d3c-4b5a-4697-8877-665544332211"
NOBODIES = [
    "undefined", "null", "NaN", "[object Object]", "None", "true", "NULL", " Undefined ", "false", "[object Window]",
    " ", "\t \n", "\u200b", "\u2060\ufeff", "\u3164", "\u200bnull\u200b",
]  # fmt: skip
SOMEBODIES = [
    "undefined1",
    "nullable",
    "Nan Goldin",
    "truth",
    "[object",
    "0",
    "-1",
    "none@shop.example",
    "日本",
    "\u200bann",
]
COUNTED = "select coalesce(sum({}), 0)::int from collector_collectedhour where environment_id = %s and outcome = '{}'"


def track(server, environment, path="/api/track", headers=(), **fields):
    return server.post(path, {"app_id": environment.app_id, "identity": "ann", "event": "E"} | fields, headers)


def beacon(server, environment, **parameters):
    common = {"a": environment.app_id, "u": 12345, "v": 333, "s": 222, "b": "web", "tv": "4.0", "d": "x", "h": "/"}
    return server.request("GET", "/h?" + urlencode(common | parameters, doseq=True))


def identity_counts(server, environment):
    return server.query(COUNTED.format("identities_ignored", "accepted"), environment.pk)[0][0]


# --- Times ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("timestamp", "stored"),
    [
        (f"{DAY}09:21:00.123456", "2026-11-27 09:21:00.123456"),
        (f"{DAY}09:21:00.123456+01:00", "2026-11-27 08:21:00.123456"),
        ("2026-11-27", "2026-11-27 00:00:00.000000"),
        ("2026-11-27t09:21:00z", "2026-11-27 09:21:00.000000"),
        ("2026-11-26T23:59:60Z", "2026-11-27 00:00:00.000000"),
        ("2026-11-26T24:00:00Z", "2026-11-27 00:00:00.000000"),
        ("2026-11-27 09:21:00 UTC", "2026-11-27 09:21:00.000000"),
        ("2026-11-27 10:21:00 +0100", "2026-11-27 09:21:00.000000"),
        ("1795771260", "2026-11-27 09:21:00.000000"),
        ("1795771260.507767", "2026-11-27 09:21:00.507767"),
        ("1795771260507", "2026-11-27 09:21:00.507000"),
        ("1795771260507767", "2026-11-27 09:21:00.507767"),
        (1795771260507767, "2026-11-27 09:21:00.507767"),
    ],
)
def test_a_time_is_read_as_it_was_meant(server, environment, timestamp, stored):
    answer = track(server, environment, timestamp=timestamp)

    assert (answer.status, answer.body) == (200, b"OK")
    assert server.events(environment, AT) == [(stored,)]


# --- Fields ---------------------------------------------------------------------------------------------------------
def test_an_empty_array_of_php_is_no_properties(server, environment):
    app_id, person = environment.app_id, {"identity": "ann", "properties": []}
    partner = {"user_identifier": {"identity": "ann"}, "custom_properties": []}

    answers = [
        track(server, environment, properties=[]),
        server.post("/api/add_user_properties", {"app_id": app_id} | person),
        server.post("/api/add_account_properties", {"app_id": app_id, "account_id": "acme", "properties": []}),
        server.post("/api/integrations/track", {"app_id": app_id, "events": [partner | {"event": "E"}]}),
        server.post("/api/integrations/add_user_properties", {"app_id": app_id, "users": [partner]}),
    ]

    assert {(answer.status, answer.body) for answer in answers} == {(200, b"OK")}
    assert server.events(environment, "properties") == [({},), ({},)]


def test_long_texts_are_cut_counted_and_told(server, environment):
    given = {"url": "x" * 2_000, "tags": ["é" * 600, "é" * 600], "fits": "x" * 1_024, "deep": {"er": "y" * 1_025}}

    answer = track(server, environment, properties=given)
    person = server.post(
        "/api/add_user_properties",
        {"app_id": environment.app_id, "identity": "ann", "properties": {"bio": "z" * 1_025}},
    )

    ((stored,),) = server.events(environment, "properties")
    assert stored == {
        "url": "x" * 1_023 + "…", "tags": ("é" * 600 + "||" + "é" * 600)[:1_023] + "…", "fits": "x" * 1_024,
        "deep.er": "y" * 1_023 + "…",
    }  # fmt: skip
    assert server.people(environment) == {"ann": {"bio": "z" * 1_023 + "…"}}
    assert [each.headers["x-heapadmin-texts-cut"] for each in (answer, person)] == ["3", "1"]
    assert "X-Heapadmin-Texts-Cut" in answer.headers["access-control-expose-headers"]
    sql = COUNTED.format("texts_cut", "accepted")
    assert until(lambda: server.query(sql, environment.pk), [(4,)]) == [(4,)]


def test_a_long_text_among_a_thousand_events_refuses_none(server, environment):
    items = [
        {"identity": "ann", "event": "E", "properties": {"n": n, "t": "x" * (1_025 if n == 900 else 5)}}
        for n in range(1_000)
    ]

    answer = server.post("/api/track", {"app_id": environment.app_id, "events": items})

    assert (answer.status, answer.headers["x-heapadmin-texts-cut"]) == (200, "1")
    assert len(server.events(environment)) == 1_000


@pytest.mark.parametrize("name", ["id", "ID", "Id"])
def test_id_alone_is_left_out_of_a_persons_properties(server, environment, name):
    server.post(
        "/api/add_user_properties",
        {"app_id": environment.app_id, "identity": "a", "properties": {name: 7, "plan": "pro"}},
    )
    server.request("GET", f"/api/add_user_properties_v3?a={environment.app_id}&u=5&_{name}=7&_plan=pro")

    assert server.people(environment) == {"a": {"plan": "pro"}, "5": {"plan": "pro"}}


@pytest.mark.parametrize("empty", ["idempotency_key", "user_id", "session_id"])
def test_an_empty_text_is_missing(server, environment, empty):
    answers = [track(server, environment, **{empty: ""}) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    what = "actor_id, session_id"
    assert server.events(environment, what) == [(actor_of(environment.pk, "ann"), None)] * 2


def test_a_uuid_is_a_session_and_always_the_same(server, environment):
    for session in (UUID, UUID.upper(), UUID.replace("-", ""), UUID.replace("0f", "0e")):
        assert track(server, environment, session_id=session).status == 200

    first, upper, plain, other = [session for (session,) in server.events(environment, "session_id")]
    assert first == upper == plain != other
    assert 0 <= first <= MAX_VISITOR


def test_a_number_as_an_event_is_its_text(server, environment):
    for number in (5, 5.0, 1.5):
        assert track(server, environment, event=number).status == 200

    assert server.events(environment) == [("5",), ("5",), ("1.5",)]


# --- Some of many ---------------------------------------------------------------------------------------------------
GOOD_AND_BAD = {
    "/api/track": ("events", {"identity": "a", "event": "E"}, {"identity": "a"}, "event is missing"),
    "/api/add_user_properties": ("users", {"identity": "a"}, {}, "identity or user_id is missing"),
    "/api/identify": ("users", {"identity": "a"}, {}, "identity or user_id is missing"),
    "/api/add_account_properties": ("accounts", {"account_id": "a"}, {}, "account_id is missing"),
    "/api/integrations/track": (
        "events", {"event": "E", "user_identifier": {"identity": "a"}}, {"event": "E"}, "user_identifier is missing",
    ),
    "/api/integrations/add_user_properties": (
        "users", {"user_identifier": {"identity": "a"}}, {}, "user_identifier is missing",
    ),
}  # fmt: skip


@pytest.mark.parametrize("path", GOOD_AND_BAD)
def test_the_good_ones_are_stored_and_the_others_listed(server, environment, path):
    many, good, bad, why = GOOD_AND_BAD[path]
    body = {"app_id": environment.app_id, many: [good, bad, good, 5]}

    whole = server.post(path, body)
    part = server.post(f"{path}?partial=1", body)

    assert whole.status == 400 and f"{many}[1].{why}" in whole.text
    assert (part.status, part.headers["content-type"]) == (200, "application/json")
    refusals = [{"index": 1, "reason": why}, {"index": 3, "reason": "must be an object"}]
    assert json.loads(part.body) == {"accepted": 2, "refused": 2, "refusals": refusals}


@pytest.mark.parametrize("squeeze", [bytes, gzip.compress], ids=["plain", "in steps"])
def test_one_bad_event_among_a_thousand_takes_none_along(server, environment, squeeze):
    items = [{"identity": "a", "event": f"E{n}"} for n in range(1_000)]
    items[777] = {"identity": "a"}
    headers = {"Content-Encoding": "gzip"} if squeeze is gzip.compress else {}
    body = json.dumps({"app_id": environment.app_id, "events": items}).encode()

    answer = server.post("/api/track?partial=1", squeeze(body), headers)

    assert json.loads(answer.body) == {
        "accepted": 999, "refused": 1, "refusals": [{"index": 777, "reason": "event is missing"}]
    }  # fmt: skip
    assert {name for (name,) in server.events(environment)} == {f"E{n}" for n in range(1_000) if n != 777}
    for outcome, events in (("accepted", 999), ("bad", 1)):
        sql = COUNTED.format("events", outcome)
        assert until(lambda sql=sql: server.query(sql, environment.pk), [(events,)]) == [(events,)]


def test_all_bad_is_a_bad_request_and_the_list_ends_at_a_hundred(server, environment):
    bad = {"app_id": environment.app_id, "events": [{"identity": "a"}] * 150}

    none = server.post("/api/track?partial=1", bad)
    some = server.post("/api/track?partial=1", bad | {"events": [*bad["events"], {"identity": "a", "event": "E"}]})
    all_of_them = server.post("/api/track?partial=1", bad | {"events": [{"identity": "a", "event": "E"}] * 3})

    assert none.status == 400
    assert none.text == "Bad Request\nnone of the 150 events can be stored; the first: event is missing\n"
    told = json.loads(some.body)
    assert (told["accepted"], told["refused"], len(told["refusals"])) == (1, 150, 100)
    assert json.loads(all_of_them.body) == {"accepted": 3, "refused": 0, "refusals": []}


# --- Names ----------------------------------------------------------------------------------------------------------
def long_name(seed):
    """1,024 characters of 3 bytes that cannot be compressed into an index entry."""
    chance = random.Random(seed)
    return "".join(chr(chance.randrange(0x4E00, 0x9F00)) for _ in range(1_024))


def test_a_name_of_1024_characters_of_any_script_is_stored_whole(server, environment):
    names = [long_name(1), long_name(2), long_name(1)[:-1] + "語", "日" * 1_024, "😀" * 1_024, "ü" * 1_024]

    answers = [track(server, environment, event=name) for name in names]
    bulk = [{"identity": "a", "event": name} for name in names]
    answers.append(server.post("/api/track", {"app_id": environment.app_id, "events": bulk}))
    answers.append(beacon(server, environment, t0=names[0][:300]))

    assert {answer.status for answer in answers} == {200}
    stored = server.events(environment, "coalesce(long_name, name), name, octet_length(name)")
    assert [name for name, *_ in stored] == [*names, *names, names[0][:300]]
    assert len({key for _, key, _ in stored}) == len(names) + 1
    assert max(size for *_, size in stored) <= 2_400


# --- Paths and types ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["//api/track", "/api/track/", "/api//track", "///api/track//"])
def test_a_slash_too_many_loses_nothing(server, environment, path):
    answer = track(server, environment, path)

    assert (answer.status, answer.body) == (200, b"OK")
    assert server.events(environment) == [("E",)]


def test_a_tracking_server_that_ends_in_a_slash_works(server, environment):
    app_id = environment.app_id

    scripts = [
        server.request("GET", path)
        for path in (f"//js/heap-{app_id}.js", f"/js/heap-{app_id}.js/", f"//config/{app_id}//heap_config.js")
    ]
    beacons = [server.request("GET", f"{path}?a={app_id}&u=1&t0=E") for path in ("//h", "/h/")]
    preflight = server.request("OPTIONS", "//h")
    token = server.request("POST", "//api/public/v0/auth_token/")

    assert {answer.headers["content-type"] for answer in scripts} == {"text/javascript; charset=utf-8"}
    assert {answer.status for answer in [*scripts, *beacons]} == {200}
    assert (preflight.status, token.status) == (204, 401)
    assert len(server.events(environment)) == 2


def test_other_paths_keep_their_slashes(server):
    assert server.request("GET", "//healthz").status == 404
    assert server.request("GET", "//api/nothing").status == 404


@pytest.mark.parametrize(
    "kind",
    [
        "application/x-www-form-urlencoded", "application/octet-stream", None, "text/html",
        "multipart/form-data; boundary=x",
        "text/plain; charset=ISO-8859-1", "application/json; charset=utf-16",
    ],
)  # fmt: skip
def test_json_is_read_whatever_type_it_says(server, environment, kind):
    body = json.dumps({"app_id": environment.app_id, "identity": "ann", "event": "E"})

    answer = server.request("POST", "/api/track", body.encode(), {} if kind is None else {"Content-Type": kind})

    assert (answer.status, answer.body) == (200, b"OK")


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/x-www-form-urlencoded", b"app_id=1&event=E", 415),
        ("application/octet-stream", b"\x0a\x00", 415),
        ("application/json", b"app_id=1", 400),
        ("", b"app_id=1", 400),
        ("text/plain; charset=ISO-8859-1", '{"event": "é"}'.encode(), 415),
        ("text/plain; charset=ISO-8859-1", '{"event": "é"}'.encode("latin-1"), 415),
    ],
)
def test_what_is_no_json_is_refused(server, kind, body, status):
    assert server.request("POST", "/api/track", body, {"Content-Type": kind}).status == status


# --- Beacons of other trackers --------------------------------------------------------------------------------------
def test_a_lone_name_counts_as_empty(server, environment):
    answer = beacon(server, environment, sp="r", pp=["t", "Shop", "r"], z=2)

    assert answer.status == 200
    assert server.events(environment, "kind, title, referrer") == [("pageview", "Shop", None)]


def test_large_ids_are_folded_always_the_same(server, environment):
    large = {"u": 10**16, "v": 10**16 - 1, "s": 9_876_543_210_987_654}
    beacon(server, environment, **large, z=2, ts=int(time.time() * 1000))
    beacon(server, environment, **large, t0="E")
    beacon(server, environment, u=10**16 - 2, z=2)
    common = f"a={environment.app_id}&u={10**16}"
    server.request("GET", f"/api/identify_v3?{common}&i=ann")
    server.request("GET", f"/api/add_user_properties_v3?{common}&_plan=pro")

    first, then, other = server.events(environment, "actor_id, pageview_id, session_id")

    assert first == then != other
    assert all(0 <= number <= MAX_VISITOR for number in first) and len(set(first)) == 3
    assert server.query("select from_actor from merges where environment_id = %s", environment.pk) == [first[:1]]
    assert server.people(environment)["ann"] == {"plan": "pro"}


@pytest.mark.parametrize("how", ["own", "page", "session"])
def test_a_campaign_in_letters_is_read(server, environment, how):
    letters = {"us": "google", "um": "cpc", "ut": "shoes", "ua": "autumn", "uc": "blue"}
    pairs = [each for pair in letters.items() for each in pair]

    beacon(server, environment, **{"own": letters, "page": {"pp": pairs}, "session": {"sp": pairs}}[how], z=2)

    what = "utm_source, utm_medium, utm_term, utm_campaign, utm_content"
    assert server.events(environment, what) == [("google", "cpc", "shoes", "autumn", "blue")]


def test_the_query_of_the_page_comes_before_letters_and_these_before_the_session(server, environment):
    beacon(server, environment, us="letters", q="?utm_source=query", z=2)
    beacon(server, environment, us="letters", sp=["q", "?utm_source=session"], z=2)

    assert server.events(environment, "utm_source") == [("query",), ("letters",)]


@pytest.mark.parametrize(
    ("clock", "before"),
    [
        (lambda now: (5_000, now), 0),  # it stood in 1970, and was set before it was sent
        (lambda now: (5_000, 5_002), 2),  # it stands there still
        (lambda now: (5_000, now + 3_600), 0),  # it was set to a wrong time
        (lambda now: (now - 3_600, now), 3_600),
        (lambda now: (now + 7_140, now + 7_200), 60),  # ahead
        (lambda now: (now - 7_260, now - 7_200), 60),  # behind
        (lambda now: (now + 3_600, now), 0),
    ],
)
def test_the_clock_is_put_right_both_ways(server, environment, clock, before):
    now = time.time()
    happened, sent = clock(now)

    answer = beacon(server, environment, z=2, ts=int(happened * 1000), st=int(sent * 1000))

    assert answer.status == 200
    ((stored,),) = server.events(environment, "time")
    assert abs((datetime.fromtimestamp(now - before, UTC) - stored).total_seconds()) < 8


# --- Nobody ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NOBODIES)
def test_nobody_merges_nobody(server, environment, name):
    app_id = environment.app_id
    identify = {"app_id": app_id, "identity": name, "user_id": "123"}

    answers = [
        server.post("/api/v1/identify", identify),
        server.request("GET", "/api/identify_v3?" + urlencode({"a": app_id, "u": 123, "i": name})),
        track(server, environment, identity=name),
        server.post("/api/identify", {"app_id": app_id, "identity": name}),
    ]
    stored = [
        track(server, environment, identity=name, user_id="5"),
        server.post(
            "/api/add_user_properties", {"app_id": app_id, "identity": name, "user_id": 5, "properties": {"a": 1}}
        ),
        beacon(server, environment, u=5, i=name, t0="E"),
    ]

    assert {answer.status for answer in answers} == {400}
    assert all("names nobody" in answer.text for answer in answers)
    assert [(answer.status, answer.headers["x-heapadmin-identities-ignored"]) for answer in stored] == [(200, "1")] * 3
    assert server.query("select count(*) from merges where environment_id = %s", environment.pk) == [(0,)]
    assert server.people(environment) == {"5": {"a": 1}}
    assert server.events(environment, "actor_id") == [(5,), (5,)]


@pytest.mark.parametrize("name", SOMEBODIES)
def test_somebody_stays_somebody(server, environment, name):
    answer = server.post("/api/v1/identify", {"app_id": environment.app_id, "identity": name, "user_id": "123"})

    assert (answer.status, answer.body) == (200, b"OK")
    assert list(server.people(environment)) == [name]


def test_ignored_identities_are_counted_also_of_what_is_refused(server, environment):
    track(server, environment, identity="null", user_id=5)
    track(server, environment, identity="null")
    server.post("/api/v1/identify", {"app_id": environment.app_id, "identity": "NaN", "user_id": 5})

    for outcome, number in (("accepted", 1), ("bad", 2)):
        sql = COUNTED.format("identities_ignored", outcome)
        assert until(lambda sql=sql: server.query(sql, environment.pk), [(number,)]) == [(number,)]


def test_a_partner_is_known_by_what_else_names_them(server, environment):
    def partner(**identifier):
        item = {"event": "E", "user_identifier": identifier}
        return server.post("/api/integrations/track", {"app_id": environment.app_id, "events": [item]})

    answers = [
        partner(identity="undefined", email="ann@shop.example"),
        partner(identity="null", user_id="7"),
        partner(email="None", anonymous_id="8"),
        partner(identity="", email="", anonymous_id="9"),
        partner(identity="undefined", anonymous_id="null"),
    ]

    assert [answer.status for answer in answers] == [200, 200, 200, 200, 400]
    assert 'user_identifier.identity "undefined" names nobody' in answers[-1].text
    ann = actor_of(environment.pk, "ann@shop.example")
    assert server.events(environment, "actor_id") == [(ann,), (7,), (8,), (9,)]
