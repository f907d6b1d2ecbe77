"""The snippet and the tracker on pages of another site, in a real Chromium; what arrives is looked at row by row."""

# ruff: noqa: F401, F811 (fixtures by import)

import json
import time

import pytest

from tests.browser.tracked_pages import context, page, people, served_first, shop, stored, visit
from tests.collector.conftest import collecting_server, environment, server
from tests.collector.waiting import until_all_workers_say


def test_a_pageview_tells_the_page_and_the_browser(page, shop, stored):
    visit(page, f"{shop.url}/sale?utm_source=mail&a=1#top")

    what = "kind, domain, path, query, hash, title, referrer, utm_source, platform, browser, os, device, actor_id::text"
    (row,) = stored(1, what)

    assert row[:9] == ("pageview", "127.0.0.1", "/sale", "?utm_source=mail&a=1", "#top", "sale", None, "mail", "web")
    assert row[9:12] == ("Chrome", "Linux", "robot")  # it is headless
    assert row[12] == page.evaluate("heap.getUserId()")


def test_clicks_changes_and_submits_tell_the_element_and_never_what_was_typed(page, shop, server, environment, stored):
    visit(page, shop.url)
    stored(1)

    page.fill("#q", "my secret search")
    page.fill("#secret", "my password")
    page.fill("#note", "my secret note")
    page.select_option("#size", "M")
    page.click("#hidden")
    page.click("#go")

    rows = stored(6, "kind, target_tag, target_id, target_text")
    assert set(rows[1:4]) == {
        ("change", "input", "q", None),
        ("change", "textarea", "note", None),
        ("change", "select", "size", None),
    }
    assert rows[4:] == [("click", "button", "go", "Go"), ("submit", "form", "search", None)]
    everything = json.dumps(server.query("select to_jsonb(e) from events e where environment_id = %s", environment.pk))
    assert "secret search" not in everything and "password" not in everything and "secret note" not in everything
    assert "hidden" not in everything and "Secret" not in everything


def test_a_link_is_told_with_its_address_its_text_and_what_is_around_it(page, shop, stored):
    visit(page, shop.url)

    page.click("#next b")
    page.wait_for_url("**/next?x=1")

    start, click, following = stored(
        3, "kind, path, target_tag, target_class, target_id, target_href, target_text, target_hierarchy, referrer"
    )
    assert start[:2] == ("pageview", "/")
    assert click == (
        "click", "/", "a", "btn big", "next", "/next?x=1", "Next page",
        "@html;|@body;|@main;#main;|@a;#next;.btn;.big;|", None,
    )  # fmt: skip
    assert (following[0], following[1], following[8]) == ("pageview", "/next", f"{shop.url}/")


def test_navigation_within_a_page_is_a_pageview(page, shop, stored):
    visit(page, shop.url)

    page.evaluate("history.pushState({}, '', '/cart?step=1')")
    page.evaluate("history.pushState({}, '', '/cart?step=1')")  # the same again
    page.evaluate("location.hash = 'pay'")
    for _ in range(3):
        page.go_back()

    rows = stored(5, "kind, path, query, hash, referrer")
    assert [row[:4] for row in rows] == [
        ("pageview", "/", None, None),
        ("pageview", "/cart", "?step=1", None),
        ("pageview", "/cart", "?step=1", "#pay"),
        ("pageview", "/cart", "?step=1", None),
        ("pageview", "/", None, None),
    ]
    assert rows[1][4] == f"{shop.url}/"


def test_custom_events_keep_the_types_of_their_properties(page, shop, stored):
    visit(page, shop.url)
    page.evaluate("heap.addEventProperties({plan: 'free', team: {size: 3}, no: undefined, f() {}})")

    page.evaluate("document.querySelector('#buy').onclick()")
    page.evaluate("heap.removeEventProperty('team.size')")
    page.evaluate("heap.track('click', {when: new Date(0), bad: NaN, half: '\\ud83d', long: 'x'.repeat(5000)})")
    page.evaluate("heap.clearEventProperties(); heap.track('Last')")

    rows = stored(4, "kind, name, properties")
    assert rows[1] == ("custom", "Order", {
        "plan": "pro", "team.size": 3, "amount": 12.5, "gift": True, "list": "1||a"})  # fmt: skip
    assert rows[2] == ("custom", "click", {
        "plan": "free", "when": "1970-01-01T00:00:00.000Z", "half": "\ufffd", "long": "x" * 1024})  # fmt: skip
    assert rows[3] == ("custom", "Last", {})


def test_calls_before_the_script_has_loaded_are_made_up_for(page, shop, stored):
    page.route("**/js/heap-*.js", lambda route: (time.sleep(0.5), route.continue_()))
    page.goto(shop.url, wait_until="commit")
    page.wait_for_function("!!(window.heap && heap.track)")
    page.evaluate("heap.track('Early', {a: 1})")

    assert [row[:2] for row in stored(2)] == [("pageview", ""), ("custom", "Early")]


def test_a_visitor_becomes_somebody_and_leaves_again(page, shop, server, environment, stored):
    visit(page, shop.url)
    visitor = page.evaluate("heap.getUserId()")
    session = page.evaluate("heap.getSessionId()")

    page.evaluate("heap.identify('ann'); heap.identify('ann'); heap.addUserProperties({plan: 'pro', seats: 3, ID: 1})")
    page.evaluate("heap.track('As Ann')")
    stored(2)

    assert page.evaluate("[heap.getUserId(), heap.getIdentity(), heap.getSessionId()]") == [visitor, "ann", session]
    assert people(server, environment) == {"ann": {"plan": "pro", "seats": 3}}

    page.evaluate("heap.identify('bob')")
    bobs = page.evaluate("[heap.getUserId(), heap.getIdentity(), heap.getSessionId()]")
    page.evaluate("heap.track('As Bob'); heap.resetIdentity(); heap.resetIdentity()")
    nobody = page.evaluate("[heap.getUserId(), heap.getIdentity(), heap.getSessionId()]")
    page.evaluate("heap.track('As nobody')")

    rows = stored(4, "name, actor_id::text, session_id::text")
    assert [row[1] for row in rows] == [visitor, visitor, bobs[0], nobody[0]]
    assert len({row[2] for row in rows[1:]}) == len({visitor, bobs[0], nobody[0]}) == 3
    assert nobody[1] is None
    merged = server.query("select from_actor::text from merges where environment_id = %s order by at", environment.pk)
    assert merged == [(visitor,), (bobs[0],)]
    assert set(people(server, environment)) == {"ann", "bob", nobody[0]}


def test_the_old_form_of_identify(page, shop, server, environment, stored):
    visit(page, shop.url)

    page.evaluate("heap.identify({handle: 'ann', email: 'ann@shop.example'})")
    page.evaluate("heap.track('E')")
    stored(2)

    assert people(server, environment) == {"ann": {"email": "ann@shop.example"}}


def test_what_happens_offline_is_sent_when_the_net_is_back(page, context, shop, stored):
    visit(page, shop.url)
    stored(1)
    context.set_offline(True)

    page.evaluate("heap.track('Offline 1')")
    page.wait_for_timeout(700)
    page.evaluate("heap.track('Offline 2')")
    page.wait_for_timeout(300)
    stored(1)
    context.set_offline(False)

    assert [row[1] for row in stored(3)] == ["", "Offline 1", "Offline 2"]


@pytest.mark.parametrize("status", [503, 429, 500])
def test_what_was_refused_for_now_is_sent_again_after_a_while(page, shop, stored, status):
    answers = [status, status]

    def refuse(route):
        if answers:
            route.fulfill(status=answers.pop(), headers={"Access-Control-Allow-Origin": "*"})
        else:
            route.continue_()

    page.route("**/h", refuse)
    visit(page, shop.url)
    page.evaluate("heap.track('Patient')")

    assert [row[1] for row in stored(2)] == ["", "Patient"]


def test_what_was_stored_but_not_answered_counts_once(page, shop, stored):
    lost = [True, True]

    def lose(route):
        if lost:
            lost.pop()
            route.fetch()  # it arrives; the answer does not
            route.abort()
        else:
            route.continue_()

    page.route("**/h", lose)
    visit(page, shop.url)
    page.evaluate("heap.track('Once')")
    stored(2)
    page.wait_for_function("!Object.keys(localStorage).length")

    assert [row[1] for row in stored(2)] == ["", "Once"]


def test_a_page_closed_in_mid_flight_loses_nothing(page, shop, stored):
    visit(page, shop.url)
    stored(1)

    page.evaluate("heap.track('Last words')")
    with page.expect_event("close"):
        page.close(run_before_unload=True)

    assert [row[1] for row in stored(2)] == ["", "Last words"]


def test_what_a_closed_page_could_not_send_the_next_page_sends_once(page, context, shop, stored):
    visit(page, shop.url)
    stored(1)
    page.route("**/h", lambda route: route.abort())
    page.evaluate("void (navigator.sendBeacon = () => false)")
    page.evaluate("heap.track('Left behind')")
    page.wait_for_timeout(500)
    page.unroute("**/h")
    page.evaluate("void (window.fetch = () => new Promise(() => 0))")

    visit(page, f"{shop.url}/next")

    rows = stored(3, "kind, name, path")
    assert rows == [("pageview", "", "/"), ("custom", "Left behind", "/"), ("pageview", "", "/next")]


def test_an_event_that_is_refused_for_good_does_not_hold_up_others(page, shop, stored):
    def refuse(route):
        if "Bad" in (route.request.post_data or ""):
            route.fulfill(status=400, headers={"Access-Control-Allow-Origin": "*"})
        else:
            route.continue_()

    visit(page, shop.url)
    stored(1)
    page.route("**/h", refuse)

    page.evaluate("heap.track('Good'); heap.track('Bad'); heap.track('Better', {n: 2e22})")

    assert stored(3, "name, properties")[1:] == [("Good", {}), ("Better", {"n": 2e22})]


def test_without_cookies_and_storage_it_still_tells_pageviews(page, shop, stored):
    page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, name, {get() { throw new Error('forbidden') }});"
        "Object.defineProperty(document, 'cookie', {get() { return '' }, set() {}})"
    )
    visit(page, shop.url)
    page.evaluate("heap.track('E')")

    assert [row[:2] for row in stored(2)] == [("pageview", ""), ("custom", "E")]


def test_an_excluded_visitor_sees_403_in_the_console_for_people_and_nothing_is_stored(
    page,
    shop,
    server,
    environment,
    stored,
):
    server.exclude("127.0.0.1", environment=environment)
    assert until_all_workers_say(server, environment.app_id, 403, path="/api/identify")
    visit(page, shop.url)

    page.evaluate("heap.identify('ann'); heap.addUserProperties({plan: 'pro'}); heap.track('E')")
    page.wait_for_function("!Object.keys(localStorage).length")

    assert sum("403" in line for line in page.console) == 2
    assert stored(0) == []
    assert people(server, environment) == {}


@pytest.mark.parametrize(
    "call",
    [
        "heap.track()", "heap.track(null, 7)", "heap.track({}, {a: {b: {c: {}}}})", "heap.identify()",
        "heap.identify({})", "heap.addUserProperties(null)", "heap.addUserProperties('x')", "heap.addEventProperties()",
        "heap.removeEventProperty()", "heap.push(['nothing'])", "heap.push()", "heap.track('E', (() => {"
        " const a = {}; a.a = a; return a })())", "heap.track('E', {get x() { throw new Error() }})",
    ],
)  # fmt: skip
def test_nothing_that_a_page_asks_for_throws(page, shop, call):
    visit(page, shop.url)

    page.evaluate(call)
