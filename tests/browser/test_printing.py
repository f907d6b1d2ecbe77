"""What a page looks like on paper: the question in words and all rows of its answer, nothing to press or type into."""

from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.analytics.kept import make_definition, make_report, pin
from tests.analytics.rows import add_event, add_person

WHERE = "where.0.field=event:path&where.0.op=contains&where.0.value=page"
QUESTIONS = {
    "graph": (f"event=builtin:pageview&days=90&by=event:path&{WHERE}", "where Path contains page", 90),
    "funnel": (
        f"step.0.event=builtin:pageview&step.1.event=event:Paid&days=90&{WHERE}",
        "then Paid, where Path contains page",
        2,
    ),
    "retention": (f"days=90&unit=week&{WHERE}", "and came back to do", 12),
    "users": ("", "People by last activity", 7),
}
LEFT_TO_PRESS = """() => [...document.querySelectorAll(
    ":is(input, select, textarea), button:not([data-series], .behind), .button, .topbar, .talk, [role=search]")]
    .filter((each) => each.checkVisibility()).map((each) => each.outerHTML.slice(0, 80))"""
NUMBERS_LOST = """() => [...document.querySelectorAll("button.behind")]
    .filter((each) => !each.checkVisibility()).map((each) => each.outerHTML)"""
CUT_OFF = """() => [...document.querySelectorAll(".table-scroll, .truncate, .sentence")]
    .filter((each) => each.checkVisibility() && getComputedStyle(each).overflow !== "visible")
    .map((each) => each.className)"""


@pytest.fixture
def visits(teammate):
    for number in range(7):
        add_person(teammate.environment, number)
    for day in range(89):
        at = {"ago": timedelta(days=day), "actor_id": day % 7, "session_id": day}
        add_event(teammate.environment, kind="pageview", path=f"/page{day % 3}", **at)
        add_event(teammate.environment, name="Paid", path="/page1", **at)


def printed(page, path):
    """Go there in a dark theme, and see it as paper of the width of A4 gets it."""
    page.emulate_media(color_scheme="dark", media="screen")
    page.goto(path)
    page.wait_for_load_state("networkidle")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1000})
    assert page.evaluate(LEFT_TO_PRESS) == []
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(17, 25, 28)"  # ink, as in the light theme
    return page


@pytest.mark.parametrize("kind", QUESTIONS)
def test_an_answer_is_whole_on_paper(signed_in_page, teammate, visits, kind):
    query, words, rows = QUESTIONS[kind]
    app_id = teammate.environment.app_id

    page = printed(signed_in_page, f"{reverse(f'analytics:{kind}', args=[app_id])}?{query}")

    expect(page.get_by_text("Shop › Production, ")).to_be_visible()
    expect(page.locator(".sentence")).to_be_visible()
    expect(page.locator(".sentence")).to_contain_text(words)
    assert page.locator("tbody tr").count() >= rows
    expect(page.locator("tbody tr").last).to_be_visible()
    assert page.evaluate(NUMBERS_LOST) == []


def test_reports_dashboards_lists_and_opened_rows_are_printed(signed_in_page, teammate, visits):
    environment = teammate.environment
    report = make_report(environment, "Pages", parameters=[["event", "builtin:pageview"], ["days", "90"]])
    pin(report)
    make_definition(environment, tags=["checkout"])
    address = {
        name: reverse(f"analytics:{name}", args=[environment.app_id])
        for name in ("dashboard", "report_list", "definition_list", "live")
    }

    page = printed(signed_in_page, reverse("analytics:report", args=[environment.app_id, report.lineage]))
    expect(page.get_by_role("heading", name="Pages", exact=True)).to_be_visible()
    page = printed(page, address["dashboard"])
    expect(page.locator(".tile .chart__plot")).to_be_visible()
    page = printed(page, address["definition_list"])
    expect(page.get_by_role("link", name="checkout")).to_be_visible()
    printed(page, address["report_list"])
    page = printed(page, address["live"])
    expect(page.locator("details.log__row dl").first).to_be_visible()
