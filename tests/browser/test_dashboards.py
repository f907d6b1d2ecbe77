"""Arranging dashboards by keys, by dragging and without JavaScript; and a screen on a wall."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from analytics.dashboards.kept import OVERVIEW, dashboards, tiles_with_reports
from tests.analytics.kept import make_report, pin
from tests.analytics.rows import add_event
from tests.browser.conftest import sign_in

WIDTHS = (360, 1280)


@pytest.fixture
def three(environment):
    pin(*(make_report(environment, name=name) for name in ("One", "Two", "Three")))


def url(environment, name, *args):
    return reverse(f"analytics:{name}", args=[environment.app_id, *args])


def order_kept(environment) -> list[str]:
    (dashboard,) = dashboards(environment)
    return [report.name if report else tile.title for tile, report in tiles_with_reports(dashboard)]


def test_a_tile_is_moved_by_keyboard_and_keeps_the_focus(ada, environment, three):
    ada.goto(url(environment, "dashboard"))
    button = ada.get_by_role("button", name="Move One back")
    button.focus()

    with ada.expect_response(lambda response: response.url.endswith("/order/")):
        ada.keyboard.press("Enter")

    expect(ada.locator(".tile h2")).to_have_text(["Two", "One", "Three"])
    expect(button).to_be_focused()
    assert order_kept(environment) == ["Two", "One", "Three"]
    expect(ada.get_by_role("button", name="Move Two forward")).to_have_attribute("aria-disabled", "true")
    expect(ada.get_by_role("button", name="Move One forward")).to_have_attribute("aria-disabled", "false")


def test_a_tile_is_dragged(ada, environment, three):
    ada.goto(url(environment, "dashboard"))

    with ada.expect_response(lambda response: response.url.endswith("/order/")):
        ada.locator(".tile", has_text="Three").locator(".tile__head").drag_to(
            ada.locator(".tile", has_text="One"), source_position={"x": 100, "y": 10}
        )

    assert order_kept(environment)[0] == "Three"


def test_a_dashboard_is_arranged_without_javascript(new_page, teammate, live_server, environment, three):
    page = sign_in(new_page(java_script_enabled=False), teammate.user, live_server.url)
    page.goto(url(environment, "dashboard"))
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Heading").fill("This week")
    page.get_by_role("button", name="Add the heading").click()
    page.get_by_role("button", name="Move This week forward").click()
    page.get_by_role("button", name="Remove Two").click()
    assert order_kept(environment) == ["One", "This week", "Three"]

    page.get_by_role("button", name="Undo").click()

    assert order_kept(environment) == ["One", "Two", "This week", "Three"]
    page.get_by_role("link", name="Done").click()
    page.get_by_role("link", name="load them").click()
    expect(page.locator(".tile .stat__value")).to_have_count(3)


def test_a_number_a_range_and_a_screen_on_a_wall(ada, environment, three, axe_clean):
    add_event(environment, kind="pageview")
    ada.goto(url(environment, "dashboard"))
    ada.locator("summary[aria-label='Change One']").click()
    ada.locator(".tile", has_text="One").get_by_label("Show").select_option("the number")
    ada.get_by_role("button", name="Save One").click()
    expect(ada.locator(".tile", has_text="One").locator(".spark")).to_be_visible()

    ada.locator("summary", has_text="Range").click()
    ada.get_by_label("Range").select_option("last 7 days")
    ada.get_by_role("button", name="Show").click()
    expect(ada.locator(".tile", has_text="Two")).to_contain_text("last 7 days")
    ada.locator("summary", has_text="Range").click()
    ada.get_by_role("button", name="Keep what is shown, for everybody").click()
    expect(ada.locator(".lead")).to_contain_text("Last 7 days")
    pages = [url(environment, name, OVERVIEW) for name in ("dashboard_page", "dashboard_edit", "dashboard_delete")]
    for address in (*pages, url(environment, "dashboard_list"), f"{pages[0]}?wall=1"):
        ada.goto(address)
        ada.wait_for_load_state("networkidle")
        axe_clean(ada)
        for width in WIDTHS:
            ada.set_viewport_size({"width": width, "height": 800})
            assert ada.evaluate("document.documentElement.scrollWidth") <= width, (address, width)

    ada.clock.install()
    ada.reload()
    expect(ada.locator(".tile .stat__value")).to_have_text(["1 pageview"] * 3)
    asked = []
    ada.on("request", lambda request: asked.append(request.url))
    ada.locator(".tile__body").evaluate_all("all => all.forEach((each) => each.dataset.old = 'yes')")
    ada.clock.fast_forward(5 * 60_000 + 10_000)
    expect(ada.locator(".lead")).to_contain_text("just now")
    expect(ada.locator("[data-old]")).to_have_count(0)
    assert len([each for each in asked if "/tiles/" in each]) == 3
