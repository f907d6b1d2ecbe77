"""Labelling on a customer's own pages, as people do it there; docs/labelling.md."""

# ruff: noqa: F401, F811 (fixtures by import)

import json
import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from analytics import actions
from analytics.definitions.bodies import DefinitionBody
from analytics.models import Definition
from analytics.questions.conditions import Condition, Field, Group, Operator
from analytics.questions.query import EventReference, Selection
from tests.browser.conftest import sign_in
from tests.browser.labelled_sites import FIREFOX, OPENED, bar, site
from tests.factories import EnvironmentFactory, MembershipFactory

PAGES = {
    "plain": ("/products/17", "Buy now"),
    "application": ("/app/shop", "Add to cart"),
    "strict": ("/strict/pay", "Pay now"),
}


def panel(page):
    return page.get_by_role("dialog")


@pytest.mark.parametrize("name", PAGES)
def test_label_save_and_see_the_next_click_counted(site, teammate, page, live_server, name):
    path, words = PAGES[name]
    visitor = site.visit(path)
    visitor.get_by_role("button", name=words).click()
    site.wait(visitor, 2)

    labeller = site.open(teammate.user, path)
    labeller.get_by_role("button", name=words).click()

    expect(panel(labeller).get_by_text("1 event", exact=True)).to_have_count(2)
    expect(panel(labeller).get_by_text("by 1 person", exact=True)).to_have_count(2)
    expect(panel(labeller).get_by_text("No definition covers it yet.")).to_be_visible()
    assert labeller.evaluate("window.happened || 0") == 0  # the page did not get the click
    assert "heapadmin-label" not in labeller.url
    panel(labeller).get_by_label("Name of the definition").fill("Bought it")
    panel(labeller).get_by_role("button", name="Save").click()
    expect(panel(labeller).get_by_role("link", name="Bought it")).to_be_visible()
    panel(labeller).get_by_role("button", name="Close").click()
    bar(labeller).get_by_role("button", name="End").click()
    expect(labeller.get_by_text("Labelling has ended.")).to_be_visible()
    assert len(site.events()) == 2  # nothing of this was collected

    labeller.reload()
    site.wait(labeller, 3)
    labeller.get_by_role("button", name=words).click()
    site.wait(labeller, 4)
    assert [each[0] for each in site.events()] == ["pageview", "click"] * 2
    assert not any("heapadmin" in (each[2] or "") for each in site.events())
    expect(labeller.locator("heapadmin-labelling")).to_have_count(0)

    again = site.open(teammate.user, path)
    again.get_by_role("button", name=words).click()
    expect(panel(again).get_by_text("2 events", exact=True)).to_have_count(2)
    expect(panel(again).get_by_role("link", name="Bought it")).to_be_visible()
    report = panel(again).get_by_role("link", name="Open as a graph").get_attribute("href")
    sign_in(page, teammate.user, live_server.url).goto(report)
    expect(page.get_by_role("row", name="Whole range 2 2")).to_be_visible()
    assert Definition.objects.get().name == "Bought it"


def test_it_goes_on_over_pages_until_it_is_ended(site, teammate):
    page = site.open(teammate.user, "/products/17")
    assert page.evaluate("history.state") == {"mine": 1}
    page.get_by_role("link", name="Next").click()  # held back
    expect(panel(page).get_by_text("Click on a “Next”")).to_be_visible()
    assert page.url == f"{site.url}/products/17"
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()

    bar(page).get_by_role("button", name="Use the page").click()
    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**/products/18?from=17")
    expect(bar(page).get_by_role("button", name="Use the page")).to_have_attribute("aria-pressed", "true")
    page.goto(f"{site.url}/app/shop")
    bar(page).get_by_role("button", name="Label", exact=True).click()
    bar(page).get_by_role("button", name="Use the page").click()
    renders = page.evaluate("renders")
    page.get_by_role("link", name="Cart").click()
    expect(page.get_by_role("heading", name="/app/cart")).to_be_visible()
    assert page.evaluate("[renders, history.state]") == [renders + 1, {"router": 2}]
    bar(page).get_by_role("button", name="Label", exact=True).click()
    page.get_by_role("button", name="Add to cart").click()
    expect(panel(page).get_by_label("This page: /app/cart")).to_be_visible()
    page.keyboard.press("Escape")

    bar(page).get_by_role("button", name="End").click()
    expect(page.get_by_text("Labelling has ended.")).to_be_visible()
    assert page.evaluate("Object.keys(sessionStorage).filter(each => each.startsWith('heap'))") == []
    assert site.events() == []
    page.reload()
    site.wait(page, 1)


def test_visitors_never_load_it_and_a_made_up_ticket_opens_nothing(site):
    page = site.new_page(user_agent=FIREFOX)
    page.add_init_script(OPENED)
    loaded = []
    page.on("request", lambda request: loaded.append(request.url))
    page.goto(f"{site.url}/products/17#part")
    site.wait(page, 1)
    page.get_by_role("button", name="Buy now").click()
    site.wait(page, 2)
    assert not any("heap-label" in each for each in loaded)
    expect(page.locator("heapadmin-labelling")).to_have_count(0)

    page.goto(f"{site.url}/products/18#part&heapadmin-label={'x' * 43}")

    expect(
        bar(page).get_by_text("This link has been used, or is over.").or_(bar(page).get_by_text("not confirmed"))
    ).to_be_visible()
    bar(page).get_by_role("button", name="Close").click()
    expect(page.locator("heapadmin-labelling")).to_have_count(0)
    assert page.url == f"{site.url}/products/18#part"
    page.get_by_role("button", name="Buy now").click()
    assert page.evaluate("happened") == 1
    page.reload()
    site.wait(page, 3)


def test_a_ticket_of_another_environment_opens_nothing_here(site, teammate):
    """Somebody else may have confirmed this site for an environment of theirs, to read along."""
    foreign = EnvironmentFactory()
    other = MembershipFactory(account=foreign.project.account).user
    page = site.new_page()
    page.add_init_script(OPENED)

    page.goto(f"{site.url}/products/17#heapadmin-label={site.ticket(other, foreign)}")

    expect(bar(page).get_by_text("sends its events to another environment")).to_be_visible()
    expect(bar(page).get_by_role("button", name="Use the page")).to_be_hidden()
    assert page.evaluate("Object.keys(sessionStorage).filter(each => each.startsWith('heap'))") == []


def test_readers_look(site, teammate):
    reader = MembershipFactory(account=teammate.account, read_only=True).user
    page = site.open(reader, "/products/17")

    page.get_by_role("button", name="Buy now").click()

    expect(panel(page).get_by_text("You may look.")).to_be_visible()
    expect(panel(page).get_by_role("button", name="Save")).to_have_count(0)


def test_by_keyboard_and_for_everyone(site, teammate, axe_clean):
    page = site.open(teammate.user, "/products/17")
    page.get_by_role("button", name="Buy now").focus()
    page.keyboard.press("Enter")
    expect(panel(page).get_by_role("heading", name="Click on button “Buy now”")).to_be_focused()
    expect(panel(page).get_by_text("0 events", exact=True)).to_have_count(2)
    axe_clean(page, "heapadmin-labelling")

    panel(page).get_by_label("Name of the definition").fill(" ")
    page.keyboard.press("Enter")
    expect(panel(page).get_by_text("Give it a name.")).to_be_visible()
    expect(panel(page).get_by_label("Name of the definition")).to_be_focused()
    panel(page).get_by_role("button", name="Edit Target text").click()
    panel(page).get_by_label("Operator for Target text").select_option("contains")
    panel(page).get_by_label("Value for Target text").fill("Buy")
    panel(page).get_by_label("All pages").check()
    expect(panel(page)).to_contain_text("Target text contains “Buy”")
    expect(panel(page).get_by_role("checkbox", name="Target text contains “Buy”")).to_be_checked()
    panel(page).get_by_label("Name of the definition").fill("Buying")
    page.keyboard.press("Enter")
    expect(panel(page).get_by_role("link", name="Buying")).to_be_visible()
    assert "contains" in json.dumps(Definition.objects.get().body)
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    expect(page.get_by_role("button", name="Buy now")).to_be_focused()

    page.keyboard.press("Escape")
    expect(bar(page).get_by_role("button", name="Use the page")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    assert page.evaluate("happened") == 1
    page.set_viewport_size({"width": 360, "height": 640})
    axe_clean(page, "heapadmin-labelling")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.evaluate(
        "document.documentElement.replaceChildren(document.createElement('body'))"
    )  # as some frameworks begin
    expect(bar(page)).to_be_visible()


def test_neither_side_touches_the_other(site, teammate):
    page = site.new_page()
    page.goto(f"{site.url}/products/17#heapadmin-label={site.ticket(teammate.user)}")
    expect(page.locator("heapadmin-labelling")).to_be_attached()

    assert page.evaluate("document.querySelector('heapadmin-labelling').shadowRoot") is None
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(128, 0, 128)"


def test_what_is_defined_and_clicked_is_shown_on_a_page_of_80_000_elements(site, teammate):
    rows = "".join(
        f'<li id="row{n}" class="row"><a href="/item/{n}">Item {n}</a> <b><i>x</i></b></li>' for n in range(20_000)
    )
    page_of_many, _ = site.page("/products/17")
    site.pages["/many"] = (page_of_many.replace("<p>", f"<ul>{rows}</ul><p>"), {})
    visitor = site.visit("/many")
    visitor.evaluate("document.addEventListener('click', event => event.preventDefault())")
    visitor.locator("#row7 a").click()
    site.wait(visitor, 2)
    condition = Condition(Field.parse("event:target_text"), Operator.IS, "Item 7")
    body = DefinitionBody((Selection(EventReference.parse("kind:click"), Group((condition,))),))
    actions.create_definition(environment=site.environment, name="Seventh", body=body, by=teammate.user)
    labeller = site.open(teammate.user, "/many")
    labeller.evaluate(
        """() => {
            const was = heap.label.about;
            heap.label.about = (...given) => { window.asked = (window.asked || 0) + 1; return was(...given); };
        }"""
    )

    bar(labeller).get_by_label("Show on the page").select_option("definitions")
    expect(bar(labeller).get_by_role("listitem").filter(has_text="Seventh")).to_contain_text(
        "at 1 element", timeout=120_000
    )
    expect(labeller.locator(".defined .words")).to_contain_text(["Seventh · "])
    elements = labeller.evaluate("document.querySelectorAll('*').length")
    assert elements > 80_000
    assert labeller.evaluate("asked") <= 2 * elements  # linear: nothing is asked for each definition

    bar(labeller).get_by_label("Show on the page").select_option("clicks")
    expect(bar(labeller).get_by_text("on elements that are here now")).to_be_visible(timeout=120_000)
    expect(labeller.locator(".clicks .words")).to_contain_text([re.compile(r"\d click")])


@pytest.mark.parametrize("directive", ["connect-src", "script-src"])
def test_a_policy_that_forbids_it_is_told_in_the_console(site, teammate, browser, directive):
    context = browser.new_context()
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.add_init_script(OPENED)
    text, headers = site.page("/strict/pay")
    policy = headers["Content-Security-Policy"]
    if directive == "connect-src":
        policy = policy.replace(f"connect-src {site.console}", "connect-src 'none'")
    else:
        policy = policy.replace(
            f"'nonce-n1' {site.console}", f"'nonce-n1' {site.console}/js/heap-{site.environment.app_id}.js"
        )
    site.pages["/forbidden"] = (text, {"Content-Security-Policy": policy})

    with page.expect_console_message(
        lambda line: line.text.startswith("heap: ") and "Content-Security-Policy" in line.text
    ):
        page.goto(f"{site.url}/forbidden#heapadmin-label={site.ticket(teammate.user)}")

    if directive == "connect-src":
        expect(bar(page).get_by_text("its connect-src must allow it")).to_be_visible()
    page.get_by_role("button", name="Pay now").click()
    assert page.evaluate("happened") == 1
    assert site.events() == []
    page.goto(f"{site.url}/products/17")  # the ticket, which nobody could refuse, stops nothing any more
    site.wait(page, 1)
    context.close()


def test_a_policy_that_only_reports_is_not_blamed(site, browser):
    site.pages["/reported"] = (
        site.page("/products/17")[0],
        {"Content-Security-Policy-Report-Only": "connect-src 'none'"},
    )
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(OPENED)

    page.goto(f"{site.url}/reported#heapadmin-label={'x' * 43}")

    expect(bar(page).get_by_text("this site is not confirmed any more")).to_be_visible()
    context.close()


# As in Safari: these came with 16.4, 16 and 17.4. Popovers (17) cannot be taken away from Chromium's styles.
OLDER = """window.CSSStyleSheet = function () { throw new TypeError("Illegal constructor"); };
delete AbortSignal.timeout;
delete AbortSignal.any;"""


def test_older_browsers_label(site, teammate):
    page = site.open(teammate.user, "/products/17", init=OLDER)

    page.get_by_role("button", name="Buy now").click()
    panel(page).get_by_label("All pages").check()
    expect(panel(page).locator(".counts[aria-busy=false]")).to_contain_text("0 events")

    expect(panel(page).get_by_role("alert").filter(has_text="does not answer")).to_have_count(0)
    assert (
        page.evaluate(
            "getComputedStyle(document.querySelector('heapadmin-labelling').shadowRoot.querySelector('.stage')).position"
        )
        == "fixed"
    )


def test_a_frame_of_the_site_takes_no_ticket_and_collects_nothing(site, teammate):
    text, _ = site.page("/products/17")
    site.pages["/framed"] = (text.replace("<p>", '<iframe src="/products/17" title="Inside"></iframe><p>'), {})
    page = site.open(teammate.user, "/framed")
    frame = page.frame_locator("iframe")

    for _ in range(2):
        frame.get_by_role("link", name="Next").wait_for()
        expect(bar(page).get_by_role("button", name="Use the page")).to_be_visible()
        page.wait_for_timeout(2_000)  # a script in the frame would have begun
        expect(frame.locator("heapadmin-labelling")).to_have_count(0)
        page.reload()
    assert site.events() == []


def test_nothing_listens_any_more_once_it_has_ended(site, teammate):
    page = site.open(teammate.user, "/products/17")
    devtools = page.context.new_cdp_session(page)

    def listening():
        window = devtools.send("Runtime.evaluate", {"expression": "window"})["result"]["objectId"]
        found = devtools.send("DOMDebugger.getEventListeners", {"objectId": window})["listeners"]
        return {each["type"] for each in found}

    assert {"keydown", "pointermove", "scroll", "submit"} <= listening()
    bar(page).get_by_role("button", name="End").click()
    expect(page.get_by_text("Labelling has ended.")).to_be_visible()
    assert not {"keydown", "pointermove", "scroll", "submit"} & listening()


def test_a_form_whose_fields_have_the_names_of_methods_stops_no_mark(site, teammate):
    text, _ = site.page("/products/17")
    site.pages["/odd"] = (text.replace("<p>", '<form id="odd"><input name="matches"><input name="id"></form><p>'), {})
    for name, kind in (("Sent", "submit"), ("Bought", "click")):
        where = Group((Condition(Field.parse("event:path"), Operator.IS, "/odd"),))
        if kind == "click":
            where = Group((Condition(Field.parse("event:target_id"), Operator.IS, "buy"),))
        body = DefinitionBody((Selection(EventReference.parse(f"kind:{kind}"), where),))
        actions.create_definition(environment=site.environment, name=name, body=body, by=teammate.user)
    page = site.open(teammate.user, "/odd")

    bar(page).get_by_label("Show on the page").select_option("definitions")

    expect(bar(page).get_by_role("listitem").filter(has_text="Bought")).to_contain_text("at 1 element")


def test_the_pages_of_the_console_are_for_everyone(site, teammate, page, live_server, axe_clean):
    """With a definition, a tree and a link that nobody has used; on a phone nothing is wider than the screen."""
    visitor = site.visit("/products/17")
    visitor.get_by_role("button", name="Buy now").click()
    site.wait(visitor, 2)
    site.ticket(teammate.user)
    sign_in(page, teammate.user, live_server.url)
    page.set_viewport_size({"width": 360, "height": 740})
    label, captured = (reverse(f"analytics:{name}", args=[site.environment.app_id]) for name in ("label", "label_page"))

    page.goto(f"{live_server.url}{label}")
    expect(page.get_by_text("was not used yet")).to_be_visible()
    axe_clean(page)
    page.goto(f"{live_server.url}{captured}?page=/products/17")
    axe_clean(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("link", name="Click on Buy now", exact=True).click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".picture")).to_have_text("Buy now")
    axe_clean(page)
    page.goto(f"{live_server.url}{reverse('analytics:definition_list', args=[site.environment.app_id])}")
    axe_clean(page)
