"""What an environment leaves out, and where, in a real browser: it does not even leave the page."""

# ruff: noqa: F401, F811 (fixtures by import)

from urllib.parse import parse_qsl

import pytest

from projects.capture import Capture
from tests.browser.tracked_pages import context, page, served_first, shop, stored, visit
from tests.collector.conftest import collecting_server, environment, server
from tests.heapadmin.running import eventually


@pytest.fixture
def sent(page):
    """All that the page sends, as it is sent."""
    requests = []
    page.on("request", lambda request: requests.append(f"{request.url} {request.post_data}"))
    return requests


@pytest.fixture
def leave_out(server, environment):
    def change(**capture):
        before = server.request("GET", f"/js/heap-{environment.app_id}.js").body
        environment.capture = Capture(**capture).to_json()
        environment.save()
        assert eventually(lambda: server.request("GET", f"/js/heap-{environment.app_id}.js").body != before)

    return change


def of_tracker(sent):
    return [each for each in sent if "/h?" in each or "/h " in each or "/api/" in each]


def wait_and_see(page):
    """Nothing comes: longer than a batch waits."""
    page.wait_for_timeout(1500)


def test_queries_hashes_titles_and_texts_do_not_leave_the_page(page, shop, stored, sent, leave_out):
    leave_out(without_query=True, without_hash=True, without_titles=True, without_text=True)
    visit(page, f"{shop.url}/start?secret=1&utm_source=news#token")
    page.click("#next")
    page.wait_for_url("**/next**")
    page.wait_for_function("window.heap && heap.loaded && heap.getUserId()")

    events = stored(3, "kind, utm_source, target_href, referrer, query, hash, title, target_text")

    assert [event[:4] for event in events] == [
        ("pageview", "news", None, None),
        ("click", "news", "/next", None),
        ("pageview", "news", None, f"{shop.url}/start"),
    ]
    assert {event[4:] for event in events} == {(None, None, None, None)}
    for secret in ("secret", "token", "Next", "x=1", "x%3D1"):
        assert not [each for each in of_tracker(sent) if secret in each]


def test_nothing_is_captured_and_nothing_kept_on_a_page_that_is_left_out(page, context, shop, stored, sent, leave_out):
    leave_out(never_paths=("/admin/*",))
    page.goto(f"{shop.url}/admin/users")
    page.wait_for_function("window.heap && heap.loaded")
    page.click("#buy")
    page.evaluate("heap.identify('ann'); heap.addUserProperties({plan: 'pro'})")
    wait_and_see(page)

    assert not of_tracker(sent)
    assert context.cookies() == []
    assert page.evaluate("[Object.keys(localStorage), heap.getUserId(), heap.getIdentity()]") == [[], None, None]

    page.evaluate("history.pushState({}, '', '/shop')")
    page.click("#buy")
    stored(3)
    page.evaluate("history.pushState({}, '', '/admin/users')")
    page.click("#buy")
    wait_and_see(page)

    assert stored(3, "kind, path") == [("pageview", "/shop"), ("click", "/shop"), ("custom", "/shop")]


def test_only_the_sites_that_are_named_are_captured(page, shop, stored, sent, leave_out):
    leave_out(only_sites=("localhost",))
    page.goto(f"{shop.url}/a")
    page.wait_for_function("window.heap && heap.loaded")
    wait_and_see(page)
    assert not of_tracker(sent)

    visit(page, f"{shop.url}/a".replace("127.0.0.1", "localhost"))

    assert stored(1, "domain") == [("localhost",)]


@pytest.mark.parametrize(
    ("capture", "script"),
    [
        ({"obeys_gpc": True}, "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {value: true})"),
        ({"obeys_dnt": True}, "Object.defineProperty(Navigator.prototype, 'doNotTrack', {value: '1'})"),
    ],
)
def test_a_browser_that_asks_not_to_be_tracked_sends_nothing(page, context, shop, sent, leave_out, capture, script):
    leave_out(**capture)
    page.add_init_script(script)
    page.goto(f"{shop.url}/a")
    page.wait_for_function("window.heap && heap.loaded")
    page.click("#buy")
    page.evaluate("heap.startTracking(); heap.track('E'); heap.identify('ann')")
    wait_and_see(page)

    assert not of_tracker(sent)
    assert context.cookies() == []


def test_such_a_browser_is_captured_where_the_environment_does_not_obey(page, shop, stored):
    page.add_init_script("Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {value: true})")
    visit(page, f"{shop.url}/a")

    assert stored(1, "kind") == [("pageview",)]
