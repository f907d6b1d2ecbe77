"""Projects and environments in a real browser: made, copied, switched, compared, deleted."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.urls import reverse
from playwright.sync_api import expect

from analytics.models import Report
from common import steps
from events.models import Event
from projects import removal
from projects.models import Environment, Removal
from tests.analytics.kept import make_definition, make_report
from tests.analytics.rows import add_event
from tests.browser.conftest import sign_in
from tests.factories import EnvironmentFactory, MembershipFactory

ONE = re.compile("^1 events?$")
WIDTHS = (360, 400, 768, 1280, 2560)


@pytest.fixture
def ada(signed_in_page):
    return signed_in_page


@pytest.fixture
def staging(teammate):
    return EnvironmentFactory(project=teammate.environment.project, name="Staging", is_production=False)


def send(page, environment, event="Signed up"):
    """One event over HTTP, as a server sends it."""
    data = {"app_id": environment.app_id, "identity": "grace@shop.example", "event": event}
    return page.request.post("/api/track", data=data)


def in_a_thread(work):
    """Playwright's loop has this one."""

    def run():
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def test_what_can_be_done_with_an_environment_is_seen_without_scrolling(ada, teammate):
    Environment.objects.filter(pk=teammate.environment.pk).update(name="Production in the north")

    ada.goto(reverse("projects:project_list", args=[teammate.account.pk]))
    table = ada.get_by_role("region", name="Environments of")

    expect(table.get_by_role("link", name="Delete")).to_be_visible()
    assert table.evaluate("each => each.scrollWidth <= each.clientWidth")


def switch(page, name, project="Shop"):
    page.locator(".switcher summary").click()
    page.locator(".switcher").get_by_role("list", name=project).get_by_role("link", name=name, exact=True).click()


def shown(page):
    expect(page.locator("#answer.htmx-request")).to_have_count(0)
    return page.locator("#answer .stat__value")


def report_url(environment, lineage, query=""):
    return reverse("analytics:report", args=[environment.app_id, lineage]) + query


# --- The walk -------------------------------------------------------------------------------------------------------


def test_a_project_is_made_copied_switched_and_kept_apart(ada, teammate):
    production = make_project(ada, teammate, "Mobile app")
    assert send(ada, production).text() == "OK"
    lineage = define_and_report(ada, production)

    staging = add_environment(ada, teammate, production)

    told = "Staging created: 1 definition, 1 report and 1 dashboard copied, 0 events."
    expect(ada.locator(".messages")).to_contain_text(told)
    ada.goto(report_url(production, lineage))
    ada.get_by_label("Range").select_option("last 7 days")
    ada.get_by_role("button", name="Run", exact=True).click()
    expect(shown(ada)).to_have_text(ONE)
    expect(ada).to_have_url(re.compile("days=7"))
    switch(ada, "Staging", production.project.name)
    expect(ada).to_have_url(re.compile(rf"/env/{staging.app_id}/reports/{lineage}/\?.*days=7"))
    expect(ada.get_by_role("heading", level=1)).to_have_text("Signups")
    expect(ada.get_by_label("Range")).to_have_value("7")
    expect(shown(ada)).to_have_text("0 events")

    assert [send(ada, staging).text() for _ in range(2)] == ["OK", "OK"]

    ada.reload()
    expect(shown(ada)).to_have_text("2 events")
    switch(ada, "Production", production.project.name)
    expect(shown(ada)).to_have_text(ONE)
    ada.goto(reverse("analytics:dashboard", args=[staging.app_id]))
    expect(ada.locator(".tile", has_text="Signups")).to_contain_text("2 events")


def make_project(ada, teammate, name) -> Environment:
    ada.goto(reverse("projects:project_list", args=[teammate.account.pk]))
    ada.get_by_role("link", name="Create Project").click()
    ada.get_by_label("Name").fill(name)
    ada.get_by_role("button", name="Create Project").click()
    expect(ada.locator(".messages")).to_contain_text("clean slate")
    return Environment.objects.get(project__name=name)


def define_and_report(ada, environment) -> str:
    """Define what was sent, ask for it, save it on the dashboard; returns the report's lineage."""
    ada.goto(reverse("analytics:definition_create", args=[environment.app_id]))
    ada.get_by_label("Name").fill("Newcomer")
    ada.get_by_role("combobox", name="Event 1", exact=True).select_option("Signed up")
    ada.get_by_role("button", name="Save").click()
    expect(ada.get_by_role("heading", level=1)).to_have_text("Newcomer")
    ada.get_by_role("link", name="Graph").click()
    expect(shown(ada)).to_have_text(ONE)
    ada.locator("summary", has_text="Save").click()
    ada.get_by_label("Name of the report").fill("Signups")
    ada.get_by_label("Add to a dashboard").select_option("Overview")
    ada.get_by_role("button", name="Save report").click()
    expect(ada.get_by_role("heading", level=1)).to_have_text("Signups")
    return str(Report.objects.get(environment=environment).lineage)


def add_environment(ada, teammate, production) -> Environment:
    ada.goto(reverse("projects:project_list", args=[teammate.account.pk]))
    ada.get_by_role("link", name=f"Add Environment to {production.project.name}").click()
    ada.get_by_label("Name").fill("Staging")
    ada.get_by_role("button", name="Create").click()
    expect(ada.get_by_role("heading", level=1)).to_have_text("Install")
    return Environment.objects.get(project=production.project, name="Staging")


def test_two_tabs_in_two_environments_do_not_disturb_each_other(ada, teammate, staging):
    production = teammate.environment
    for environment, name in ((production, "Paid"), (staging, "Tried")):
        add_event(environment, name=name)
    other = ada.context.new_page()
    ada.goto(reverse("analytics:live", args=[production.app_id]))
    other.goto(reverse("analytics:live", args=[staging.app_id]))

    ada.reload()
    other.get_by_role("link", name="Definitions").click()
    ada.get_by_role("link", name="Definitions").click()

    expect(ada.locator(".switcher summary")).to_contain_text("Production")
    expect(other.locator(".switcher summary")).to_contain_text("Staging")
    assert production.app_id in ada.url
    assert staging.app_id in other.url
    expect(ada.locator(".topbar--tinted")).to_have_count(0)
    expect(other.locator(".topbar--tinted")).to_have_count(1)


def test_three_hundred_environments_are_filtered_and_entered_by_keyboard(ada, teammate):
    project = teammate.environment.project
    names = [f"Branch {number:03}" for number in range(300)]
    Environment.objects.bulk_create([Environment(project=project, name=name) for name in names])
    ada.goto(reverse("analytics:report_list", args=[teammate.environment.app_id]))

    ada.keyboard.press("e")
    ada.keyboard.type("branch 271")
    expect(ada.locator("[data-switcher-entry]:visible")).to_have_text(["Branch 271"])
    ada.keyboard.press("Enter")

    expect(ada.locator(".switcher summary")).to_contain_text("Branch 271")
    expect(ada.get_by_role("heading", level=1)).to_have_text("Reports")


def test_switching_works_without_javascript(new_page, teammate, staging, live_server):
    report = make_report(teammate.environment)
    make_report(staging, lineage=report.lineage)
    page = sign_in(new_page(java_script_enabled=False), teammate.user, live_server.url)
    page.goto(report_url(teammate.environment, report.lineage, "?event=builtin:pageview&days=7"))

    switch(page, "Staging")

    expect(page).to_have_url(re.compile(rf"/env/{staging.app_id}/reports/{report.lineage}/\?.*days=7"))


# --- Comparing ------------------------------------------------------------------------------------------------------


@pytest.fixture
def differing(teammate, staging):
    """Something of each state: different, only there, only here, and the same."""
    production = teammate.environment
    signed_up = make_definition(production, "Signed up")
    body = {"alternatives": [{"event": "event:Signed up", "where": {"match": "all", "conditions": []}}]}
    make_definition(staging, "Signed up", lineage=signed_up.lineage, body=body)
    funnel = [["step.0.event", "builtin:pageview"], ["step.1.event", f"definition:{signed_up.lineage}"]]
    make_report(production, "From page to account", kind="funnel", parameters=funnel)
    make_report(staging, "Tried here first", parameters=[["event", "event:Tried"]])
    views = make_report(production, "Views")
    make_report(staging, "Views", lineage=views.lineage)


def test_what_differs_is_read_carried_over_and_undone(ada, teammate, staging, differing):
    ada.goto(reverse("projects:project_list", args=[teammate.account.pk]))
    ada.get_by_role("link", name="Compare Staging").click()
    expect(ada.locator(".compare__differences")).to_contain_text("Pageview")

    ada.get_by_label("From page to account").check()
    ada.get_by_label("Replace").check()
    ada.get_by_role("button", name="Carry over").click()

    expect(ada.locator(".messages")).to_contain_text("1 carried over, 1 replaced.")
    expect(ada.get_by_role("heading", name="Different")).to_have_count(0)
    assert Report.objects.filter(environment=staging, name="From page to account").exists()

    ada.get_by_role("button", name="Undo").click()

    expect(ada.locator(".messages")).to_contain_text("Undone: 2 as before.")
    assert not Report.objects.filter(environment=staging, name="From page to account").exists()
    expect(ada.get_by_role("button", name="Undo")).to_have_count(0)


# --- Deleting -------------------------------------------------------------------------------------------------------


def test_an_environment_is_deleted_with_progress_that_outlives_a_reload(ada, teammate, staging, monkeypatch):
    for _ in range(7):
        add_event(staging)
    add_event(teammate.environment)
    ada.goto(reverse("projects:environment_delete", args=[staging.app_id]))
    expect(ada.locator(".danger__goes")).to_contain_text("7 rows of events, people")
    button = ada.get_by_role("button", name="Delete environment")
    ada.get_by_label("Type Staging to confirm").fill("staging")
    expect(button).to_be_disabled()
    ada.get_by_label("Type Staging to confirm").fill("Staging")

    button.click()

    expect(ada.locator("#removals")).to_contain_text("0 of about 7 rows")
    ada.wait_for_timeout(600)  # after half a second the collector reads anew which places there are
    assert not send(ada, staging).ok
    assert ada.request.get(reverse("analytics:live", args=[staging.app_id])).status == 404

    asked = Removal.objects.get()
    in_a_thread(lambda: removal.run(asked.pk, seconds=60))  # all but the end, which waits for what is on its way
    expect(ada.locator("#removals")).to_contain_text("7 of about 7 rows")
    ada.reload()
    expect(ada.locator("#removals")).to_contain_text("7 of about 7 rows")

    monkeypatch.setattr(steps, "SETTLE", timedelta(0))
    in_a_thread(lambda: removal.run(asked.pk, seconds=60))
    expect(ada.locator("#removals")).to_contain_text(
        # on a busy machine the count of what was refused is written before the end
        re.compile(r"Shop › Staging is deleted: [89] rows removed\.")
    )
    assert Event.objects.count() == 1


# --- Small, wide, and read by a machine -----------------------------------------------------------------------------


@pytest.fixture
def addresses(teammate, staging, differing):
    add_event(teammate.environment)
    return [
        reverse("projects:project_list", args=[teammate.account.pk]),
        reverse("analytics:compare", args=[staging.app_id]),
        reverse("projects:environment_delete", args=[staging.app_id]),
        reverse("projects:environment_add", args=[staging.project_id]),
        reverse("projects:project_edit", args=[staging.project_id]),
    ]


def test_no_page_scrolls_sideways(ada, addresses):
    too_wide = []
    for address in addresses:
        ada.goto(address)
        for width in WIDTHS:
            ada.set_viewport_size({"width": width, "height": 800})
            if ada.evaluate("document.documentElement.scrollWidth > innerWidth"):
                too_wide.append((address, width))

    assert too_wide == []


def test_axe_finds_nothing_wrong(ada, addresses, axe_clean):
    for address in addresses:
        ada.goto(address)
        ada.wait_for_load_state("networkidle")

        axe_clean(ada)


def test_a_reader_compares_in_the_browser_and_has_no_dead_button(other_page, teammate, staging, differing, live_server):
    membership = MembershipFactory(account=teammate.account, read_only=True)
    reader = sign_in(other_page, membership.user, live_server.url)
    reader.goto(reverse("analytics:compare", args=[staging.app_id]))

    expect(reader.get_by_role("heading", level=1)).to_have_text("Compare Staging with Production")
    expect(reader.get_by_role("checkbox")).to_have_count(0)
    expect(reader.get_by_role("button", name="Carry over")).to_have_count(0)
