"""Lists to order, tag and clear up, and the search over everything, in Chromium, with and without JavaScript."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from analytics.models import Definition, Report
from events.catalogue.announcements import announce
from tests.analytics.kept import EVERY, make_definition, make_report, make_segment
from tests.analytics.rows import add_event
from tests.browser.conftest import sign_in
from tests.events.making import event


@pytest.fixture
def environment(teammate):
    environment = teammate.environment
    paid = make_definition(environment, "Paid", tags=["checkout"], created_by=teammate.user)
    make_definition(environment, "Either", {"alternatives": [{"event": f"definition:{paid.lineage}", "where": EVERY}]})
    make_segment(environment)
    make_report(environment, "Payments", parameters=[["event", f"definition:{paid.lineage}"]], notes="Weekly")
    add_event(environment, name="Paid out", properties={"payment": "card"})
    return environment


def url(environment, name, *args):
    return reverse(f"analytics:{name}", args=[environment.app_id, *args])


@pytest.mark.parametrize("scripted", [True, False], ids=["with JavaScript", "without"])
def test_several_are_tagged_narrowed_ordered_and_deleted(new_page, teammate, environment, live_server, scripted):
    page = sign_in(new_page(java_script_enabled=scripted), teammate.user, live_server.url)
    page.goto(url(environment, "definition_list"))

    if scripted:
        page.get_by_label("Tick all on this page").check()
        expect(page.locator("[data-tick-count]")).to_have_text("(2 of 2)")
    else:
        expect(page.get_by_label("Tick all on this page")).to_be_hidden()
        page.get_by_label("Tick Paid").check()
        page.get_by_label("Tick Either").check()
    page.get_by_label("Tags, with commas").fill("Growth")
    page.get_by_role("button", name="Add tags").click()
    expect(page.get_by_text("Given to 2 definitions: growth.")).to_be_visible()
    page.get_by_label("Tag", exact=True).select_option("checkout")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody th a")).to_have_text(["Paid"])
    page.get_by_role("link", name="Show all").click()
    page.get_by_role("link", name="Name").click()
    expect(page.locator("tbody th a")).to_have_text(["Paid", "Either"])

    page.get_by_label("Tick Paid").check()
    page.get_by_label("Tick Either").check()
    page.get_by_role("button", name="Delete…").click()
    expect(page.get_by_role("alert")).to_contain_text("1 definition cannot go from here")
    page.get_by_role("button", name="Delete 1 definition").click()

    expect(page.get_by_text("1 definition deleted.")).to_be_visible()
    assert list(Definition.objects.values_list("name", "tags")) == [("Paid", ["checkout", "growth"])]


def test_a_tag_comes_and_goes_on_the_page_of_a_report(signed_in_page, environment):
    report = Report.objects.get()
    signed_in_page.goto(url(environment, "report", report.lineage))

    signed_in_page.locator(".tags summary").click()
    expect(signed_in_page.get_by_label("Tags, with commas between them")).to_be_focused()
    signed_in_page.keyboard.type("money, weekly")
    signed_in_page.keyboard.press("Enter")
    expect(signed_in_page.locator(".tags a")).to_have_text(["money", "weekly"])
    signed_in_page.get_by_role("button", name="Take the tag money away").click()

    expect(signed_in_page.locator(".tags a")).to_have_text(["weekly"])


def test_slash_searches_everything_where_a_page_has_no_search(signed_in_page, environment):
    page = signed_in_page
    page.goto(url(environment, "dashboard"))
    page.keyboard.press("/")
    expect(page.get_by_label("Search everything in Production")).to_be_focused()

    page.keyboard.type("pay")
    expect(page.get_by_role("link", name="“pay” in it")).to_be_visible()  # "pa" has found other things before
    expect(page.get_by_role("heading", name="Reports")).to_be_visible()
    expect(page.get_by_role("heading", name="Properties of events")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Payments")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Payments")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Search everything in Production")).to_have_value("pay")


@pytest.mark.parametrize(("then", "focused"), [("pa", "Payments"), ("paid", "Search everything in Production")])
def test_what_is_found_anew_does_not_take_the_focus(signed_in_page, environment, then, focused):
    page = signed_in_page
    page.goto(url(environment, "search") + "?q=p")
    page.get_by_role("link", name="Payments").focus()
    page.evaluate(f"document.getElementById('everything').value = '{then}'")

    with page.expect_response("**/search/?q=**"):
        page.evaluate("document.querySelector('[data-search-form]').requestSubmit()")

    expect(page.get_by_role("link", name=f"“{then}” in it")).to_be_visible()
    expect(page.get_by_label(focused).or_(page.get_by_role("link", name=focused))).to_be_focused()


def test_what_is_typed_before_the_scripts_come_is_searched_for(signed_in_page, environment):
    page, held = signed_in_page, []
    page.route("**/search*.js", lambda route: held.append(route))  # which htmx waits for, as scripts come in order
    page.goto(url(environment, "search"), wait_until="commit")
    page.get_by_label("Search everything in Production").fill("pay")
    page.wait_for_timeout(500)
    for route in held:
        route.continue_()

    expect(page.get_by_role("link", name="Payments")).to_be_visible()


def test_axe_finds_nothing_wrong_and_nothing_is_too_wide(signed_in_page, environment, axe_clean):
    page = signed_in_page
    report = Report.objects.get()
    addresses = [
        url(environment, "definition_list") + "?tag=checkout",
        url(environment, "segment_list"),
        url(environment, "report_list") + "?sort=-changed",
        url(environment, "report", report.lineage),
        url(environment, "search") + "?q=pa",
    ]
    for address in addresses:
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(address)
        page.wait_for_load_state("networkidle")
        axe_clean(page)
        page.set_viewport_size({"width": 360, "height": 800})
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), address
    page.goto(url(environment, "definition_list"))
    page.get_by_label("Tick Paid").check()
    page.get_by_label("Tick Either").check()
    page.get_by_role("button", name="Delete…").click()
    axe_clean(page)


@pytest.mark.parametrize("scripted", [True, False], ids=["with JavaScript", "without"])
def test_a_name_is_described_verified_and_hidden(new_page, teammate, environment, live_server, scripted, axe_clean):
    announce([event("ann", "Paid out", environment_id=environment.pk, properties={"payment": "card"})])
    page = sign_in(new_page(java_script_enabled=scripted), teammate.user, live_server.url)
    page.goto(url(environment, "catalogue"))
    if scripted:
        axe_clean(page)
    page.get_by_role("link", name="Paid out").click()

    page.get_by_label("Description").fill("The bank sent it")
    page.get_by_role("button", name="Save the description").click()
    page.get_by_role("button", name="Mark as verified").click()
    if scripted:
        expect(page.get_by_role("img", name="Count of Paid out")).to_be_visible()
        axe_clean(page)
    else:
        expect(page.get_by_role("link", name="See the graph")).to_be_visible()
    page.get_by_role("link", name="Catalogue").click()
    expect(page.get_by_role("row", name="Paid out")).to_contain_text("verified")
    expect(page.get_by_role("row", name="Paid out")).to_contain_text("The bank sent it")

    page.get_by_label("Tick Paid out").check()
    page.get_by_role("button", name="Hide").click()
    expect(page.get_by_text("1 name hidden.")).to_be_visible()
    expect(page.get_by_role("row", name="Paid out")).to_have_count(0)
    page.get_by_label("Show").select_option("hidden")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("row", name="Paid out")).to_have_count(1)
