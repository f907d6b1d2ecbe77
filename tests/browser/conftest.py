"""Real pages in a real Chromium, against pytest-django's `live_server`.

`page` and `other_page` are two people's browsers; `signed_in_page` is `page` with `teammate` signed in.
A page that throws, breaks its own content security policy, or gets a 500 of any kind, fails its test.
"""

import asyncio
import os
import shutil
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.test import Client
from playwright.sync_api import expect, sync_playwright

from accounts.models import Account, User
from projects.models import Environment
from tests.analytics.rows import add_event, add_person
from tests.factories import EnvironmentFactory, MembershipFactory

# Playwright keeps an event loop in this thread, which Django would take for a reason to refuse the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

HERE = Path(__file__).parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "preload": False,  # it copies style sheets that import others into the page, which the policy forbids
}

DIMMED = ".answer.htmx-request, .button.htmx-request"  # while they wait for the server: too pale for axe
COLOURS_HAVE_CHANGED = """() => Promise.allSettled(
    document.getAnimations().filter((each) => each instanceof CSSTransition).map((each) => each.finished))"""

UNCOVER = """(is) => {
    document.querySelectorAll(".table-scroll--tall").forEach((each) => { each.style.maxHeight = is ? "none" : ""; });
    document.querySelectorAll(".talk").forEach((each) => { each.style.position = is ? "static" : ""; });
}"""


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        loop = asyncio._get_running_loop()
        yield chromium
        asyncio._set_running_loop(loop)  # the last test may have been another's, from whom it is hidden
        chromium.close()


@pytest.fixture
def server_at_rest(live_server):
    """Wait at the end until the server has answered everything: emptying the tables would meet what still runs."""
    running = []

    def start(**_):
        running.append(True)

    def finish(**_):
        running.pop()

    request_started.connect(start)
    request_finished.connect(finish)
    yield
    rests = 0
    for _ in range(200):
        rests = rests + 1 if not running else 0
        if rests > 2:
            break
        time.sleep(0.05)
    request_started.disconnect(start)
    request_finished.disconnect(finish)


@pytest.fixture
def new_page(browser, live_server, server_at_rest):
    """Make pages, each with cookies of its own: `new_page(java_script_enabled=False)`, as Playwright names options."""
    contexts, complaints = [], []

    def make(**options):
        options = {
            "base_url": live_server.url,
            "reduced_motion": "reduce",
            "viewport": {"width": 1280, "height": 800},
        } | options
        context = browser.new_context(**options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("response", lambda each: each.status >= 500 and complaints.append(f"{each.status} {each.url}"))
        page.on("console", lambda line: "Content Security Policy" in line.text and complaints.append(line.text))
        return page

    yield make
    for context in contexts:
        context.close()
    assert not complaints, complaints


@pytest.fixture
def page(new_page):
    return new_page()


@pytest.fixture
def other_page(new_page):
    return new_page()


@dataclass(frozen=True)
class Teammate:
    """Somebody with full access, and where they work: Shop › Production."""

    user: User
    account: Account
    environment: Environment


SHIFTED = """() => new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => list.getEntries().forEach(each => sum += each.value))
        .observe({type: "layout-shift", buffered: true});
    setTimeout(() => done(sum), 500);
})"""


def goto_with_styles_last(page, path):
    """Go there, and let stylesheets come when the page itself is whole: what comes in parts moves while it comes."""
    held = []
    page.route("**/*.css", lambda route: held.append(route))
    page.goto(path, wait_until="commit")
    while page.evaluate("document.readyState") == "loading":  # wait_for_function needs eval, which the policy forbids
        page.wait_for_timeout(50)
    for route in held:
        route.continue_()
    page.unroute("**/*.css")
    page.wait_for_load_state()


def shifted(page):
    """How much has moved by itself since the page began, as browsers score it: 0 is nothing."""
    return page.evaluate(SHIFTED)


@pytest.fixture
def teammate(live_server):
    environment = EnvironmentFactory(project__name="Shop", project__account__name="Analytical Engines")
    account = environment.project.account
    membership = MembershipFactory(account=account, user__name="Ada Lovelace", user__email="ada@shop.example")
    return Teammate(membership.user, account, environment)


def sign_in(page, user, base_url):
    """Give the page's browser a session of `user`, past the sign-in form."""
    client = Client()
    client.force_login(user)
    return use_session(page, client, base_url)


def use_session(page, client, base_url):
    """Give the page's browser the session of `client`."""
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": base_url}])
    return page


@pytest.fixture
def signed_in_page(page, teammate, live_server):
    return sign_in(page, teammate.user, live_server.url)


@pytest.fixture
def environment(teammate):
    return teammate.environment


@pytest.fixture
def visits(environment):
    """Two weeks of a small site: pageviews, clicks on Buy, and a custom event with a property."""
    for day in range(14):
        for visitor in range(1, 4):
            at = {"ago": timedelta(days=day, minutes=visitor), "actor_id": visitor, "session_id": 100 * day + visitor}
            page = {"domain": "shop.example", "path": f"/page{visitor}", "browser": "Firefox"}
            add_event(environment, kind="pageview", **at, **page)
            add_event(environment, kind="click", target_tag="button", target_text="Buy now", **at, **page)
        add_event(environment, name="Paid", properties={"plan": "gold" if day % 2 else "free"}, **at)
    for visitor in range(1, 4):
        add_person(environment, visitor, properties={"plan": "gold"})


@pytest.fixture
def ada(signed_in_page):
    return signed_in_page


def _violations(page, part):
    found = Axe().run(page, context=part, options=AXE).response["violations"]
    return [
        f"{each['id']}: {each['help']}\n    " + "\n    ".join(node["html"][:200] for node in each["nodes"][:5])
        for each in found
    ]


@pytest.fixture
def axe_clean():
    """`axe_clean(page)` fails with what axe finds wrong on the page as it is now, in the light and the dark theme.

    `part`, a selector, narrows it: what an open menu half covers is too small for axe. What scrolls out of the row of
    totals of tall tables, and of the strip of Talk to Us, is shown whole to it.
    """

    def check(page, part=None):
        expect(page.locator(DIMMED)).to_have_count(0, timeout=30_000)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.evaluate(COLOURS_HAVE_CHANGED)
            page.evaluate(UNCOVER, True)
            found = _violations(page, part)
            page.evaluate(UNCOVER, False)
            assert not found, f"{page.url} in the {theme} theme:\n" + "\n".join(found)

    return check
