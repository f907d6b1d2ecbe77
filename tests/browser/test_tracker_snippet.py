"""Snippets that run twice, with two app_ids, or are Heap's own."""

# ruff: noqa: F401, F811 (fixtures by import)

import re

import pytest

from projects.install_guide import csp
from projects.snippet import snippet
from tests.browser.heap_snippets import CLASSIC, lead_to
from tests.browser.tracked_pages import context, page, people, served_first, shop, stored, visit
from tests.collector.conftest import collecting_server, environment, server


def code(snippet):
    """What is in its script element."""
    return re.search(r"<script[^>]*>(.*)</script>", snippet, re.DOTALL)[1]


@pytest.fixture(params=["ours", "classic"])
def snippet_text(request, shop, server, environment, context):
    """A snippet, unmodified but for its app_id, on all pages of the shop."""
    if request.param == "classic":
        shop.snippet = CLASSIC.replace("APP_ID", environment.app_id)
        lead_to(server, context)
    return shop.snippet


def test_a_snippet_that_runs_again_changes_nothing(page, shop, server, environment, stored, snippet_text):
    visit(page, shop.url)
    page.evaluate("heap.identify('ann')")

    page.evaluate(code(snippet_text))
    assert page.evaluate("heap.getIdentity()") == "ann"
    page.evaluate("heap.track('Again'); heap.addUserProperties({plan: 'pro'})")

    assert [row[1] for row in stored(2)] == ["", "Again"]
    assert people(server, environment) == {"ann": {"plan": "pro"}}
    assert page.evaluate("document.querySelectorAll('script[src*=heap-]').length") == 1


def test_a_snippet_that_runs_again_before_the_script_is_there_loses_no_call(page, shop, stored, snippet_text):
    again = "<script>heap.track('One')</script>" + snippet_text + "<script>heap.track('Two')</script>"
    shop.pages["/twice"] = f"<title>twice</title>{snippet_text}{again}"
    visit(page, f"{shop.url}/twice")

    page.evaluate("heap.track('Three')")

    assert [row[1] for row in stored(4)] == ["", "One", "Two", "Three"]


def test_methods_that_somebody_replaced_by_stubs_come_back(page, shop, stored):
    """Consent tools define the stubs of heap.js 5 again, whether or not the script is there."""
    visit(page, shop.url)

    page.evaluate(
        """() => {
            const live = heap.track;
            heap.track = (...given) => heap.push(['track', ...given]);
            heap.track('One');
            heap.track = live;
        }"""
    )

    assert [row[1] for row in stored(2)] == ["", "One"]


def test_a_second_app_id_is_refused_aloud(page, shop, server, environment, stored):
    other = server.make_environment()
    visit(page, shop.url)

    page.evaluate(code(snippet(app_id=other.app_id, site_url=server.base_url)))
    page.evaluate("heap.track('Mine')")

    assert [row[1] for row in stored(2)] == ["", "Mine"]
    assert any(other.app_id in line and environment.app_id in line for line in page.console)
    assert server.events(other) == []


def test_of_two_app_ids_at_once_one_is_refused_and_the_other_has_its_events(page, shop, server, environment):
    other = server.make_environment()
    both = shop.snippet + snippet(app_id=other.app_id, site_url=server.base_url)
    shop.pages["/both"] = f"<title>both</title>{both}"
    visit(page, f"{shop.url}/both")
    page.wait_for_timeout(1500)

    assert sorted(len(server.events(each)) for each in (environment, other)) == [0, 1]
    assert any(other.app_id in line and environment.app_id in line for line in page.console)


# --- A tag manager ----------------------------------------------------------------------------------------------------
# What the template of a tag manager may do to a page: set and read names of the window, call a function by its path,
# and inject a script. Heap's own template cannot be had here; these are its eight tags by their documentation.
SANDBOX = """
const api = {
  setInWindow: (name, value) => { window[name] = window[name] || value; },
  callInWindow: (path, ...given) => {
    const parts = path.split('.'); const last = parts.pop();
    const owner = parts.reduce((object, part) => object && object[part], window);
    if (owner && typeof owner[last] === 'function') return owner[last](...JSON.parse(JSON.stringify(given)));
  },
  injectScript: (url, done) => {
    const script = document.createElement('script');
    script.async = true; script.src = url; script.onload = done;
    document.head.appendChild(script);
  },
};
"""


def test_the_tags_of_a_tag_manager(page, shop, server, environment, stored):
    shop.pages["/tags"] = f"<title>tags</title><script>{SANDBOX}</script><button id='buy'>Buy</button>"
    page.goto(f"{shop.url}/tags")
    page.evaluate(
        """([url, id]) => new Promise((done) => {
            api.setInWindow('heap', {appid: id, config: {}});
            api.injectScript(url, done);
        })""",
        [f"{server.base_url}/js/heap-{environment.app_id}.js", environment.app_id],
    )
    page.evaluate(
        """() => {
            api.callInWindow('heap.identify', 'ann');
            api.callInWindow('heap.addUserProperties', {plan: 'pro'});
            api.callInWindow('heap.addEventProperties', {source: 'ad', kept: true});
            api.callInWindow('heap.track', 'Order', {amount: 12.5});
            api.callInWindow('heap.removeEventProperty', 'source');
            api.callInWindow('heap.track', 'Second');
            api.callInWindow('heap.clearEventProperties');
            api.callInWindow('heap.track', 'Third');
            api.callInWindow('heap.resetIdentity');
            api.callInWindow('heap.track', 'Of somebody else');
        }"""
    )

    assert stored(5, "name, properties") == [
        ("", {}),
        ("Order", {"source": "ad", "kept": True, "amount": 12.5}),
        ("Second", {"kept": True}),
        ("Third", {}),
        ("Of somebody else", {}),
    ]
    assert {"ann": {"plan": "pro"}}.items() <= people(server, environment).items()
    assert len(server.query("select distinct actor_id from events where environment_id = %s", environment.pk)) == 2


# --- A Content-Security-Policy ----------------------------------------------------------------------------------------
def test_the_policy_that_the_install_page_shows_is_enough(page, shop, server, stored):
    snippet = shop.snippet.replace("<script>", '<script nonce="n1">')
    shop.pages["/strict"] = f"<title>strict</title>{snippet}<button>Buy</button>"
    ours = csp(server.base_url).replace("script-src", "script-src 'nonce-n1'").replace("\n", " ")
    shop.csp = f"default-src 'none'; {ours} require-trusted-types-for 'script'; trusted-types heapadmin"
    visit(page, f"{shop.url}/strict")
    page.click("button")
    page.evaluate("heap.track('Order')")

    assert [row[:2] for row in stored(3)] == [("pageview", ""), ("click", ""), ("custom", "Order")]
    assert not [line for line in page.console if "violates" in line]
