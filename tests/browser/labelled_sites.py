"""A customer's site of its own origin, with unlike pages, on which people of Shop › Production label.

Test files take the fixtures over by import.
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client
from playwright.sync_api import expect

from analytics.labelling import tickets
from analytics.labelling.models import ConfirmedSite
from projects.install_guide import csp
from projects.snippet import snippet

# Robots, as headless browsers call themselves, are not in reports.
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
# Playwright reads no closed shadow root. The bar's is opened for it, and for no page's own script.
OPENED = """const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (options) {
  return attach.call(this, this.localName === "heapadmin-labelling" ? { ...options, mode: "open" } : options);
};"""
NONCE = "n1"

PLAIN = """<!doctype html><html lang="en"><head><title>Shoes</title>{snippet}
<style>* {{ color: purple }} div, section, button {{ display: none }} main, main * {{ display: block }}</style>
</head><body><main>
<h1>Shoes</h1><p>Made by hand</p>
<button id="buy" class="btn big" onclick="window.happened = (window.happened || 0) + 1">Buy <span>now</span></button>
<a id="next" href="/products/18?from=17">Next</a>
<form onsubmit="window.happened = 99; return false"><label>Search <input name="q"></label><button>Go</button></form>
<div class="heap-ignore"><button id="secret">Secret</button></div>
</main><script>history.replaceState({{ mine: 1 }}, "")</script></body></html>"""

# The router starts at once and writes the address anew, without the fragment. Class names come from a build.
APPLICATION = """<!doctype html><html lang="en"><head><title>App</title>
<script>history.replaceState({{ router: 1 }}, "", location.pathname)</script>{snippet}</head><body><div id="root"></div>
<script>
function render() {{
  window.renders = (window.renders || 0) + 1;
  const hash = Math.random().toString(36).slice(2, 8);
  document.getElementById("root").innerHTML = "<main class='css-" + hash + "'><h1>" + location.pathname + "</h1>" +
    "<button id=':r1:' class='sc-" + hash + " Button_root__" + hash + "'><i>★</i> Add to cart</button>" +
    "<a class='css-" + hash + "' href='/app/cart' data-route>Cart</a></main>";
}}
document.addEventListener("click", (event) => {{
  if (event.target.closest("button")) window.happened = (window.happened || 0) + 1;
  const link = event.target.closest("a[data-route]");
  if (!link) return;
  event.preventDefault();
  history.pushState({{ router: 2 }}, "", link.href);
  render();
}});
addEventListener("popstate", render);
render();
</script></body></html>"""

STRICT = """<!doctype html><html lang="en"><head><title>Bank</title>{snippet}</head><body>
<main><h1>Bank</h1><pay-now></pay-now></main>
<script nonce="{nonce}">
customElements.define("pay-now", class extends HTMLElement {{
  connectedCallback() {{
    const button = document.createElement("button");
    button.textContent = "Pay now";
    button.addEventListener("click", () => (window.happened = (window.happened || 0) + 1));
    this.attachShadow({{ mode: "open" }}).append(button);
  }}
}});
</script></body></html>"""


class Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        site = self.server.site
        page, headers = site.page(self.path.partition("?")[0])
        body = page.encode()
        self.send_response(200)
        for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Site:
    """`pages` holds further ones by path: their HTML and headers. `open` begins to label, as the console would."""

    def __init__(self, url, console, environment, new_page):
        self.url, self.console, self.environment, self.new_page = url, console, environment, new_page
        self.pages = {}

    def page(self, path):
        if path in self.pages:
            return self.pages[path]
        text = snippet(app_id=self.environment.app_id, site_url=self.console)
        if path.startswith("/app/"):
            return APPLICATION.format(snippet=text), {}
        if path.startswith("/strict/"):
            return STRICT.format(snippet=text.replace("<script>", f'<script nonce="{NONCE}">'), nonce=NONCE), {
                "Content-Security-Policy": self.strict(csp(self.console)),
                "Cross-Origin-Opener-Policy": "same-origin",
                "Cross-Origin-Embedder-Policy": "require-corp",
            }
        return PLAIN.format(snippet=text), {}

    def strict(self, ours):
        ours = ours.replace("script-src", f"script-src 'nonce-{NONCE}'").replace("\n", " ")
        return f"default-src 'none'; {ours} require-trusted-types-for 'script'; trusted-types heapadmin"

    def ticket(self, user, environment=None):
        """A ticket for this site, from a session of `user`."""
        environment = environment or self.environment
        client = Client()
        client.force_login(user)
        UserSession.objects.create(user=user, session_key=client.session.session_key, ip="192.0.2.1")
        confirmed, _ = ConfirmedSite.objects.get_or_create(environment=environment, origin=self.url)
        return tickets.give(site=confirmed, user=user, session_key=client.session.session_key)

    def open(self, user, path, *, init=""):
        """A tab in which `user` labels. `init`: a script that runs before all of the page's."""
        page = self.new_page(user_agent=FIREFOX)
        page.add_init_script(OPENED + init)
        page.goto(f"{self.url}{path}#heapadmin-label={self.ticket(user)}")
        expect(bar(page).get_by_role("button", name="Use the page")).to_be_visible(timeout=30_000)
        return page

    def visit(self, path):
        """A visitor's tab, once its pageview is stored."""
        before = len(self.events())
        page = self.new_page(user_agent=FIREFOX)
        page.goto(f"{self.url}{path}")
        self.wait(page, before + 1)
        return page

    def events(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "select kind, target_text, hash from events where environment_id = %s order by time, id",
                [self.environment.pk],
            )
            return cursor.fetchall()

    def wait(self, page, count):
        """Wait until so many events are stored."""
        for _ in range(600):
            if len(self.events()) >= count:
                break
            page.wait_for_timeout(50)
        assert len(self.events()) == count, self.events()


def bar(page):
    return page.get_by_role("region", name="Labelling")


@pytest.fixture
def site(live_server, server_at_rest, teammate, new_page, settings):
    settings.SITE_URL = live_server.url
    expect.set_options(timeout=30_000)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.site = Site(f"http://127.0.0.1:{server.server_port}", live_server.url, teammate.environment, new_page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.site
    expect.set_options(timeout=None)
    server.shutdown()
    thread.join()
    server.server_close()
