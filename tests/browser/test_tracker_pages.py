"""Each event is told with the page, the title and the element where it happened."""

# ruff: noqa: F401, F811 (fixtures by import)

import time

import pytest

from tests.browser.tracked_pages import context, page, people, served_first, shop, stored, visit
from tests.collector.conftest import collecting_server, environment, server

GO = "([path, title, ms]) => { history.pushState({}, '', path); setTimeout(() => { document.title = title }, ms) }"


# --- Addresses and titles ---------------------------------------------------------------------------------------------
def test_a_router_that_sets_the_title_after_the_address(page, shop, stored):
    visit(page, f"{shop.url}/one")

    page.evaluate(GO, ["/two", "Two", 150])
    page.evaluate("heap.track('Early')")
    page.wait_for_timeout(500)
    page.evaluate(GO, ["/three", "Three", 0])
    page.wait_for_timeout(20)
    page.evaluate(GO, ["/four", "Four", 250])
    page.wait_for_timeout(600)
    page.evaluate("heap.track('Late')")
    page.evaluate("document.title = '(1) Four'; heap.track('Later')")

    assert stored(7, "name, path, title") == [
        ("", "/one", "one"), ("", "/two", "Two"), ("Early", "/two", "Two"), ("", "/three", "Three"),
        ("", "/four", "Four"), ("Late", "/four", "Four"), ("Later", "/four", "(1) Four"),
    ]  # fmt: skip


def test_a_title_that_is_set_late_belongs_to_the_page_even_when_the_next_page_comes_at_once(page, shop, stored):
    visit(page, f"{shop.url}/one")

    page.evaluate(
        "history.pushState({}, '', '/two'); document.title = 'Two'; history.pushState({}, '', '/three');"
        "setTimeout(() => { document.title = 'Three' })"
    )

    assert stored(3, "path, title") == [("/one", "one"), ("/two", "Two"), ("/three", "Three")]


def test_a_slow_script_before_the_title(page, shop, stored):
    shop.pages["/slow"] = (
        f"{shop.snippet}<script src='/late.js'></script><title>Slow</title><button id=buy>Buy</button>"
    )
    page.route("**/late.js", lambda route: (time.sleep(1.2), route.fulfill(body="")))
    visit(page, f"{shop.url}/slow")
    page.click("#buy")

    assert stored(2, "kind, title") == [("pageview", "Slow"), ("click", "Slow")]


def test_a_redirect_by_replace_state_is_seen(page, shop, stored):
    visit(page, f"{shop.url}/login")

    page.evaluate("history.replaceState({}, '', '/home?tab=1')")
    page.evaluate("history.replaceState({}, '', '/home?tab=2')")  # what filters do while somebody types
    page.click("#q")

    assert stored(3, "kind, path, query") == [
        ("pageview", "/login", None), ("pageview", "/home", "?tab=1"), ("click", "/home", "?tab=2"),
    ]  # fmt: skip


def test_states_for_the_pages_own_address_are_no_pageviews(page, shop, stored):
    visit(page, f"{shop.url}/one?a=1")

    page.evaluate("history.replaceState({a: 1}, ''); history.pushState({b: 1}, '', location.href)")
    page.evaluate("history.replaceState({c: 1}, '', '/one?a=1')")

    assert stored(1, "path, query") == [("/one", "?a=1")]


def test_navigation_that_the_page_intercepts_is_a_pageview(page, shop, stored):
    visit(page, f"{shop.url}/one")
    page.evaluate(
        """navigation.addEventListener('navigate', (event) => event.intercept({
            handler: async () => { document.title = new URL(event.destination.url).pathname.slice(1) }}))"""
    )

    page.evaluate("navigation.navigate('/cart').finished.then(() => 1)")
    page.click("#next")
    page.wait_for_timeout(400)
    page.go_back()

    assert stored(5, "kind, path, title") == [
        ("pageview", "/one", "one"), ("pageview", "/cart", "cart"), ("click", "/cart", "cart"),
        ("pageview", "/next", "next"), ("pageview", "/cart", "cart"),
    ]  # fmt: skip


def test_back_from_the_browsers_cache_is_one_pageview_with_the_pages_own_referrer(page, shop, stored):
    visit(page, f"{shop.url}/start")
    page.evaluate("location.href = '/one'")
    page.wait_for_url("**/one")
    page.wait_for_function("window.heap && heap.loaded && heap.getUserId()")

    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")

    rows = stored(3, "path, referrer, pageview_id")
    assert [row[:2] for row in rows[1:]] == [("/one", f"{shop.url}/start")] * 2
    assert len({row[2] for row in rows}) == 3


# --- Elements ---------------------------------------------------------------------------------------------------------
def test_scripted_clicks_are_left_out(page, shop, stored):
    visit(page, shop.url)

    page.evaluate(
        "document.querySelector('#q').click(); document.querySelector('#go').dispatchEvent(new Event('click'))"
    )
    page.click("#q")

    assert stored(2, "kind, target_id") == [("pageview", None), ("click", "q")]


def test_a_click_on_a_label_counts_once(page, shop, stored):
    shop.pages["/label"] = (
        f"{shop.snippet}<label id=outer>Gift <input type=checkbox id=gift></label>"
        "<label id=apart for=other>Other</label><input type=checkbox id=other>"
    )
    visit(page, f"{shop.url}/label")

    page.click("#outer", position={"x": 2, "y": 5})
    page.click("#apart")
    page.click("#other")

    rows = stored(7, "kind, target_id, target_text")
    assert [row for row in rows if row[0] == "click"] == [
        ("click", "outer", "Gift"), ("click", "apart", "Other"), ("click", "other", None),
    ]  # fmt: skip


SHADOW = """<title>shadow</title>{snippet}<main id=main><my-form id=host class=big></my-form>
<div heap-ignore><my-form id=secret></my-form></div></main>
<script>
customElements.define('my-form', class extends HTMLElement {{
  constructor() {{
    super();
    this.attachShadow({{mode: 'open'}}).innerHTML = `<form id=inner onsubmit="return false"><input class=name>
      <select class=size><option>S<option>M</select><button id=save><b>Save</b></button></form>`;
  }}
}});
</script>"""


def test_what_happens_in_an_open_shadow_root_is_seen_with_the_way_through_its_host(
    page, shop, server, environment, stored
):
    shop.pages["/shadow"] = SHADOW.format(snippet=shop.snippet)
    visit(page, f"{shop.url}/shadow")
    stored(1)

    for form in ("#secret", "#host"):
        page.fill(f"{form} .name", "my secret name")
        page.locator(f"{form} .name").blur()
        page.locator(f"{form} .size").focus()
        page.select_option(f"{form} .size", "M")
        page.click(f"{form} b")

    rows = stored(5, "kind, target_tag, target_text, target_hierarchy")
    through = "@html;|@body;|@main;#main;|@my-form;#host;.big;|@form;#inner;|"
    assert [row[:3] for row in rows[1:]] == [
        ("change", "input", None), ("change", "select", None), ("click", "button", "Save"), ("submit", "form", None),
    ]  # fmt: skip
    assert [row[3] for row in rows[3:]] == [f"{through}@button;#save;|", through]
    everything = str(server.query("select to_jsonb(e) from events e where environment_id = %s", environment.pk))
    assert "secret" not in everything


@pytest.mark.parametrize(
    ("button", "text"),
    [
        ('<button aria-label="Close"><svg></svg></button>', "Close"),
        ('<button title="Open"><i></i></button>', "Open"),
        ('<button title="b" aria-label="a"> </button>', "a"),
        ('<button aria-label="Close">Away</button>', "Away"),
        ('<a href="#" aria-label="Home"><img alt=""></a>', "Home"),
    ],
)
def test_an_icon_button_is_told_by_its_label(page, shop, stored, button, text):
    shop.pages["/icon"] = f"<style>a, button {{ display: inline-block; padding: 20px }}</style>{shop.snippet}{button}"
    visit(page, f"{shop.url}/icon")

    page.locator("button, a").click()

    rows = stored(3 if "<a" in button else 2, "kind, target_text")
    assert [row[1] for row in rows if row[0] == "click"] == [text]
