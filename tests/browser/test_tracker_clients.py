"""Programs from npm that load or call Heap's tracker, unmodified, against ours; and a site built from npm packages."""

# ruff: noqa: F401, F811 (fixtures by import)

import json
import subprocess
from pathlib import Path

import pytest

from tests.browser.heap_snippets import lead_to
from tests.browser.tracked_pages import context, page, people, served_first, shop, stored, until, visit
from tests.collector.conftest import collecting_server, environment, server
from tests.npm import installed

HERE = Path(__file__).parent / "npm"

pytestmark = pytest.mark.node


@pytest.fixture(scope="session")
def bundled(tmp_path_factory):
    """bundled(file): the text of one script, with the packages that it imports."""
    folder = installed(HERE / "package.json")
    out = tmp_path_factory.mktemp("bundles")

    def bundle(name):
        target = out / f"{Path(name).stem}.js"
        if not target.exists():
            command = [folder / "node_modules" / ".bin" / "esbuild", HERE / name, "--bundle", f"--outfile={target}"]
            command += ['--define:process.env.NODE_ENV="production"', "--log-level=error"]
            environment = {"NODE_PATH": str(folder / "node_modules"), "PATH": "/usr/local/bin:/usr/bin:/bin"}
            subprocess.run(command, check=True, env=environment, cwd=HERE)
        return target.read_text()

    bundle.folder = folder
    return bundle


@pytest.fixture
def built(shop, environment, bundled):
    """built(file, head): the address of a page that runs the bundle of that file."""

    def build(name, head=""):
        shop.pages["/bundle.js"] = bundled(name)
        shop.pages["/page"] = (
            f"<title>page</title><script>window.appId = '{environment.app_id}'</script>{head}"
            '<div id="app"></div><script src="/bundle.js"></script>'
        )
        return f"{shop.url}/page"

    return build


@pytest.mark.parametrize("name", ["react_heap.jsx", "reactjs_heap.js", "gatsby.js", "c15t.js"])
def test_what_loads_the_tracker(page, context, server, environment, stored, built, name):
    lead_to(server, context)

    visit(page, built(name))
    page.evaluate("heap.track('Order', {amount: 12.5})")

    assert stored(2, "kind, name, path, properties") == [
        ("pageview", "", "/page", {}), ("custom", "Order", "/page", {"amount": 12.5}),
    ]  # fmt: skip
    assert people(server, environment) == {"ann": {"plan": "pro"}}


def test_angulartics(page, shop, server, environment, stored, built):
    visit(page, built("angulartics.js", head=shop.snippet))

    rows = stored(2, "kind, name, properties")
    assert rows == [("pageview", "", {}), ("custom", "Order", {"amount": 12.5})]
    assert people(server, environment) == {"ann": {"plan": "pro"}}


def test_rudderstacks_sdk(page, context, server, environment, stored, built):
    lead_to(server, context)
    visit(page, built("rudderstack.js"))

    assert stored(2, "kind, name, properties") == [("pageview", "", {}), ("custom", "Order", {"amount": 12.5})]
    assert people(server, environment) == {"ann": {"plan": "pro"}}


@pytest.mark.parametrize("mode", ["heap's host", "own host", "tracking server", "already there"])
def test_segments_destination(page, context, shop, server, environment, stored, built, bundled, mode):
    lead_to(server, context)
    settings = {
        "own host": {"hostname": "cdn.us.heap-api.com"},
        "tracking server": {"trackingServer": server.base_url},
    }
    parts = bundled.folder / "node_modules/@segment/browser-destinations/dist/web"
    shop.pages["/destination.js"] = next(parts.glob("heap/*.js")).read_text()
    (shared,) = parts.glob("688/*.js")  # which the destination loads
    shop.pages[f"/688/{shared.name}"] = shared.read_text()
    head = f"<script>window.destination = {json.dumps(settings.get(mode, {}))}</script>"
    visit(page, built("segment.js", head=head + shop.snippet * (mode == "already there")))

    rows = stored(2, "kind, name, properties->'amount'")
    assert rows == [("pageview", "", None), ("custom", "Order", 12.5)]
    assert people(server, environment)["ann"]["plan"] == "pro"


def test_a_single_page_site_whose_titles_come_late(page, shop, stored, built):
    built("site.jsx", head=shop.snippet)
    shop.pages["/site"] = shop.pages["/home"] = shop.pages["/page"]
    visit(page, f"{shop.url}/site")

    page.click("#log-in")
    page.wait_for_timeout(600)
    page.click("#buy")
    page.click("#to-cart")
    page.click("#buy")
    page.wait_for_timeout(600)
    page.go_back()
    page.wait_for_timeout(600)
    page.click("#buy")

    rows = stored(9, "kind, path, title, target_text")
    assert rows == [
        ("pageview", "/site", "page", None), ("click", "/site", "page", "Log in"),
        ("pageview", "/home", "Home", None), ("click", "/home", "Home", "Buy Home"), ("click", "/home", "Home", "Cart"),
        ("pageview", "/cart", "Cart", None), ("click", "/cart", "Cart", "Buy Cart"),
        ("pageview", "/home", "Home", None), ("click", "/home", "Home", "Buy Home"),
    ]  # fmt: skip
