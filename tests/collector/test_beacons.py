"""Beacons of web pages: what is stored, what is answered."""

import json
from urllib.parse import urlencode

import pytest

from events.identity import actor_of
from events.records import Identified, PersonChange
from tests.collector.asking import APP_ID, CLOSED, EXCLUDED, NOW, beacon, line
from tests.events.making import events
from tests.factories import EnvironmentFactory

EXAMPLE = (
    f"a={APP_ID}&u=4948129760563001&v=2702966095916001&s=3063356373960001&i=user-123&b=web&tv=4.0&sp=d"
    "&sp=shop.example.com&pp=h&pp=%2Flogin&id0=6084229149056001&t0=change&n0=input&i0=login-password&ts0=1620101627476"
    "&id1=2038093708269001&t1=click&n1=button&c1=btn%20btn-primary&x1=Sign%20In&ts1=1620101627562"
    "&id2=8759276533827001&t2=submit&n2=form&ts2=1620101627598&st=1620101628448"
)
PHONE = (
    b"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    b"Version/17.0 Mobile/15E148 Safari/604.1"
)
NOBODY = 'i "undefined" names nobody: everybody who is sent under it would become one person'
PEOPLE = ["/api/identify_v3", "/api/add_user_properties_v3"]


def test_the_documented_example():
    decision = beacon("/h", EXAMPLE)

    identified, change, click, submit = decision.records
    assert (identified.visitor, identified.identity) == (4948129760563001, "user-123")
    assert [event.kind for event in (change, click, submit)] == ["change", "click", "submit"]
    for event in (change, click, submit):
        assert (event.actor_id, event.session_id) == (4948129760563001, 3063356373960001)
        assert (event.pageview_id, event.platform) == (2702966095916001, "web")
        assert (event.domain, event.path, event.name) == ("shop.example.com", "/login", "")
    assert (change.target_tag, change.target_id) == ("input", "login-password")
    assert (click.target_class, click.target_text) == ("btn btn-primary", "Sign In")
    assert [round((NOW - event.time) * 1000) for event in (change, click, submit)] == [972, 886, 850]


def test_a_pageview_with_all_that_a_page_has():
    page = {"d": "shop.example", "h": "/sale", "q": "?utm_source=mail&utm_campaign=x%20y&b=1", "g": "#top", "t": "Sale"}

    (event,) = beacon(
        "/h",
        page | {"z": 0, "v": 2, "s": 3, "r": "https://search.example/", "b": "web"},
        headers={b"user-agent": PHONE},
    ).records

    assert (event.kind, event.actor_id, event.session_id, event.pageview_id) == ("pageview", 1, 3, 2)
    assert (event.domain, event.path, event.query) == ("shop.example", "/sale", page["q"])
    assert (event.hash, event.title, event.referrer) == ("#top", "Sale", "https://search.example/")
    assert (event.browser, event.os, event.device) == ("Safari", "iOS", "mobile")
    assert (event.utm_source, event.utm_campaign, event.utm_term) == ("mail", "x y", None)


HEADLESS = (
    b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize("agent", [HEADLESS, b"curl/8.5.0", b"Mozilla/5.0 (compatible; Googlebot/2.1)"])
@pytest.mark.parametrize("platform", [{}, {"b": "web"}])
def test_a_robot_is_marked(agent, platform):
    decision = beacon("/h", {"z": 0, "v": 2, "t0": "Order"} | platform, headers={b"user-agent": agent})

    assert [event.device for event in decision.records] == ["robot", "robot"]
    assert decision.noted.is_robot


def test_the_browser_and_system_of_a_robot_are_known():
    (event,) = beacon("/h", {"z": 0, "v": 2}, headers={b"user-agent": HEADLESS}).records

    assert (event.browser, event.os, event.device) == ("Chrome", "Linux", "robot")


@pytest.mark.parametrize(
    ("parameters", "agent", "device"),
    [
        ({"b": "android"}, b"okhttp/4.12.0", None),
        ({"b": "ios"}, b"Shop/1 CFNetwork/1333.0.4 Darwin/21.5.0", "desktop"),
        ({"b": "react_native"}, b"axios/1.7", None),
        ({}, None, None),
        ({"b": "web"}, PHONE, "mobile"),
    ],
)
def test_apps_and_people_are_no_robots(parameters, agent, device):
    headers = {b"user-agent": agent} if agent else {}

    decision = beacon("/h", {"z": 0, "v": 2} | parameters, headers=headers)

    assert decision.records[0].device == device
    assert decision.noted is None


def test_a_robot_that_is_refused_counts_as_none():
    decision = beacon("/h", {"z": 0, "v": 2, "ts0": "x", "t0": "click"}, headers={b"user-agent": HEADLESS})

    assert decision.answer.status == 400
    assert decision.noted is None


def test_a_later_page_of_a_session_keeps_its_campaign():
    (event,) = beacon("/h", {"z": 2, "h": "/b", "sp": ["q", "?utm_source=mail"]}).records

    assert event.utm_source == "mail"


def test_a_pageview_comes_before_the_events_of_its_page():
    records = beacon("/h", {"z": 2, "h": "/a", "t0": "click", "n0": "a", "t1": "Order"}).records

    assert [(event.kind, event.name, event.path) for event in records] == [
        ("pageview", "", "/a"),
        ("click", "", "/a"),
        ("custom", "Order", "/a"),
    ]


def test_a_custom_event_may_be_called_click():
    captured, custom = beacon("/h", {"t0": "click", "t1": "click", "e1": 1}).records

    assert (captured.kind, captured.name) == ("click", "")
    assert (custom.kind, custom.name) == ("custom", "click")


def test_custom_properties_are_pairs_and_literals_keep_their_type():
    literals = ["amount", "12.5", "gift", "true", "x", "null"]

    view, event = beacon("/h", {"z": 2, "k": ["plan", "pro"], "t0": "Order", "k0": ["n", "12"], "l0": literals}).records

    assert view.properties == {"plan": "pro"}
    assert event.properties == {"n": "12", "amount": 12.5, "gift": True, "x": None}


@pytest.mark.parametrize("hours", [-24 * 365 * 9, -3, 3, 24 * 365 * 30])
def test_a_clock_that_is_wrong_does_no_harm(hours):
    sent = (NOW + hours * 3600) * 1000

    (event,) = beacon("/h", {"z": 2, "ts": int(sent - 5000), "st": int(sent)}).records

    assert event.time == pytest.approx(NOW - 5, abs=0.01)


def test_the_time_under_way_does_not_put_events_out_of_order():
    first, then = int(NOW * 1000) - 6000, int(NOW * 1000) - 5990

    late, early = (
        beacon("/h", {"z": 2, "ts": ts, "st": ts}, now=NOW - after).records[0] for ts, after in ((first, 0), (then, 5))
    )

    assert (late.time, early.time) == (first / 1000, then / 1000)


def test_what_happened_after_it_was_sent_happens_now():
    assert beacon("/h", {"z": 2, "ts": int(NOW * 1000) + 9000, "st": int(NOW * 1000)}).records[0].time == NOW


def test_without_the_time_of_sending_the_time_of_the_event_counts():
    assert beacon("/h", {"z": 2, "ts": int(NOW * 1000) - 60_000}).records[0].time == NOW - 60


def test_a_beacon_that_is_sent_again_has_the_same_keys():
    def keys(sent):
        ask = {
            "z": 2,
            "v": 5,
            "ts": 1620101627000,
            "t0": "click",
            "n0": "a",
            "id0": 77,
            "ts0": 1620101627476,
            "st": sent,
        }
        return [event.key for event in beacon("/h", ask).records]

    first, again = keys(1620101628448), keys(1620101699999)

    assert first == again
    assert None not in first and len(set(first)) == 2


def test_long_texts_of_a_page_are_cut():
    (event,) = beacon("/h", {"t0": "click", "n0": "a", "x0": "x" * 5000, "y0": "y" * 5000, "t": "ü" * 1025}).records

    assert (len(event.target_text), len(event.target_hierarchy), len(event.title)) == (1024, 4096, 1024)


def test_by_post_the_parameters_come_as_a_form():
    body = urlencode({"a": APP_ID, "u": 1, "z": 2, "h": "/ä"}).encode()

    (event,) = beacon("/h", "", method="POST", body=body, headers={b"content-type": b"text/plain"}).records

    assert event.path == "/ä"


def test_identify_makes_the_visitor_somebody():
    decision = beacon("/api/identify_v3", {"i": "ann", "ts": 1, "st": 1})

    assert decision.answer.headers[2] == (b"content-type", b"image/gif") or b"GIF89a" in decision.answer.body
    (identified,) = decision.records
    assert identified == Identified(
        environment_id=7, visitor=1, actor_id=actor_of(7, "ann"), identity="ann", at=identified.at
    )


def test_properties_are_those_with_an_underscore():
    (change,) = beacon("/api/add_user_properties_v3", {"_plan": "pro", "b": "web", "l": ["seats", "3"]}).records

    assert change == PersonChange(environment_id=7, actor_id=1, at=NOW, properties={"plan": "pro", "seats": 3})


@pytest.mark.parametrize(
    ("path", "parameters", "expected"),
    [
        ("/h", {"a": ""}, "app_id is missing"),
        ("/h", {"a": "x"}, "app_id must be digits"),
        ("/h", {"a": "1"}, "app_id 1 is not known here"),
        ("/h", {"a": CLOSED}, "the account of this app_id is closed"),
        ("/h", {"u": ""}, "u is missing"),
        ("/h", {"u": 10**16 + 1}, "u must be a whole number from 0 to 10000000000000000"),
        ("/h", {"s": "x"}, "s must be a whole number from 0 to 10000000000000000"),
        ("/h", {"ts": "soon"}, "ts must be unix milliseconds"),
        ("/h", {"ts": 1}, "timestamp must be between 2000-01-01 and a day from now"),
        ("/h", {"ts": "1e999", "st": 1}, "ts must be unix milliseconds"),
        ("/h", {"n3": "a"}, "t3 is missing"),
        ("/h", {"t0": "x" * 1025}, "t0 must have 1 to 1,024 characters"),
        ("/h", {"t0": "E", "k0": "alone"}, "k must be repeated in pairs of a name and a value"),
        ("/h", {"t0": "E", "l0": ["a", '"text"']}, 'l0."a" must be a number, true, false or null'),
        ("/h", {"t0": "E", "l0": ["a", "1e400"]}, 'l0."a" must be a number, true, false or null'),
        ("/h", {"t": "a\0b"}, "the parameters hold a NUL character (%00)"),
        ("/h", "a=1234567890&u=1&t=%ED%A0%80", "the parameters must be percent-encoded UTF-8"),
        ("/h", "&" * 40_001, "the request holds more than 40,000 parameters"),
        ("/h", {f"t{n}": "E" for n in range(1001)}, "the beacon holds more than 1,000 events"),
        ("/api/identify_v3", {}, "i is missing"),
        ("/api/identify_v3", {"i": "x" * 256}, "i must have 1 to 255 characters"),
        ("/api/identify_v3", {"i": "undefined"}, NOBODY),
    ],
)
def test_a_beacon_that_does_not_do(path, parameters, expected):
    assert line(beacon(path, parameters)) == expected


@pytest.mark.parametrize("path", PEOPLE)
def test_an_excluded_address_is_told_so_when_it_names_people(path):
    decision = beacon(path, {"i": "ann"}, client=EXCLUDED)

    assert (decision.answer.status, decision.records, decision.rule_id) == (403, (), 41)
    assert json.loads(decision.answer.body)["code"] == "excluded_ip"


def test_events_of_an_excluded_address_are_dropped_and_counted():
    decision = beacon("/h", {"z": 1, "t0": "E", "t1": "F"}, client=EXCLUDED)

    assert (decision.answer.status, decision.answer.body[:6], decision.records) == (200, b"GIF89a", ())
    assert (b"x-heapadmin-dropped", b"excluded-ip") in decision.answer.headers
    assert decision.weight == 3


def test_telemetry_is_accepted_and_ignored():
    decision = beacon("/api/telemetry", "whatever=%ff")

    assert (decision.answer.status, decision.answer.body[:6], decision.records) == (200, b"GIF89a", ())


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD"])
def test_other_methods_are_refused(method):
    assert beacon("/h", {}, method=method).answer.status == 405


# --- Over real HTTP -------------------------------------------------------------------------------------------------
def test_a_visit_is_stored_and_becomes_somebodys(server, environment):
    common = {"a": environment.app_id, "u": 4711, "v": 1, "s": 2}

    answers = [
        server.request("GET", "/h?" + urlencode(common | {"z": 0, "h": "/"})),
        server.request("POST", "/h", urlencode(common | {"h": "/", "t0": "Order", "id0": 9, "ts0": 1620101627000})),
        server.request("POST", "/h", urlencode(common | {"h": "/", "t0": "Order", "id0": 9, "ts0": 1620101627000})),
        server.request("GET", "/api/identify_v3?" + urlencode(common | {"i": "ann"})),
        server.request("GET", "/api/add_user_properties_v3?" + urlencode(common | {"_plan": "pro"})),
        server.request("GET", "/api/telemetry?x=1"),
    ]

    assert {(answer.status, answer.headers["content-type"]) for answer in answers} == {(200, "image/gif")}
    assert server.events(environment, "kind, name, path") == [("pageview", "", "/"), ("custom", "Order", "/")]
    assert server.people(environment) == {"ann": {"plan": "pro"}}
    assert server.query("select from_actor from merges where environment_id = %s", environment.pk) == [(4711,)]


def test_the_plain_view_answers_beacons_too(client, db):
    environment = EnvironmentFactory()

    response = client.get("/h", {"a": environment.app_id, "u": 1, "t0": "Order", "t": "ü"})

    assert (response.status_code, response["content-type"]) == (200, "image/gif")
    assert events() == [(1, "Order")]


# --- A tracker that wants no body back ------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/h", *PEOPLE])
def test_who_asks_for_an_answer_without_a_body_gets_204(path):
    plain, empty = (beacon(path, {"z": 2, "i": "ann"} | asked) for asked in ({}, {"nc": 1}))

    assert (plain.answer.status, empty.answer.status, empty.answer.body) == (200, 204, b"")
    assert plain.records and empty.records == plain.records
    assert (b"access-control-allow-origin", b"*") in empty.answer.headers


def test_it_is_told_of_a_drop_and_of_a_refusal_all_the_same():
    dropped = beacon("/h", {"z": 2, "nc": 1}, client=EXCLUDED)
    refused = beacon("/api/identify_v3", {"i": "ann", "nc": 1}, client=EXCLUDED)
    bad = beacon("/h", {"u": "x", "nc": 1})

    assert dropped.answer.status == 204 and (b"x-heapadmin-dropped", b"excluded-ip") in dropped.answer.headers
    assert (refused.answer.status, bad.answer.status) == (403, 400)
    assert b"u must be" in bad.answer.body
