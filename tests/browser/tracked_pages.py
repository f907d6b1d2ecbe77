"""A site of its own origin with the snippet on its pages, and what of it arrives, row by row.

Test files take the fixtures over by import.
"""

# ruff: noqa: F401, F811 (fixtures of the collector's tests)

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from projects.snippet import snippet
from tests.collector.conftest import collecting_server, environment, server

PAGE = """<!doctype html><html><head><title>{title}</title>{snippet}</head><body>
<main id="main"><h1>Shop</h1>
<a id="next" class="btn big" href="/next?x=1">Next <b>page</b></a>
<button id="buy" type="button" onclick="heap.track('Order', {{amount: 12.5, plan: 'pro', gift: true, list: [1, 'a']}})">
  Buy <span>now</span></button>
<form id="search" onsubmit="return false"><input id="q" name="q" value="first"><input type="password" id="secret">
<select id="size"><option>S<option>M</select><textarea id="note"></textarea><button id="go">Go</button></form>
<div class="heap-ignore"><button id="hidden">Secret</button></div>
</main></body></html>"""


@pytest.fixture(scope="module", autouse=True)
def served_first(collecting_server):
    """Before a browser is there, whose event loop would hide the connections that must be closed for it."""


class Shop(BaseHTTPRequestHandler):
    """Any path is the same page, but for its title; `pages` holds others, whole, by path, `csp` a policy for all."""

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path in self.server.pages:
            page = self.server.pages[path].encode()
        else:
            page = PAGE.format(title=path.strip("/") or "start", snippet=self.server.snippet).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if path.endswith(".js") else "text/html; charset=utf-8")
        if self.server.csp:
            self.send_header("Content-Security-Policy", self.server.csp)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_):
        pass


@pytest.fixture
def shop(server, environment):
    """A site of its own origin with the snippet of `environment`."""
    site = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    site.snippet = snippet(app_id=environment.app_id, site_url=server.base_url)
    site.pages, site.csp = {}, ""
    site.url = f"http://127.0.0.1:{site.server_port}"
    thread = threading.Thread(target=site.serve_forever)
    thread.start()
    yield site
    site.shutdown()
    thread.join()
    site.server_close()


@pytest.fixture
def context(browser):
    context = browser.new_context()
    context.set_default_timeout(15_000)
    context.complaints = []
    yield context
    context.close()
    assert not context.complaints


@pytest.fixture
def page(context, shop):
    page = context.new_page()
    page.on("pageerror", lambda error: context.complaints.append(str(error)))
    page.console = []
    page.on("console", lambda line: page.console.append(line.text))
    return page


def visit(page, url):
    page.goto(url)
    page.wait_for_function("window.heap && heap.loaded && heap.getUserId()")


@pytest.fixture
def stored(server, environment, page):
    """stored(n, columns): the environment's events in the order of their times, once there are n of them."""

    def wait(count, what="kind, name, path"):
        sql = f"select {what} from events where environment_id = %s order by time, id"
        return until(count, lambda: server.query(sql, environment.pk), page)

    return wait


def until(count, look, page, seconds=15):
    """Rows, once there are `count` of them. Waits in Playwright, whose routes stand still otherwise."""
    wait = (lambda ms: time.sleep(ms / 1000)) if page.is_closed() else page.wait_for_timeout
    deadline = time.monotonic() + seconds
    while len(look()) < count and time.monotonic() < deadline:
        wait(50)
    wait(500)  # is there one too many?
    rows = look()
    assert len(rows) == count, rows
    return rows


def people(server, environment):
    return server.people(environment)
