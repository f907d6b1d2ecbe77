"""What is decided in steps is what is decided at once."""

import json

import pytest

from collector.decide import ENDPOINTS, STEP, Request, decide, decide_in_steps
from common.token_buckets import Buckets
from tests.collector.asking import APP_ID, CLOSED, ENVIRONMENTS, EXCLUDED, JSON, NOW, OUTSIDE, UNLIMITED
from tests.collector.test_captures import CAPTURES
from tests.collector.test_rate_limits import BEACONS, BULK, in_debt

MANY = 3 * STEP + 1


def both(path, body, *, method="POST", client=OUTSIDE, buckets=UNLIMITED, query=b""):
    """What is decided at once, what in steps, and how many steps those were."""
    request = Request(method, path, JSON, body, client, NOW, query)
    steps, count = decide_in_steps(request, ENVIRONMENTS, buckets), 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return decide(request, ENVIRONMENTS, buckets), end.value, count
        count += 1


def body_of(path, items, app_id=APP_ID):
    return json.dumps({"app_id": app_id, BULK[path][0]: items}).encode()


@pytest.mark.parametrize("path", sorted(BULK))
def test_many_are_read_in_steps(path):
    items = BULK[path][1] * STEP

    at_once, in_steps, steps = both(path, body_of(path, items))

    assert in_steps == at_once
    assert len(at_once.records) == len(items)
    assert steps > len(items) / STEP


@pytest.mark.parametrize("path", sorted(BULK))
@pytest.mark.parametrize("place", [0, STEP - 1, STEP, MANY - 1])
@pytest.mark.parametrize("bad", [{}, 5], ids=["empty", "no object"])
def test_the_first_that_is_bad_is_named_by_its_place(path, place, bad):
    items = [*BULK[path][1][:1] * place, bad, *[bad] * 2, *BULK[path][1][:1] * MANY]
    if path != "/api/track" and BULK[path][0] != "events":
        items = items[:1_000]

    at_once, in_steps, _ = both(path, body_of(path, items))

    assert in_steps == at_once
    assert f"{BULK[path][0]}[{place}]" in at_once.answer.body.decode()


@pytest.mark.parametrize("path", sorted(ENDPOINTS))
@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{", b'{"app_id": 1}', b'{"app_id": "x"}', b'{"app_id": "1234567890"}', b"a=1234567890&u=5",
        b'{"app_id": "1234567890", "events": 1, "users": {}, "accounts": null}', b"\xff", b"[" * 100,
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS"])
def test_whatever_comes_is_decided_the_same(path, body, method):
    at_once, in_steps, _ = both(path, body, method=method)

    assert in_steps == at_once


@pytest.mark.parametrize("path", sorted(BULK))
@pytest.mark.parametrize("app_id", ["1", CLOSED, APP_ID], ids=["unknown", "closed", "known"])
@pytest.mark.parametrize("client", [OUTSIDE, EXCLUDED])
@pytest.mark.parametrize("buckets", [UNLIMITED, in_debt()], ids=["no debt", "debt"])
def test_whoever_sends_it_is_answered_the_same(path, app_id, client, buckets):
    at_once, in_steps, _ = both(path, body_of(path, BULK[path][1], app_id), client=client, buckets=buckets)

    assert in_steps == at_once


@pytest.mark.parametrize("path", ["/api/add_user_properties", "/api/add_account_properties"])
def test_too_many_are_refused_the_same(path):
    at_once, in_steps, _ = both(path, body_of(path, BULK[path][1] * 334))

    assert in_steps == at_once
    assert at_once.answer.status == 400


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda capture: str(len(capture["body"])))
def test_recorded_requests_are_decided_the_same(capture):
    at_once, in_steps, _ = both(capture["path"], capture["body"].replace("3000610572", APP_ID).encode())

    assert in_steps == at_once


@pytest.mark.parametrize("path", sorted(BEACONS))
def test_beacons_are_decided_the_same(path):
    at_once, in_steps, _ = both(path, f"a={APP_ID}&u=1&z=0&i=ann&t0=E".encode())

    assert in_steps == at_once


@pytest.mark.parametrize("query", [b"", b"partial=1"])
def test_what_is_changed_is_noted_the_same(query):
    items = [{"event": "E", "identity": "a", "properties": {"t": "x" * (1_020 + n % 7)}} for n in range(MANY)]
    items[3] = items[MANY - 1] = {"event": "E", "identity": "null", "user_id": 5}
    bad = [{"event": "E"}, 5] if query else []

    at_once, in_steps, _ = both("/api/track", body_of("/api/track", [*items, *bad]), query=query)

    assert in_steps == at_once
    assert (in_steps.noted.texts_cut, in_steps.noted.nobodies, in_steps.noted.refused) == (214, 2, len(bad))
    assert [place for place, _ in in_steps.noted.listed] == [MANY, MANY + 1][: len(bad)]


def test_a_limit_is_only_asked():
    buckets = Buckets(1, burst_seconds=0)

    both("/api/track", body_of("/api/track", BULK["/api/track"][1]), buckets=buckets)

    assert buckets.wait_seconds(ENVIRONMENTS[APP_ID].environment_id, NOW) == 0
