"""What an environment leaves out is left out by the collector too, whatever a page sends."""

import gzip
import json
import re

import pytest

from collector.decide import Outcome
from collector.tracker import SCRIPT, SETTINGS, tracker
from projects.capture import Capture
from tests.collector.asking import APP_ID, capturing
from tests.heapadmin.running import eventually

CLICK = {
    "d": "shop.example", "h": "/a?x=1#y", "q": "?secret=1&utm_source=news", "g": "#token", "t": "Ann's basket",
    "r": "https://else.example/p?who=ann#x", "z": "2", "v": "5", "s": "6",
    "t0": "click", "id0": "9", "h0": "/next?who=ann#top", "x0": "Dear Ann", "n0": "a",
}  # fmt: skip


def stored(capture, **changes):
    """The pageview and the click, as they are stored."""
    return capturing(capture, "/h", CLICK | changes).records


def test_everything_is_stored_where_nothing_is_left_out():
    pageview, click = stored(None)

    assert (pageview.query, pageview.hash, pageview.title) == (CLICK["q"], CLICK["g"], CLICK["t"])
    assert (click.target_text, click.target_href, click.referrer) == (CLICK["x0"], CLICK["h0"], CLICK["r"])


def test_queries_are_left_out_of_every_address_and_campaigns_stay():
    pageview, click = stored(Capture(without_query=True))

    assert (pageview.query, pageview.path, pageview.referrer) == (None, "/a#y", "https://else.example/p#x")
    assert (click.target_href, click.utm_source) == ("/next#top", "news")


def test_hashes_are_left_out_of_every_address():
    pageview, click = stored(Capture(without_hash=True))

    assert (pageview.hash, pageview.path, pageview.referrer) == (None, "/a?x=1", "https://else.example/p?who=ann")
    assert click.target_href == "/next?who=ann"


def test_titles_and_texts_are_left_out():
    pageview, click = stored(Capture(without_titles=True, without_text=True))

    assert (pageview.title, click.title, click.target_text) == (None, None, None)
    assert click.target_tag == "a"


def test_events_of_programs_are_stored_as_they_are_sent():
    capture = Capture(without_query=True, only_sites=("shop.example",), only_paths=("/a",))

    decision = capturing(capture, "/api/track", {"identity": "ann", "event": "E", "properties": {"url": "/x?y=1"}})

    assert decision.outcome is Outcome.ACCEPTED
    assert decision.records[0].properties == {"url": "/x?y=1"}


@pytest.mark.parametrize(
    ("capture", "changes", "is_stored"),
    [
        (Capture(only_sites=("shop.example",)), {}, True),
        (Capture(only_sites=("shop.example",)), {"d": "localhost"}, False),
        (Capture(only_sites=("shop.example",)), {"d": ""}, False),
        (Capture(never_paths=("/admin/*",)), {}, True),
        (Capture(never_paths=("/admin/*",)), {"h": "/admin/users"}, False),
    ],
)
@pytest.mark.parametrize("path", ["/h", "/api/identify_v3", "/api/add_user_properties_v3"])
def test_a_page_where_nothing_is_captured(capture, changes, is_stored, path):
    decision = capturing(capture, path, CLICK | {"i": "ann", "_plan": "pro"} | changes)

    assert bool(decision.records) is is_stored
    assert decision.outcome is (Outcome.ACCEPTED if is_stored else Outcome.LEFT_OUT)
    assert decision.answer.status == 200
    assert ((b"x-heapadmin-dropped", b"capture-settings") in decision.answer.headers) is not is_stored


@pytest.mark.parametrize(
    ("capture", "headers", "is_stored"),
    [
        (Capture(obeys_gpc=True), {"sec_gpc": "1"}, False),
        (Capture(obeys_gpc=True), {"sec_gpc": "0", "dnt": "1"}, True),
        (Capture(obeys_dnt=True), {"dnt": "1"}, False),
        (Capture(obeys_dnt=True), {"dnt": "0"}, True),
        (Capture(without_hash=True), {"sec_gpc": "1", "dnt": "1"}, True),
    ],
)
@pytest.mark.parametrize(
    ("path", "payload"),
    [("/h", CLICK), ("/api/track", {"identity": "ann", "event": "E"}), ("/api/identify_v3", {"i": "ann"})],
)
def test_a_browser_that_asks_not_to_be_tracked(capture, headers, is_stored, path, payload):
    decision = capturing(capture, path, payload, **headers)

    assert bool(decision.records) is is_stored
    assert decision.answer.status == 200


# --- The script -----------------------------------------------------------------------------------------------------
def settings_of(script):
    return json.loads(re.search(rb"\(window, document, (\{.*\})\);$", script)[1])


def test_the_script_says_what_is_left_out():
    capture = Capture(without_text=True, obeys_gpc=True, only_sites=("shop.example",), never_paths=("/me",))
    environments = {APP_ID: capturing(capture, "/h", CLICK).environment}

    answer = tracker("GET", f"/js/heap-{APP_ID}.js", {}, environments)
    zipped = tracker("GET", f"/config/{APP_ID}/heap_config.js", {b"accept-encoding": b"gzip"}, environments)

    assert settings_of(answer.body) == {
        "disableTextCapture": True,
        "gpc": True,
        "only": r"^(?:shop\.example)/.*$",
        "never": r"^(?:[^/]*(?:/me))$",
    }
    assert answer.body.startswith(SCRIPT.partition(SETTINGS)[0])
    assert gzip.decompress(zipped.body) == answer.body
    assert dict(answer.headers)[b"etag"] != dict(tracker("GET", "/js/heap-1.js", {}, environments).headers)[b"etag"]


def test_a_change_holds_at_once_for_the_script_and_what_is_collected(server, environment):
    path = f"/js/heap-{environment.app_id}.js"
    first = server.request("GET", path)

    environment.capture = Capture(without_titles=True).to_json()
    environment.save()

    assert eventually(lambda: settings_of(server.request("GET", path).body) == {"noTitle": True})
    known = {"If-None-Match": first.headers["etag"]}
    assert eventually(lambda: server.request("GET", path, headers=known).status == 200)  # by the other worker, too
