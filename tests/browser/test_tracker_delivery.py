"""What happens on a page arrives: large, much, often, offline, or as the page goes. Row by row, in a real Chromium."""

# ruff: noqa: F401, F811 (fixtures by import)

import pytest

from tests.browser.tracked_pages import context, page, people, served_first, shop, stored, until, visit
from tests.collector.conftest import collecting_server, environment, server

CORS = {"Access-Control-Allow-Origin": "*"}


def sent_by(page):
    """The requests to the tracking server, as they are made; the list grows."""
    requests = []
    page.on("request", lambda request: requests.append(request) if "/h" in request.url[-3:] else None)
    return requests


def test_a_page_may_send_more_than_the_browser_lets_closing_pages_send(page, shop, stored):
    """256 KiB and more, in many requests: the answers of all are read, or the quota of keepalive runs out at 64."""
    visit(page, shop.url)
    for number in range(60):
        page.evaluate("number => heap.track('E' + number, {text: 'x'.repeat(1024), more: 'y'.repeat(4000)})", number)
        page.wait_for_timeout(20)
    page.evaluate("for (let n = 60; n < 200; n++) heap.track('E' + n, {one: 'x'.repeat(1024), two: 'y'.repeat(1024)})")

    assert [row[0] for row in stored(201, "name")] == ["", *(f"E{number}" for number in range(200))]


def test_the_trackers_posts_are_answered_without_a_body(page, shop, stored):
    with page.expect_response("**/h") as answer:
        visit(page, shop.url)

    assert (answer.value.status, answer.value.request.method) == (204, "POST")
    stored(1)


def test_what_is_answered_is_sent_once(page, shop, stored):
    requests = sent_by(page)
    visit(page, shop.url)
    page.evaluate("heap.track('E')")
    page.click("#next")
    stored(4)
    page.wait_for_timeout(500)

    sent = " ".join(request.post_data for request in requests)
    assert (sent.count("z="), sent.count("t0=E&") + sent.count("t1=E&")) == (2, 1)


def test_an_event_that_no_closing_page_could_send_does_not_stop_the_others(page, shop, stored):
    visit(page, shop.url)

    page.evaluate("heap.track('Before')")
    page.evaluate("heap.track('Big', Object.fromEntries([...Array(9).keys()].map((i) => ['p' + i, '中'.repeat(900)])))")
    page.evaluate("heap.track('After')")

    rows = stored(4, "name, properties")
    assert [row[0] for row in rows] == ["", "Before", "Big", "After"]
    assert rows[2][1] == {f"p{i}": "中" * 900 for i in range(9)}


def test_large_properties_of_people_and_events_arrive(page, shop, server, environment, stored):
    visit(page, shop.url)
    large = "Object.fromEntries([...Array(25).keys()].map((i) => ['p' + i, 'ж'.repeat(500)]))"

    page.evaluate(f"heap.addUserProperties({large})")
    page.evaluate(f"heap.addEventProperties({large})")
    page.evaluate("heap.track('One'); heap.track('Two')")

    rows = stored(3, "name, properties")
    assert [row[0] for row in rows] == ["", "One", "Two"]
    assert [len(row[1]) for row in rows] == [0, 25, 25]
    (properties,) = people(server, environment).values()
    assert properties == {f"p{i}": "ж" * 500 for i in range(25)}


def test_one_that_fails_again_and_again_does_not_hold_up_the_others(page, shop, stored):
    """As with a proxy that chokes on it: no status says that it is refused for good."""
    visit(page, shop.url)
    stored(1)
    page.route("**/h", lambda route: route.abort() if "Choke" in (route.request.post_data or "") else route.continue_())

    page.evaluate("heap.track('Choke'); heap.track('Good'); heap.track('Better')")
    rows = stored(3, "name")
    page.evaluate("heap.track('Later')")

    assert [row[0] for row in rows + stored(4, "name")[3:]] == ["", "Good", "Better", "Later"]
    page.unroute("**/h")
    assert "Choke" in [row[0] for row in stored(5, "name")]


def test_calls_that_never_pause_are_sent_meanwhile(page, shop):
    visit(page, shop.url)
    requests = sent_by(page)

    for number in range(20):
        page.evaluate("number => heap.track('Call ' + number)", number)
        page.wait_for_timeout(100)

    assert len(requests) >= 3


def test_a_call_costs_the_same_however_many_wait(page, shop):
    """What is written for a call is counted, not timed: the call's own entry, and not the whole queue again."""
    visit(page, shop.url)
    page.context.set_offline(True)
    page.evaluate(
        """() => {
            window.written = 0;
            const setItem = Storage.prototype.setItem;
            Storage.prototype.setItem = function (key, text) { written += text.length; setItem.call(this, key, text) };
        }"""
    )
    count = (
        """number => { written = 0; for (let n = 0; n < number; n++) heap.track('Call'); return written / number }"""
    )

    first = page.evaluate(count, 10)
    page.evaluate(count, 400)
    late = page.evaluate(count, 10)

    assert 0 < late < 1.5 * first


def test_a_page_whose_requests_are_traced_is_heard(page, shop, stored):
    page.add_init_script(
        """const fetched = window.fetch;
        window.fetch = (url, options) => fetched(url, {...options, headers: {
            ...(options || {}).headers, baggage: 'a=1', 'sentry-trace': '1-2', traceparent: '00-1-2-01'}});"""
    )
    visit(page, shop.url)
    page.evaluate("heap.track('Traced')")

    assert [row[0] for row in stored(2, "name")] == ["", "Traced"]


def test_two_tabs_of_one_browser_keep_what_each_has_to_send(page, context, shop, stored):
    other = context.new_page()
    visit(page, shop.url)
    visit(other, f"{shop.url}/other")
    stored(2)
    context.set_offline(True)

    for number in range(3):
        page.evaluate("number => heap.track('Page ' + number)", number)
        other.evaluate("number => heap.track('Other ' + number)", number)
    page.wait_for_timeout(500)
    context.set_offline(False)

    names = [row[0] for row in stored(8, "name")]
    assert sorted(names[2:]) == sorted(f"{tab} {number}" for tab in ("Page", "Other") for number in range(3))


COUNTER = """<button id="count" style="width: 200px; height: 200px" onclick="this.textContent = ++window.clicked">0
</button><script>window.clicked = 0</script>"""


def test_a_thousand_clicks_offline_twice_closed_in_the_middle_and_reopened(page, context, shop, stored):
    """Every event once, in order, on its page with its title: the button tells how often it was clicked before."""
    for path in ("/first", "/third"):
        shop.pages[path] = f"<title>{path[1:]}</title>{shop.snippet}{COUNTER}"
    visit(page, f"{shop.url}/first")
    expected = [("pageview", "/first", "first", None)]

    def click(page, path, numbers):
        for number in numbers:
            page.mouse.click(100, 100)
            expected.append(("click", path, path[1:], str(number)))

    click(page, "/first", range(150))
    context.set_offline(True)
    click(page, "/first", range(150, 400))
    context.set_offline(False)
    click(page, "/first", range(400, 450))
    page.evaluate("history.pushState({}, '', '/second'); setTimeout(() => { document.title = 'second' }, 30)")
    expected.append(("pageview", "/second", "second", None))
    click(page, "/second", range(450, 600))
    context.set_offline(True)
    click(page, "/second", range(600, 800))
    page.goto("about:blank")  # and the tab lives on, as after a crash of the page
    context.set_offline(False)
    visit(page, f"{shop.url}/third")
    expected.append(("pageview", "/third", "third", None))
    click(page, "/third", range(200))

    assert stored(len(expected), "kind, path, title, target_text") == expected


def test_what_a_closed_tab_could_not_send_a_later_one_sends(page, context, shop, stored):
    visit(page, shop.url)
    stored(1)
    context.set_offline(True)
    page.evaluate("heap.track('Left behind')")
    page.close()
    context.set_offline(False)

    later = context.new_page()
    later.add_init_script("const now = Date.now; Date.now = () => now() + 61e3")  # until then a tab may be at work
    visit(later, f"{shop.url}/later")

    assert sorted(row[0] for row in stored(3, "name")) == ["", "", "Left behind"]
