"""How pages look to a person, and the keys by which they go about."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

CANVAS = "getComputedStyle(document.documentElement).backgroundColor"
LIGHT, DARK = "rgb(245, 247, 247)", "rgb(14, 19, 22)"


def choose(page, theme, density):
    page.goto(reverse("accounts:profile"))
    page.get_by_label("Theme").select_option(theme)
    page.get_by_label("Density").select_option(density)
    page.get_by_role("button", name="Save the appearance").click()
    expect(page.get_by_text("It holds wherever you sign in.")).to_be_visible()


@pytest.mark.parametrize(
    ("theme", "seen"), [("light", [LIGHT, LIGHT]), ("dark", [DARK, DARK]), ("system", [LIGHT, DARK])]
)
def test_the_theme_that_was_chosen_holds_whatever_the_system_says(signed_in_page, axe_clean, theme, seen):
    choose(signed_in_page, theme, "compact")

    found = []
    for system in ("light", "dark"):
        signed_in_page.emulate_media(color_scheme=system)
        found.append(signed_in_page.evaluate(CANVAS))

    assert found == seen
    axe_clean(signed_in_page)


def test_keys_lead_to_pages_and_run_the_question(signed_in_page, teammate):
    page, app_id = signed_in_page, teammate.environment.app_id
    page.goto(reverse("accounts:teammate_list", args=[teammate.account.pk]))
    page.goto(reverse("analytics:graph", args=[app_id]))

    page.get_by_role("combobox", name="Series A", exact=True).select_option("Pageview")
    page.get_by_role("button", name="Add a filter", exact=True).last.click()
    page.get_by_label("Property").select_option("Path")
    page.get_by_label("Value").fill("/gd")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", level=2)).to_contain_text("Count of Pageview")

    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Go to the dashboard")
    page.keyboard.press("Escape")
    page.get_by_label("Value").press("g")
    page.get_by_label("Value").press("l")
    expect(page.get_by_label("Value")).to_have_value("gl/gd")

    page.locator("h1").click()  # out of the field
    for keys, view in (("gl", "live"), ("gd", "dashboard")):
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_url(f"**{reverse(f'analytics:{view}', args=[app_id])}")
    page.goto(reverse("accounts:profile"))
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url(f"**{reverse('analytics:live', args=[app_id])}")


def test_sign_up_offers_the_time_zone_of_the_browser(new_page, axe_clean):
    page = new_page(timezone_id="Asia/Kolkata")
    page.goto(reverse("account_login"))
    expect(page.get_by_role("link", name="Status", exact=True)).to_be_visible()
    page.goto(reverse("account_signup"))

    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")  # by its older name, in some browsers
    expect(page.get_by_label("Time zone")).to_have_value(zone)
    assert zone.startswith("Asia/")
    axe_clean(page)
