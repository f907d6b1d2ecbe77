"""The limit of what one environment may send, against a naive model, and at every endpoint."""

import gzip
import json
from math import ceil

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.decide import ENDPOINTS, PROTOBUF, Outcome
from common.token_buckets import Buckets
from tests.collector.asking import APP_ID, ENVIRONMENTS, EXCLUDED, JSON, NOW, ask, beacon

ENVIRONMENT = ENVIRONMENTS[APP_ID].environment_id
RATE, BURST = 4, 8  # tokens a second, and seconds: a bucket holds 32. Halves and quarters are exact in binary
HOLDS = RATE * BURST

steps = st.lists(
    st.tuples(st.integers(1, 2), st.integers(0, 40).map(lambda quarters: quarters / 4), st.integers(0, 100)),
    max_size=60,
)  # (environment, seconds since the step before, tokens)


@given(steps)
def test_it_does_what_a_bucket_does_that_drips_full(steps):
    buckets, levels, now = Buckets(RATE, burst_seconds=BURST), {1: HOLDS, 2: HOLDS}, NOW
    for environment, seconds, tokens in steps:
        now += seconds
        levels = {key: min(HOLDS, level + seconds * RATE) for key, level in levels.items()}

        wait = buckets.wait_seconds(environment, now)

        assert wait == max(0, ceil(-levels[environment] / RATE))
        if not wait:
            buckets.take(environment, tokens, now)
            levels[environment] -= tokens


@given(st.integers(1, 100_000), st.integers(1, 1_000))
def test_what_is_told_to_wait_comes_in_after_that_wait(tokens, rate):
    buckets = Buckets(rate)
    buckets.take(1, tokens, NOW)

    assert buckets.wait_seconds(1, NOW + buckets.wait_seconds(1, NOW)) == 0


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 500)), min_size=1, max_size=100))
def test_in_the_long_run_no_more_comes_in_than_the_limit(requests):
    buckets, now, taken = Buckets(RATE, burst_seconds=BURST), NOW, 0
    largest = max(tokens for _, tokens in requests)
    for seconds, tokens in requests:
        now += seconds
        if not buckets.wait_seconds(1, now):
            buckets.take(1, tokens, now)
            taken += tokens

    assert taken <= HOLDS + RATE * (now - NOW) + largest


def test_one_environment_owes_nothing_for_another():
    buckets = Buckets(RATE)
    buckets.take(1, 10_000, NOW)

    assert buckets.wait_seconds(1, NOW) and not buckets.wait_seconds(2, NOW)


def test_no_limit_is_zero():
    buckets = Buckets(0)
    buckets.take(1, 10**9, NOW)

    assert buckets.wait_seconds(1, NOW) == 0


def test_a_clock_that_is_set_back_keeps_nobody_out_for_the_difference():
    buckets = Buckets(RATE, burst_seconds=BURST)
    buckets.take(1, 1, NOW)
    earlier = NOW - 3_600

    assert buckets.wait_seconds(1, earlier) == 0
    buckets.take(1, HOLDS + RATE, earlier)
    assert buckets.wait_seconds(1, earlier) == 1


def test_full_buckets_are_forgotten():
    buckets = Buckets(RATE, burst_seconds=BURST, most_kept=10)
    for environment in range(1_000):
        buckets.take(environment, 1, NOW + environment)  # each is full again by the next

    assert len(buckets._full_at) <= 10


def test_debts_are_remembered_however_many_there_are():
    buckets = Buckets(RATE, burst_seconds=BURST, most_kept=10)
    for environment in range(1_000):
        buckets.take(environment, HOLDS + RATE, NOW)

    assert {buckets.wait_seconds(environment, NOW) for environment in range(1_000)} == {1}


# --- At the endpoints -----------------------------------------------------------------------------------------------
BULK = {  # everything that brings more than one, and how much these bring
    "/api/track": ("events", [{"event": "E", "identity": "a"}] * 3),
    "/api/add_user_properties": ("users", [{"identity": "a"}] * 3),
    "/api/add_account_properties": ("accounts", [{"account_id": "a"}] * 3),
    "/api/identify": ("users", [{"identity": "a"}] * 3),
    "/api/integrations/track": ("events", [{"event": "E", "user_identifier": {"identity": "a"}}] * 3),
    "/api/integrations/add_user_properties": ("users", [{"user_identifier": {"identity": "a"}}] * 3),
    "/api/integrations/ios/track": ("messages", [{"envId": APP_ID, "user": {"id": "5"}, "event": {}}] * 3),
}
BEACONS = {
    "/h": {"z": "0", "t0": "E", "t1": "F"},
    "/api/identify_v3": {"i": "ann"},
    "/api/add_user_properties_v3": {"_plan": "pro"},
}


def in_debt(wait=7):
    """Buckets in which our environment has a debt for `wait` seconds."""
    buckets = Buckets(1, burst_seconds=0)
    buckets.take(ENVIRONMENT, wait, NOW)
    return buckets


def request_to(path, **options):
    """A request that brings something, to any endpoint."""
    if path in BEACONS:
        return beacon(path, BEACONS[path], **options)
    if path in PROTOBUF:
        return ask(path, b"", headers={b"x-heap-env-id": APP_ID.encode()}, **options)
    name, items = BULK.get(path, ("identity", "a"))
    return ask(path, {"app_id": APP_ID, name: items, "user_id": 5}, **options)


@pytest.mark.parametrize("path", sorted(set(ENDPOINTS) - {"/api/telemetry"}))
def test_whoever_owes_is_told_when_to_come_again_at_every_endpoint(path):
    decision = request_to(path, buckets=in_debt(7))

    assert (decision.answer.status, decision.outcome, decision.records) == (429, Outcome.OVER_LIMIT, ())
    headers = dict(decision.answer.headers)
    assert headers[b"retry-after"] == b"7"
    assert headers[b"access-control-allow-origin"] == b"*"
    assert headers[b"content-type"] == b"text/plain"
    assert decision.answer.body.startswith(b"Too Many Requests\n")
    assert decision.tokens == 0


@pytest.mark.parametrize("path", sorted(BULK))
def test_a_bulk_request_weighs_what_it_brings_whatever_decoys_are_in_it(path):
    name, items = BULK[path]
    decoys = {"events": [], "users": [], "accounts": [], "messages": []}

    decision = ask(path, {"app_id": APP_ID} | decoys | {name: items})

    assert decision.tokens == len(decision.records) == 3


def test_a_beacon_weighs_what_it_brings():
    assert request_to("/h").tokens == 3
    assert request_to("/api/identify_v3").tokens == 1


def test_what_is_read_and_found_bad_costs_too_and_an_empty_request_costs_one():
    bad = ask("/api/track", {"app_id": APP_ID, "events": [{"event": "E", "identity": "a"}, {}]})
    empty = ask("/api/track", {"app_id": APP_ID, "events": []})

    assert (bad.answer.status, bad.tokens) == (400, 2)
    assert (empty.answer.status, empty.tokens) == (200, 1)


def test_an_excluded_address_is_answered_as_ever_and_costs_nothing():
    decision = request_to("/api/track", client=EXCLUDED, buckets=in_debt())

    assert decision.outcome is Outcome.EXCLUDED
    assert decision.tokens == 0


def test_a_request_is_not_read_when_it_is_over_the_limit():
    decision = ask("/api/track", {"app_id": APP_ID, "nothing": "right"}, buckets=in_debt())

    assert decision.answer.status == 429


@pytest.mark.parametrize("count", [1, 1_000])
def test_a_bulk_of_any_size_comes_in_when_nothing_is_owed(count):
    buckets = Buckets(0.5)
    event = {"event": "E", "identity": "a"}

    decision = ask("/api/track", json.dumps({"app_id": APP_ID, "events": [event] * count}).encode(), buckets=buckets)

    assert decision.outcome is Outcome.ACCEPTED
    assert decision.tokens == count


# --- What a request costs ---------------------------------------------------------------------------------------------
MANY = {f"p{number}": number for number in range(320)}


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        ({"event": "E", "identity": "a"}, 1),
        ({"events": []}, 1),
        ({"events": [{"event": "E", "identity": "a"}] * 7}, 7),
        ({"event": "E", "identity": "a", "properties": {"text": "x" * 1_000}}, 1),
        ({"event": "E", "identity": "a", "properties": dict.fromkeys("abcd", "x" * 1_000)}, 4),
        ({"event": "E", "identity": "a", "properties": MANY}, 20),
        ({"events": [{"event": "E", "identity": "a", "properties": dict.fromkeys("abcdef", 1)}] * 7}, 7),
        ({"events": [{"event": "E", "identity": "a", "properties": MANY}, {}]}, 3),  # bad: its bytes alone
    ],
)
def test_a_request_costs_by_what_it_brings_its_bytes_or_its_properties(body, tokens):
    assert ask("/api/track", {"app_id": APP_ID, **body}).tokens == tokens


def test_compression_makes_nothing_cheaper():
    body = gzip.compress(json.dumps({"app_id": APP_ID, "event": "E", "identity": "a", "x": "y" * 100_000}).encode())

    decision = ask("/api/track", body, headers=JSON | {b"content-encoding": b"gzip"})

    assert (decision.outcome, decision.tokens) == (Outcome.ACCEPTED, 97)


def stored_bytes(decision):
    return len(msgspec.json.encode(list(decision.records)))


def test_what_a_beacon_says_of_its_page_costs_for_each_event():
    texts = dict.fromkeys(("d", "h", "g", "t", "r", "b", "us", "um", "ut", "ua", "uc"), "\N{SNOWMAN}" * 1_024)
    decision = beacon("/h", texts | {f"t{number}": "E" for number in range(100)})

    assert len(decision.records) == 100
    assert decision.size > 0.9 * stored_bytes(decision) > 3_000_000
    assert decision.tokens == decision.size // 1_024


def test_a_few_events_of_an_ordinary_page_cost_one_token_each():
    texts = {"d": "shop.example", "h": "/lists/of/all/kinds", "q": "?page=2&sort=price", "t": "Lists of all kinds"}

    assert beacon("/h", texts | {f"t{number}": "E" for number in range(5)}).tokens == 5


def test_names_that_flattening_makes_long_cost_by_their_length():
    event = {"event": "E", "identity": "ann", "properties": {"p" * 960: dict.fromkeys(map(str, range(17)), 1)}}
    decision = ask("/api/track", {"app_id": APP_ID, "events": [event] * 100})

    assert decision.size > 0.9 * stored_bytes(decision) > 1_000_000
    assert decision.tokens == decision.size // 1_024
