"""Shared links in Chromium: what people without a login see, on a phone, on paper, within a page of another site."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.contrib.auth.hashers import make_password
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import Account
from analytics.shared_links.secret import secret_of
from tests.analytics.factories import SharedLinkFactory
from tests.analytics.kept import make_report, pin
from tests.browser.test_printing import CUT_OFF, LEFT_TO_PRESS

PASSWORD = "correct horse battery"
WEEK = [["event", "builtin:pageview"], ["days", "7"]]


@contextmanager
def site(body):
    """A site whose pages all have this body, by its address: of another host than the server, so of another site."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def address(**fields):
    return reverse("analytics:shared", args=[secret_of(SharedLinkFactory(**fields))])


def test_axe_finds_nothing_wrong_and_paper_shows_it_whole(page, environment, visits, axe_clean):
    report, people = (
        make_report(environment, "Views", parameters=WEEK),
        make_report(environment, "People", kind="users"),
    )
    people_address = address(shown=people, shows_people=True)
    page.set_viewport_size({"width": 390, "height": 900})
    for path, seen in [
        (address(shown=report), ".chart__plot"),
        (people_address, "tbody tr"),
        (address(shown=pin(report)), ".tile .chart__plot"),
        (address(shown=people), ".notice"),
        (address(shown=report, password=make_password(PASSWORD)), "input[type=password]"),
        (reverse("analytics:shared", args=["x" * 43]), "h1"),
    ]:
        page.goto(path)
        expect(page.locator(seen).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        axe_clean(page)

    page.goto(people_address)
    expect(page.locator("tbody tr")).to_have_count(3)
    page.emulate_media(media="print")
    assert [page.evaluate(LEFT_TO_PRESS), page.evaluate(CUT_OFF)] == [[], []]


def test_a_listed_site_shows_it_in_a_frame_behind_its_password_and_no_other_does(
    page, environment, visits, live_server, settings
):
    """The frame is of another site than the page around it: its cookie is kept for that page apart."""
    settings.HTTPS = True  # Chromium takes localhost for as good
    link = address(shown=make_report(environment, "Views", parameters=WEEK), password=make_password(PASSWORD))
    frame = f'<iframe src="{live_server.url}{link}" width="800" height="600"></iframe>'
    shown = page.frame_locator("iframe")
    with site(frame) as listed, site(frame) as other:
        Account.objects.update(embedding_sites=[listed])

        page.goto(listed)
        shown.get_by_label("Password").fill(PASSWORD)
        shown.get_by_role("button", name="Open").click()
        expect(shown.locator(".chart__plot")).to_be_visible()
        with page.expect_download() as download:
            shown.get_by_role("link", name="CSV").click()
        assert "Pageview" in download.value.path().read_text("utf-8-sig")

        unwatched = page.context.new_page()  # whose complaints fail no test
        with unwatched.expect_console_message(lambda line: "frame-ancestors" in line.text):
            unwatched.goto(other)
        page.goto(link)  # the cookie is of the frame in that page alone
        expect(page.get_by_label("Password")).to_be_visible()
