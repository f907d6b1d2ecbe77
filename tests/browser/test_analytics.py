"""From a row of the live view to a pinned report, as people with and without rights do it in Chromium."""

import itertools
import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from analytics.kinds.registry import run as run_query
from analytics.models import Definition, Report, Segment
from analytics.store.failures import QueryTimeout
from tests.analytics.kept import make_definition, make_report, make_segment, pin
from tests.analytics.rows import add_event
from tests.browser.conftest import goto_with_styles_last, shifted, sign_in
from tests.factories import MembershipFactory

WIDTHS = (360, 400, 768, 1280, 2560)
PAGES = ("dashboard", "live", "definition_list", "definition_create", "segment_create", "graph", "funnel", "paths",
         "retention", "stickiness", "lifecycle", "sessions", "users", "report_list")  # fmt: skip


@pytest.fixture
def reader(other_page, teammate, live_server):
    """Somebody else of the account, who may only read."""
    membership = MembershipFactory(account=teammate.account, read_only=True, user__name="Reader")
    return sign_in(other_page, membership.user, live_server.url)


def url(environment, name, *args):
    return reverse(f"analytics:{name}", args=[environment.app_id, *args])


def number_shown(page) -> str:
    return page.locator("#answer .stat__value").inner_text()


def run(page):
    page.get_by_role("button", name=re.compile("^Run")).first.click()  # by the range, or at the end of the form
    expect(page.locator("#answer.htmx-request")).to_have_count(0)


# --- Live -----------------------------------------------------------------------------------------------------------


def test_new_events_come_by_themselves_and_rows_that_stay_are_not_touched(ada, environment):
    add_event(environment, name="First")
    ada.goto(url(environment, "live"))
    row = ada.locator("li", has_text="First")
    row.evaluate("element => element.dataset.untouched = 'yes'")

    add_event(environment, name="Second")

    expect(ada.locator("li", has_text="Second")).to_be_visible()
    expect(row).to_have_attribute("data-untouched", "yes")


def test_pausing_holds_the_list(ada, environment):
    add_event(environment, name="First")
    ada.goto(url(environment, "live"))
    ada.get_by_role("button", name="Pause").click()

    add_event(environment, name="Second")
    ada.wait_for_timeout(3000)
    expect(ada.locator("li", has_text="Second")).to_have_count(0)
    ada.get_by_role("button", name="Go on").click()

    expect(ada.locator("li", has_text="Second")).to_be_visible()


def test_an_open_row_stays_open(ada, environment):
    add_event(environment, name="First", properties={"plan": "gold"})
    ada.goto(url(environment, "live"))
    ada.locator("summary", has_text="First").click()

    add_event(environment, name="Second")
    ada.wait_for_timeout(3000)

    expect(ada.get_by_text("gold", exact=True)).to_be_visible()
    expect(ada.locator("[data-live-state]")).to_have_text("Holding while a row is open")


# --- From a row to a report -----------------------------------------------------------------------------------------


def test_an_event_is_defined_from_the_live_view_in_two_clicks(ada, environment, visits):
    ada.goto(url(environment, "live"))
    ada.locator("summary", has_text="Buy now").first.click()

    ada.get_by_role("link", name="Define this event").first.click()
    expect(ada.locator("#preview")).to_contain_text("21 events in the last 7 days")
    ada.get_by_role("button", name="Save").click()

    expect(ada.get_by_role("heading", name="Clicked “Buy now”", exact=True)).to_be_visible()
    assert Definition.objects.get().name == "Clicked “Buy now”"


def test_the_preview_follows_the_form(ada, environment, visits):
    ada.goto(url(environment, "definition_create"))

    ada.get_by_role("combobox", name="Event 1", exact=True).select_option("Pageview")
    expect(ada.locator("#preview")).to_contain_text("21 events")
    ada.get_by_role("button", name="where…").click()
    ada.get_by_label("Property").select_option("Path")
    ada.get_by_label("Value").fill("/page1")
    ada.get_by_label("Value").press("Tab")

    expect(ada.locator("#preview")).to_contain_text("7 events")


def test_a_graph_is_asked_saved_pinned_and_read_by_a_reader(ada, reader, environment, visits):
    ada.goto(url(environment, "graph"))
    ada.get_by_role("combobox", name="Series A", exact=True).select_option("Paid")
    ada.get_by_label("Group by").select_option("plan")
    run(ada)
    expect(ada.locator(".sentence")).to_have_text("Count of Paid, last 30 days, by day, grouped by plan.")
    assert number_shown(ada) == "14 events"
    assert "event=event%3APaid" in ada.url

    ada.locator("summary", has_text="Save").click()
    expect(ada.get_by_label("Name of the report")).to_be_focused()
    ada.get_by_label("Name of the report").fill("Payments by plan")
    ada.get_by_label("Add to a dashboard").select_option("Overview")
    ada.get_by_role("button", name="Save report").click()
    expect(ada.get_by_role("heading", level=1)).to_have_text("Payments by plan")

    reader.goto(ada.url)
    assert number_shown(reader) == "14 events"
    reader.get_by_label("Range").select_option("last 7 days")
    run(reader)
    expect(reader.locator("#answer")).to_contain_text("not as saved")
    expect(reader.locator("#answer .stat__value")).to_have_text("7 events")
    expect(reader.get_by_role("button", name="Save")).to_have_count(0)
    expect(reader.locator("summary", has_text="Save")).to_have_count(0)
    refused = reader.request.post(url(environment, "report_save", Report.objects.get().lineage))
    assert refused.status == 403

    reader.goto(url(environment, "dashboard"))
    expect(reader.locator(".tile", has_text="Payments by plan")).to_contain_text("14 events")


def test_a_segment_narrows_a_question_and_is_compared(ada, environment, visits):
    ada.goto(url(environment, "segment_create"))
    ada.get_by_label("Name").fill("Buyers")
    ada.get_by_role("button", name="What they did").click()
    ada.get_by_label("Event", exact=True).select_option("Paid")
    expect(ada.locator("#preview")).to_contain_text("1 person")
    ada.get_by_role("button", name="Save").click()
    expect(ada.get_by_role("heading", level=1)).to_have_text("Buyers")
    assert Segment.objects.get().name == "Buyers"

    ada.goto(url(environment, "graph"))
    ada.locator("summary", has_text="Compare").click()
    ada.get_by_label("Everyone").check()
    ada.get_by_label("Buyers").last.check()
    run(ada)

    expect(ada.locator("[data-legend] button")).to_contain_text(["Everyone 42", "Buyers 14"])


def test_a_funnel_is_put_together_step_by_step(ada, environment, visits):
    ada.goto(url(environment, "funnel"))
    ada.get_by_role("combobox", name="Step 1", exact=True).select_option("Pageview")
    ada.get_by_role("combobox", name="Step 2", exact=True).select_option("Click")
    ada.get_by_role("button", name="Add a step").click()
    ada.get_by_role("combobox", name="Step 3", exact=True).select_option("Paid")
    run(ada)

    expect(ada.locator(".funnel__step")).to_have_count(3)
    expect(ada.locator(".funnel__step").last).to_contain_text("33.3%")

    ada.get_by_role("button", name="Remove Step 2").click()
    run(ada)

    expect(ada.locator(".funnel__step")).to_have_count(2)


def test_retention_and_people_are_asked(ada, environment, visits):
    ada.goto(url(environment, "retention"))
    ada.get_by_label("Unit").select_option("by day")
    ada.get_by_label("Range").select_option("last 7 days")
    run(ada)
    expect(ada.locator(".triangle tbody tr")).to_have_count(8)  # seven cohorts and the average

    ada.goto(url(environment, "users"))
    ada.get_by_role("link", name="Visitor 000001").click()

    expect(ada.get_by_role("heading", level=1)).to_have_text("Visitor 000001")
    expect(ada.locator(".session")).not_to_have_count(0)


def test_a_wrong_value_is_said_at_its_field_and_what_was_typed_stays(ada, environment, visits):
    ada.goto(url(environment, "graph"))
    ada.get_by_role("button", name="Add a filter").click()
    ada.get_by_label("Property").select_option("Path")
    ada.get_by_label("Comparison").select_option("is greater than")
    ada.get_by_label("Value").fill("much")
    ada.get_by_role("button", name="Run Query").click()

    expect(ada.locator(".errorlist")).to_contain_text("give a number")
    expect(ada.locator("[name='where.0.value']")).to_have_value("much")


def test_values_are_suggested_when_a_field_is_chosen(ada, environment, visits):
    ada.goto(url(environment, "graph"))
    ada.get_by_role("button", name="Add a filter").click()
    ada.get_by_label("Property").select_option("Path")
    ada.get_by_label("Value").focus()

    expect(ada.locator("datalist option")).to_have_count(3)


def test_two_people_saving_the_same_report(ada, other_page, teammate, live_server, environment, visits):
    other = sign_in(other_page, MembershipFactory(account=teammate.account, user__name="Grace").user, live_server.url)
    report = make_report(environment)
    for page in (ada, other):
        page.goto(url(environment, "report", report.lineage))
        page.get_by_label("Range").select_option("last 7 days" if page is ada else "last 90 days")
        run(page)

    other.get_by_role("button", name="Save", exact=True).click()
    expect(other.locator(".messages")).to_contain_text("saved")
    ada.get_by_role("button", name="Save", exact=True).click()

    expect(ada.get_by_role("heading", level=1)).to_have_text("Changed meanwhile")
    expect(ada.locator("main")).to_contain_text("Grace")
    report.refresh_from_db()
    assert ["days", "90"] in report.body["parameters"]


def test_a_slow_question_shows_progress_after_half_a_second_and_can_be_cancelled(ada, environment, monkeypatch):
    ada.goto(url(environment, "graph"))
    monkeypatch.setattr(
        "analytics.kinds.registry._answer", lambda query, find, now, ask: ask("select pg_sleep(20)", {})
    )

    ada.get_by_role("button", name="Run Query").click()
    hidden_at_first = ada.locator("[data-wait]").is_hidden()
    expect(ada.get_by_text("Running the query…")).to_be_visible()
    ada.get_by_role("button", name="Cancel").click()

    expect(ada.locator("#answer")).to_contain_text("The query was cancelled.")
    assert hidden_at_first


def test_a_page_that_is_slow_at_first_asks_again_by_itself(ada, environment, visits, monkeypatch):
    patience = []

    def slow_at_first(query, *, limit, **kwargs):
        patience.append(limit)
        if len(patience) == 1:
            raise QueryTimeout
        return run_query(query, limit=limit, **kwargs)

    monkeypatch.setattr("analytics.views.answers.run", slow_at_first)
    ada.goto(url(environment, "graph") + "?event=event:Paid")

    expect(ada.locator("#answer .stat__value")).to_have_text("14 events")
    assert patience[0] < patience[1]


# --- Charts ---------------------------------------------------------------------------------------------------------


def test_pointing_at_a_chart_says_the_values(ada, environment, visits):
    ada.goto(url(environment, "graph") + "?event=event:Paid&by=property:plan&days=7")
    ada.locator(".chart__plot").scroll_into_view_if_needed()
    box = ada.locator(".chart__plot").bounding_box()

    ada.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    expect(ada.locator(".chart__tip")).to_contain_text(re.compile("gold|free"))


def test_the_legend_hides_and_shows_a_line(ada, environment, visits):
    ada.goto(url(environment, "graph") + "?event=event:Paid&by=property:plan")
    button = ada.locator("[data-legend] button").first
    line = ada.locator(".chart__plot > svg .chart__series").first

    button.click()
    expect(line).to_be_hidden()
    button.click()

    expect(line).to_be_visible()


# --- Without JavaScript, small, wide, and read by a machine ---------------------------------------------------------


def test_a_question_can_be_asked_without_javascript(new_page, teammate, live_server, visits):
    page = sign_in(new_page(java_script_enabled=False), teammate.user, live_server.url)
    page.goto(url(teammate.environment, "funnel"))

    page.get_by_role("combobox", name="Step 1", exact=True).select_option("Pageview")
    page.get_by_role("combobox", name="Step 2", exact=True).select_option("Paid")
    page.get_by_role("button", name="Run Query").click()

    assert "33.3%" in page.locator("#answer .stat__value").inner_text()


def test_a_definition_can_be_made_without_javascript(new_page, teammate, live_server, visits):
    page = sign_in(new_page(java_script_enabled=False), teammate.user, live_server.url)
    page.goto(url(teammate.environment, "definition_create"))

    page.get_by_label("Name").fill("Views")
    page.get_by_role("combobox", name="Event 1", exact=True).select_option("Pageview")
    page.get_by_role("button", name="Save").click()

    assert page.get_by_role("heading", level=1).inner_text() == "Views"


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways(ada, environment, visits, name):
    make_segment(environment)
    ada.goto(url(environment, name))
    ada.wait_for_load_state("networkidle")

    too_wide = []
    for width in WIDTHS:
        ada.set_viewport_size({"width": width, "height": 800})
        if ada.evaluate("document.documentElement.scrollWidth > innerWidth"):
            too_wide.append(width)

    assert too_wide == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_jumps_while_a_page_comes(ada, environment, visits, name):
    pin(*(make_report(environment, name=name) for name in ("One", "Two", "Three")))
    ada.set_viewport_size({"width": 360, "height": 800})

    goto_with_styles_last(ada, url(environment, name))
    ada.wait_for_load_state("networkidle")

    assert shifted(ada) < 0.005


def test_nothing_of_a_row_lies_on_another_part_of_it_on_a_phone(ada, environment, visits):
    ada.set_viewport_size({"width": 360, "height": 800})
    definition = make_definition(environment)

    for address in (url(environment, "live"), url(environment, "definition", definition.lineage)):
        ada.goto(address)
        parts = ada.locator(".log__head").first.locator("> *").all()
        boxes = [each.bounding_box() for each in parts]

        assert [(a, b) for a, b in itertools.combinations(boxes, 2) if overlap(a, b)] == []


def overlap(a, b):
    across = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
    down = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
    return across > 1 and down > 1


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_wrong(ada, environment, visits, axe_clean, name):
    make_segment(environment)
    query = "?step.0.event=builtin:pageview&step.1.event=event:Paid" if name == "funnel" else ""
    ada.goto(url(environment, name) + query)
    if name != "live":  # which never comes to rest
        ada.wait_for_load_state("networkidle")

    axe_clean(ada)


def test_axe_finds_nothing_wrong_with_kept_things_and_people(ada, environment, visits, axe_clean):
    report = make_report(environment)
    pin(report)
    segment = make_segment(environment)
    addresses = [
        url(environment, "report", report.lineage) + "?event=builtin:pageview&by=event:path&chart=bar",
        url(environment, "report_edit", report.lineage),
        url(environment, "report_delete", report.lineage),
        url(environment, "segment", segment.lineage),
        url(environment, "segment_edit", segment.lineage),
        url(environment, "person", 1),
        url(environment, "dashboard"),
    ]
    for address in addresses:
        ada.goto(address)
        ada.wait_for_load_state("networkidle")

        axe_clean(ada)
