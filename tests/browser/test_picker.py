"""Whatever there is can be chosen by typing a part of its name, however rare it is and however many names there are."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import expect

from analytics.models import Definition
from events.catalogue import counting
from tests.analytics.kept import make_definition
from tests.analytics.rows import add_event
from tests.browser.conftest import sign_in
from tests.browser.test_analytics import run, url

RARE = "Vertrag gekündigt 契約解除"
LONG = "Ordered " + "W" * 172
MANY = """
insert into events (environment_id, id, time, actor_id, kind, name, properties)
select %s, 10000000 + n, now() - interval '1 day' + n * interval '1 second', n, 'custom', 'Step ' || n %% 1500,
       '{"number": 1}' from generate_series(1, 20000) n
"""


@pytest.fixture
def environment(teammate):
    """20,000 events of 1,500 names, and before them one with a name and properties of its own, a day ago."""
    environment = teammate.environment
    ago = {"ago": timedelta(days=2), "actor_id": 7}
    add_event(environment, name=RARE, properties={"grund": "zu teuer", "betrag": 12}, **ago)
    add_event(environment, name=LONG, **ago)
    with connection.cursor() as cursor:
        cursor.execute(MANY, [environment.pk])
    counting.count(environment.pk, timezone.now() + timedelta(hours=1))
    for noted in counting.noted(timezone.now() + timedelta(hours=3)):
        counting.recount(*noted)
    return environment


@pytest.fixture
def ada(signed_in_page):
    return signed_in_page


def choose(page, select, part, option=None):
    """Choose in a drop-down, by keys alone."""
    select.focus()
    select.press("Enter" if part[0] > "z" else part[0])
    text = page.get_by_role("combobox", name=re.compile("search$"))
    expect(text).to_be_focused()
    text.press_sequentially(part[len(text.input_value()) :])
    expect(page.locator(".picker [aria-selected=true]")).to_contain_text(option or part)
    text.press("Enter")
    expect(select).to_be_focused()


def test_a_rare_event_is_chosen_on_graph_funnel_and_definition(ada, environment):
    ada.goto(url(environment, "graph"))
    choose(ada, ada.get_by_role("combobox", name="Series A", exact=True), "GEKÜNDIGT", RARE)
    choose(ada, ada.get_by_label("Group by", exact=True), "gru", "grund")
    run(ada)
    expect(ada.locator(".sentence")).to_have_text(f"Count of {RARE}, last 30 days, by day, grouped by grund.")
    expect(ada.locator("#answer .stat__value")).to_have_text("1 event")

    ada.goto(url(environment, "funnel"))
    choose(ada, ada.get_by_role("combobox", name="Step 1", exact=True), "契約", RARE)
    choose(ada, ada.get_by_role("combobox", name="Step 2", exact=True), "step 1499", "Step 1499")
    run(ada)
    expect(ada.locator(".funnel__step").first).to_contain_text(RARE)

    ada.goto(url(environment, "definition_create"))
    choose(ada, ada.get_by_role("combobox", name="Event 1", exact=True), "vertrag", RARE)
    expect(ada.locator("#preview")).to_contain_text("1 event")
    ada.get_by_role("button", name="where…").first.click()
    choose(ada, ada.get_by_label("Property", exact=True).first, "bet", "betrag")
    ada.get_by_label("Value").first.fill("12")
    ada.get_by_label("Name").fill("Cancelled")
    ada.get_by_role("button", name="Save").click()
    expect(ada.get_by_role("heading", level=1)).to_have_text("Cancelled")
    body = Definition.objects.get().body["alternatives"][0]
    assert (body["event"], body["where"]["conditions"][0]["field"]) == (f"event:{RARE}", "property:betrag")


def test_a_search_is_read_by_a_machine_and_fits_the_window(ada, environment, axe_clean):
    ada.set_viewport_size({"width": 360, "height": 700})
    make_definition(environment, name="Contract ended")
    ada.goto(url(environment, "graph"))
    select = ada.get_by_role("combobox", name="Series A", exact=True)
    ada.locator("summary", has_text="Edit the question").click()
    opened_on = select.input_value()

    select.click()
    text = ada.get_by_role("combobox", name="Series A: search")
    expect(text).to_be_focused()
    expect(ada.get_by_role("group", name="Custom events").get_by_role("option")).to_have_count(50)
    text.fill("ordered")
    expect(ada.locator(".picker").get_by_role("option", name=LONG)).to_be_visible()
    axe_clean(ada, ".picker")
    box = ada.locator(".picker").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 360
    assert ada.evaluate("document.documentElement.scrollWidth") <= 360
    assert ada.evaluate("document.querySelector('#picker-list').scrollWidth") <= box["width"]

    text.fill("contract")
    expect(ada.get_by_role("group", name="Definitions").get_by_role("option")).to_have_text(["Contract ended"])
    text.press("Escape")
    expect(text).to_be_hidden()
    expect(select).to_be_focused()
    expect(select).to_have_value(opened_on)
    select.press("Enter")
    text.fill("nobody sends this")
    expect(ada.get_by_role("group", name="As typed").get_by_role("option")).to_have_count(1)
    ada.locator(".picker").get_by_role("option", name="nobody sends this").click()
    expect(select).to_have_value("event:nobody sends this")


def test_properties_that_the_event_has_come_first(ada, environment):
    ada.goto(url(environment, "graph"))
    choose(ada, ada.get_by_role("combobox", name="Series A", exact=True), "vertrag", RARE)

    ada.get_by_label("Group by", exact=True).click()

    expect(ada.get_by_role("group", name="Properties of this event").get_by_role("option")).to_contain_text(
        ["betrag", "grund"]
    )
    expect(ada.get_by_role("group", name="Other properties").get_by_role("option")).to_contain_text(["number"])
    expect(ada.locator(".picker").get_by_role("option", name="number 20,000")).to_contain_text(
        "20,000 events, a number in all"
    )


def test_values_are_searched_while_one_types(ada, environment):
    ada.goto(url(environment, "graph"))
    ada.get_by_role("button", name="Add a filter").click()
    choose(ada, ada.get_by_label("Property", exact=True), "grund")

    ada.get_by_label("Value").focus()

    expect(ada.locator("datalist option")).to_have_attribute("value", "zu teuer")
    ada.get_by_label("Value").press_sequentially("nothing like it")
    expect(ada.locator("datalist option")).to_have_count(0)


def test_a_name_is_typed_without_javascript(new_page, teammate, live_server, environment):
    page = sign_in(new_page(java_script_enabled=False), teammate.user, live_server.url)
    page.goto(url(environment, "funnel"))

    page.get_by_label("Step 1, typed").fill(RARE)
    page.get_by_role("combobox", name="Step 2", exact=True).select_option("Pageview")
    page.get_by_role("button", name="Run Query").click()

    assert RARE in page.locator("#answer .funnel__step").first.inner_text()
    assert page.get_by_role("combobox", name="Step 1", exact=True).input_value() == f"event:{RARE}"
