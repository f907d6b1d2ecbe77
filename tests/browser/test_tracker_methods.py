"""The methods and properties of `window.heap` that Heap documents, of classic and of heap.js 5."""

# ruff: noqa: F401, F811 (fixtures by import)

import json

import pytest

from projects.snippet import METHODS
from tests.browser.heap_snippets import CLASSIC, FIVE, lead_to
from tests.browser.tracked_pages import context, page, people, served_first, shop, stored, until, visit
from tests.collector.conftest import collecting_server, environment, server


def test_loaders_may_poll_who_is_there(page, shop, stored):
    visit(page, shop.url)
    assert page.evaluate("heap.userId") == page.evaluate("heap.getUserId()")
    assert page.evaluate("heap.identity") is None

    page.evaluate("heap.identify('ann')")

    assert page.evaluate("[heap.identity, heap.userId]") == ["ann", page.evaluate("heap.getUserId()")]
    page.evaluate("heap.userId = 'x'")
    assert page.evaluate("heap.userId") == page.evaluate("heap.getUserId()")


def test_pageviews_by_hand(page, shop, stored):
    shop.snippet = shop.snippet.replace("{ trackingServer", "{ disablePageviewAutocapture: true, trackingServer")
    visit(page, f"{shop.url}/one")
    page.evaluate("history.pushState({}, '', '/two')")

    page.evaluate("heap.trackPageview()")
    page.evaluate("heap.trackPageview({tab: 'all'}); heap.track('E')")

    rows = stored(3, "kind, path, properties, pageview_id")
    assert [row[:3] for row in rows] == [
        ("pageview", "/two", {}), ("pageview", "/two", {"tab": "all"}), ("custom", "/two", {}),
    ]  # fmt: skip
    assert rows[1][3] == rows[2][3] != rows[0][3]


def test_properties_of_pageviews_go_with_pageviews(page, shop, stored):
    visit(page, f"{shop.url}/one")
    page.evaluate("heap.addPageviewProperties({kind: 'shop', o: {a: 1}}); history.pushState({}, '', '/two')")
    page.evaluate("heap.track('E')")
    page.evaluate("heap.removePageviewProperty('o'); history.pushState({}, '', '/three')")
    visit(page, f"{shop.url}/four")
    page.evaluate("heap.clearPageviewProperties(); history.pushState({}, '', '/five')")

    assert stored(6, "path, properties") == [
        ("/one", {}), ("/two", {"kind": "shop", "o.a": 1}), ("/two", {}), ("/three", {"kind": "shop"}),
        ("/four", {"kind": "shop"}), ("/five", {}),
    ]  # fmt: skip


def test_properties_of_customers(page, shop, server, environment, stored):
    visit(page, shop.url)
    page.evaluate("heap.addAccountProperties({account_id: 'acme', plan: 'pro', seats: 3, 'name': 'Ä & Co'})")
    page.evaluate("heap.addAccountProperties('other', {plan: 'free'})")
    page.evaluate("heap.addAccountProperties({plan: 'nobody'})")

    sql = "select account_id, properties from customers where environment_id = %s order by account_id"
    assert until(2, lambda: server.query(sql, environment.pk), page) == [
        ("acme", {"plan": "pro", "seats": 3, "name": "Ä & Co"}),
        ("other", {"plan": "free"}),
    ]
    assert any("account_id" in line for line in page.console)
    stored(1)


def test_who_waits_for_the_tracker_is_called(page, shop, stored):
    shop.pages["/ready"] = f"""<title>r</title>{shop.snippet}
        <script>heap.onReady(() => heap.track('Early', {{who: heap.getUserId()}}))</script>"""
    visit(page, f"{shop.url}/ready")
    page.evaluate(
        "heap.onReady(() => heap.track('Late')); heap.onReady(() => {{ throw new Error() }}); heap.onReady(7)"
    )

    rows = stored(3, "name, properties, actor_id::text")
    assert [row[0] for row in rows] == ["", "Early", "Late"]
    assert rows[1][1] == {"who": rows[1][2]}


def test_heap_may_be_a_plain_object(page, shop, server, environment, stored):
    shop.pages["/plain"] = f"""<title>p</title><script>window.heap = {{appid: '{environment.app_id}', config: {{}}}}
        </script><script async src="{server.base_url}/js/heap-{environment.app_id}.js"></script>"""
    visit(page, f"{shop.url}/plain")
    page.evaluate("heap.track('E'); heap.push(['track', 'Pushed'])")

    assert [row[1] for row in stored(3)] == ["", "E", "Pushed"]


def test_a_plain_object_may_hold_early_calls_in_q(page, shop, server, environment, stored):
    """walkerOS's destination makes such an object. npm does not have it here, so this does what its source does."""
    shop.pages["/q"] = f"""<title>q</title><script>
        window.heap = {{appid: '{environment.app_id}', config: {{disablePageviewAutocapture: true}}, q: []}};
        for (const name of ['identify', 'addUserProperties', 'track'])
          heap[name] = (...given) => heap.q.push([name, ...given]);
        heap.identify('ann'); heap.addUserProperties({{plan: 'pro'}}); heap.track('Early', {{amount: 12.5}});
        </script><script async src="{server.base_url}/js/heap-{environment.app_id}.js"></script>"""
    visit(page, f"{shop.url}/q")
    page.evaluate("heap.track('Late'); heap.q.push(['track', 'Still queued'])")

    assert stored(3, "name, properties") == [("Early", {"amount": 12.5}), ("Late", {}), ("Still queued", {})]
    assert people(server, environment) == {"ann": {"plan": "pro"}}


def test_heap_may_not_be_there_at_all(page, shop, server, environment, stored):
    shop.pages["/bare"] = f'<script src="{server.base_url}/js/heap-{environment.app_id}.js"></script>'
    visit(page, f"{shop.url}/bare")

    assert [row[0] for row in stored(1)] == ["pageview"]


def test_a_page_that_asks_for_trusted_types(page, shop, stored):
    shop.csp = "require-trusted-types-for 'script'; trusted-types heapadmin"
    page.goto(shop.url)

    assert [row[0] for row in stored(1)] == ["pageview"]
    assert not [line for line in page.console if "rusted" in line]


# --- heap.js 5 --------------------------------------------------------------------------------------------------------
@pytest.fixture
def five(shop, server, environment, context):
    """Heap's own snippet on all pages of the shop: it loads /config/<id>/heap_config.js from Heap's host."""
    lead_to(server, context)

    def use(config="{}"):
        shop.snippet = FIVE.replace("APP_ID", environment.app_id).replace("CONFIG", config)

    use()
    return use


def test_the_snippet_of_heap_js_5(page, shop, server, environment, stored, five):
    calls = "<script>heap.track('Early', {a: 1}); heap.identify('ann'); heap.addUserProperties({plan: 'pro'})</script>"
    shop.pages["/five"] = f"<title>five</title>{shop.snippet}{calls}"
    visit(page, f"{shop.url}/five")
    page.evaluate("heap.track('Late')")

    rows = stored(3, "name, title, properties")
    assert rows == [("", "five", {}), ("Early", "five", {"a": 1}), ("Late", "five", {})]
    assert people(server, environment) == {"ann": {"plan": "pro"}}


def test_calls_by_its_queue_go_on_when_it_is_loaded(page, shop, stored, five):
    visit(page, shop.url)

    page.evaluate("heapReadyCb.push({name: 'track', fn: () => heap.track('Pushed')})")
    page.evaluate("heapReadyCb.push({name: 'track', fn: () => { throw new Error() }}); heapReadyCb.push()")
    # what consent tools do: all stubs once more
    page.evaluate("heap.track = function (...all) { heapReadyCb.push({name: 'track', fn: () => heap.track(...all)}) }")
    page.evaluate("heap.track('By a stub'); heap.track('And then')")

    assert [row[1] for row in stored(4)] == ["", "Pushed", "By a stub", "And then"]


def test_its_configuration_is_understood(page, shop, server, environment, stored, five, context):
    five(
        json.dumps(
            {"ingestServer": server.base_url, "disableTextCapture": True, "disableInteractionEvents": ["submit"]}
        )
    )
    for host in ("https://cdn.us.heap-api.com/h", "https://cdn.us.heap-api.com/api/**"):
        context.route(host, lambda route: route.abort())
    visit(page, shop.url)
    page.click("#go")

    assert stored(2, "kind, target_text") == [("pageview", None), ("click", None)]


def test_it_may_be_loaded_from_here_with_its_own_names(page, shop, server, environment, stored):
    shop.snippet = FIVE.replace("APP_ID", environment.app_id).replace("CONFIG", "{}")
    shop.snippet = shop.snippet.replace("https://cdn.us.heap-api.com", server.base_url)
    visit(page, shop.url)

    assert [row[0] for row in stored(1)] == ["pageview"]


ODD = [
    "",
    "undefined",
    "null",
    "7",
    "{}",
    "[]",
    "() => { throw new Error() }",
    "{a: {b: {}}}",
    "'x', 'y'",
    "true",
    "NaN",
]
DOCUMENTED = sorted({
    *METHODS, "init", "load", "startTracking", "stopTracking", "identifyHashed", "addAdapter", "addTransformer",
    "addTransformerFn", "onReady", "trackPageview", "addPageviewProperties", "removePageviewProperty",
    "clearPageviewProperties", "addAccountProperties", "push",
})  # fmt: skip


@pytest.mark.parametrize("method", DOCUMENTED)
def test_a_method_that_heap_documents_never_throws_into_the_page(page, shop, method):
    visit(page, shop.url)

    for arguments in ODD:
        page.evaluate(f"void heap.{method}({arguments})")
