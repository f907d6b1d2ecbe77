"""A question's answer is on the first screen: its sentence and range above it, its form folded or beside it."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from analytics.kinds.registry import KINDS
from tests.analytics.kept import make_report
from tests.browser.conftest import goto_with_styles_last, shifted, sign_in
from tests.browser.test_analytics import number_shown, url

QUESTIONS = dict.fromkeys(KINDS, "") | {
    "funnel": "step.0.event=builtin:pageview&step.1.event=event:Paid",
    "retention": "start.event=builtin:pageview&return.event=builtin:pageview&unit=day&days=30",
}
LONG = "event=event:" + "Long name " * 18
FIRST_NUMBER = "#answer :is(.stat__value, .chart__plot, tbody tr)"
DRAWING = "#answer :is(.chart__plot, .flow-scroll, .funnel, .table-scroll)"
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}


def edit(page):
    return page.locator("summary", has_text="Edit the question")


def bottom_of_first(page, selector):
    box = page.locator(selector).first.bounding_box()
    return box["y"] + box["height"]


def addresses(environment):
    notes = "What we looked at in the first quarter.\n" * 20
    report = make_report(environment, name="A report with a name that takes several lines on a phone " * 2, notes=notes)
    asked = {kind: f"{url(environment, kind)}?{query}" for kind, query in QUESTIONS.items()}
    return asked | {"long": f"{url(environment, 'graph')}?{LONG}", "report": url(environment, "report", report.lineage)}


def test_the_first_number_is_on_the_first_screen_of_a_phone(ada, environment, visits, axe_clean):
    ada.set_viewport_size(PHONE)
    bottoms = {}
    for name, address in addresses(environment).items():
        ada.goto(address)
        expect(ada.get_by_role("button", name="Run Query")).to_be_hidden()
        if name != "long":  # nobody did it
            bottoms[name] = bottom_of_first(ada, FIRST_NUMBER)
        expect(ada.locator(".sentence")).to_be_in_viewport(ratio=1)
        if name in ("funnel", "report"):
            axe_clean(ada)

    assert len(bottoms) == len(KINDS) + 1
    assert {name: bottom for name, bottom in bottoms.items() if bottom > PHONE["height"]} == {}


def test_the_drawing_begins_on_the_first_screen_of_a_desk(ada, environment, visits):
    ada.set_viewport_size(DESK)
    tops = {}
    for name, address in addresses(environment).items():
        if name == "long":
            continue
        goto_with_styles_last(ada, address)
        if name in ("funnel", "graph", "report"):
            assert shifted(ada) < 0.005
        tops[name] = ada.locator(DRAWING).first.bounding_box()["y"]
        form, answer = ada.locator("#question").bounding_box(), ada.locator("#answer").bounding_box()
        if name == "report":
            expect(ada.get_by_role("button", name="Run Query")).to_be_hidden()
        elif name == "funnel":
            assert form["x"] + form["width"] <= answer["x"]
        else:
            assert answer["x"] + answer["width"] <= form["x"]

    assert {name: top for name, top in tops.items() if top > DESK["height"] - 100} == {}


def test_the_form_of_an_answer_opens_and_makes_way_on_a_phone(ada, environment, visits):
    ada.set_viewport_size(PHONE)
    ada.goto(f"{url(environment, 'graph')}?event=event:Paid")
    expect(ada.locator(".sentence")).to_have_text("Count of Paid, last 30 days, by day.")

    ada.get_by_label("Range").select_option("last 7 days")
    ada.get_by_role("button", name="Run", exact=True).click()
    expect(ada.locator(".sentence")).to_have_text("Count of Paid, last 7 days, by day.")
    expect(ada.locator(".sentence")).to_have_attribute("title", "Count of Paid, last 7 days, by day.")
    assert number_shown(ada) == "7 events"
    assert "days=7" in ada.url

    edit(ada).focus()
    ada.keyboard.press("Enter")
    ada.get_by_label("Unit").select_option("by week")
    ada.get_by_role("button", name="Run Query").press("Enter")
    expect(ada.locator(".sentence")).to_have_text("Count of Paid, last 7 days, by week.")
    expect(ada.locator("#question")).to_be_hidden()
    expect(edit(ada)).to_be_focused()
    expect(ada.locator("#answer .stat__value")).to_be_in_viewport()


def test_a_mistake_opens_the_form_and_so_does_a_page_without_a_question(ada, environment, visits):
    ada.set_viewport_size(PHONE)
    ada.goto(f"{url(environment, 'graph')}?event=builtin:pageview&unit=hour")
    ada.get_by_label("Range").select_option("last 365 days")
    ada.get_by_role("button", name="Run", exact=True).click()
    expect(ada.locator("#question .errorlist")).to_be_visible()

    ada.goto(url(environment, "funnel"))
    expect(ada.locator("#question")).to_be_visible()
    expect(ada.locator(".sentence")).to_have_count(0)
    ada.get_by_role("combobox", name="Step 1", exact=True).select_option("Pageview")
    ada.get_by_role("combobox", name="Step 2", exact=True).select_option("Paid")
    ada.get_by_role("button", name="Run Query").click()
    expect(ada.locator(".sentence")).to_contain_text("People who did Pageview, then Paid")
    expect(edit(ada)).to_be_visible()


def test_a_report_is_read_and_changed_without_javascript(new_page, teammate, live_server, visits):
    report = make_report(teammate.environment, parameters=[["event", "event:Paid"]])
    page = sign_in(new_page(java_script_enabled=False, viewport=PHONE), teammate.user, live_server.url)
    page.goto(url(teammate.environment, "report", report.lineage))
    assert number_shown(page) == "14 events"

    page.get_by_label("Range").select_option("last 7 days")
    page.get_by_role("button", name="Run", exact=True).click()
    assert number_shown(page) == "7 events"

    edit(page).click()
    page.get_by_label("Unit").select_option("by week")
    page.get_by_role("button", name="Run Query").click()
    assert page.locator(".sentence").inner_text() == "Count of Paid, last 7 days, by week."


def test_what_the_buttons_of_an_answer_open_is_in_the_window(ada, environment, visits):
    for width in (360, 390, 1100):
        ada.set_viewport_size({"width": width, "height": 844})
        ada.goto(f"{url(environment, 'paths')}")
        for button in ("Save", "Download"):
            ada.locator("#answer summary", has_text=button).click()
            box = ada.locator("#answer details[open] .menu__panel").bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width


@pytest.mark.parametrize("name", ["definition_create", "segment_create"])
def test_the_preview_stands_beside_its_form_where_there_is_room(ada, environment, visits, name):
    for width, is_beside in ((1100, True), (1099, False)):
        ada.set_viewport_size({"width": width, "height": 800})
        ada.goto(f"{reverse(f'analytics:{name}', args=[environment.app_id])}?any.0.event=builtin:pageview")
        form, preview = ada.locator("[data-previewed]").bounding_box(), ada.locator("#preview").bounding_box()
        assert (form["x"] + form["width"] <= preview["x"]) is is_beside
        assert (form["y"] + form["height"] <= preview["y"]) is not is_beside
    assert shifted(ada) < 0.005
