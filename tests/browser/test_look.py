"""The frame of every page, the components, and the pages around signing in, as Chromium shows them."""

import re
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import User
from projects import first_login
from tests.browser.conftest import goto_with_styles_last, shifted, sign_in, use_session
from tests.factories import EnvironmentFactory, MembershipFactory
from tests.support.staff import staff_client

WIDTHS = (360, 640, 1024, 1440, 2560)
BARS = ("production", "staging", "none")
OUTSIDE = ("account_login", "account_signup", "account_reset_password", "account_reset_password_done")
OWN_SECURITY = ("account_email", "account_change_password", "mfa_index", "usersessions_list")
COMPONENTS = "/staff/components/"
FIRST_LOGIN = {
    "Your name": "Ada Lovelace",
    "E-mail": "ada@shop.example",
    "Password": "password123",
    "Company or team": "Analytical Engines",
    "First project": "Web shop",
}


@pytest.fixture
def staff_page(page, live_server):
    return use_session(page, staff_client("Grace Hopper"), live_server.url)


@pytest.fixture
def staging(teammate):
    return EnvironmentFactory(project=teammate.environment.project, name="Staging", is_production=False)


def live(environment):
    return reverse("analytics:live", args=[environment.app_id])


def is_too_wide(page):
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


# --- Every component in every state -----------------------------------------------------------------------------


@pytest.mark.parametrize("bar", BARS)
def test_axe_finds_nothing_wrong_with_the_components(staff_page, axe_clean, bar):
    staff_page.goto(f"{COMPONENTS}?bar={bar}&reader")

    axe_clean(staff_page)


def test_how_long_events_are_kept_is_printed_without_a_form(signed_in_page, teammate, axe_clean):
    signed_in_page.goto(reverse("analytics:storage", args=[teammate.environment.project_id]))
    axe_clean(signed_in_page)

    signed_in_page.emulate_media(media="print")

    expect(signed_in_page.get_by_role("table")).to_be_visible()
    for gone in ("form", "nav", "button", "input"):
        assert [each for each in signed_in_page.locator(gone).all() if each.is_visible()] == []


def test_axe_finds_nothing_wrong_with_the_open_menus(staff_page, axe_clean):
    staff_page.goto(COMPONENTS)

    for summary in staff_page.locator(".topbar details[data-menu] > summary").all():
        summary.click()
        axe_clean(staff_page, part=".topbar")


def test_no_component_makes_the_page_scroll_sideways(staff_page):
    staff_page.goto(f"{COMPONENTS}?bar=staging&reader")

    too_wide = []
    for width in WIDTHS:
        staff_page.set_viewport_size({"width": width, "height": 800})
        too_wide += [width] if is_too_wide(staff_page) else []

    assert too_wide == []


UNDER_THE_TAB = """(chosen) => {
    const tab = document.querySelector(".talk__tab").getBoundingClientRect();
    return [...document.querySelectorAll(chosen)].filter((each) => {
        const box = each.getBoundingClientRect();
        return box.bottom > tab.top && box.top < tab.bottom && box.right > tab.left;
    }).map((each) => each.outerHTML);
}"""


@pytest.mark.parametrize("width", WIDTHS)
def test_talk_to_us_covers_neither_the_end_of_a_page_nor_what_has_the_focus(new_page, teammate, live_server, width):
    MembershipFactory.create_batch(12, account=teammate.account)
    page = sign_in(new_page(viewport={"width": width, "height": 400}), teammate.user, live_server.url)
    page.goto(reverse("accounts:teammate_list", args=[teammate.account.pk]))

    focused = []
    for _ in range(50):
        page.keyboard.press("Tab")
        focused += page.evaluate(UNDER_THE_TAB, "main :is(a, button, input, textarea):focus")
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    at_the_end = page.evaluate(UNDER_THE_TAB, "main > *")

    assert (focused, at_the_end) == ([], [])


def test_nothing_moves_when_its_styles_and_scripts_have_loaded(staff_page):
    goto_with_styles_last(staff_page, COMPONENTS)

    assert shifted(staff_page) == 0


# --- The environment switcher -----------------------------------------------------------------------------------


def test_e_opens_the_switcher_and_typing_leaves_what_fits(signed_in_page, teammate, staging):
    signed_in_page.goto(live(teammate.environment))

    signed_in_page.keyboard.press("e")
    signed_in_page.keyboard.type("sho stag")

    expect(signed_in_page.locator("[data-switcher-entry]:visible")).to_have_text(["Staging"])


def test_enter_in_the_filter_goes_to_the_same_page_of_the_first_that_fits(signed_in_page, teammate, staging):
    signed_in_page.goto(live(teammate.environment))

    signed_in_page.keyboard.press("e")
    signed_in_page.keyboard.type("stag")
    signed_in_page.keyboard.press("Enter")

    signed_in_page.wait_for_url("**" + live(staging))


def test_the_switcher_is_a_plain_list_without_javascript(new_page, teammate, staging, live_server):
    page = sign_in(new_page(java_script_enabled=False), teammate.user, live_server.url)
    page.goto(live(teammate.environment))

    page.locator("[data-switcher] > summary").click()
    expect(page.locator("[data-switcher-filter]")).to_be_hidden()
    page.get_by_role("link", name="Staging").click()

    assert page.url.endswith(live(staging))


def test_what_is_not_production_tints_the_bar_and_says_its_name(signed_in_page, teammate, staging):
    bar = signed_in_page.locator(".topbar")

    signed_in_page.goto(live(teammate.environment))
    calm = bar.evaluate("each => getComputedStyle(each).backgroundColor")
    signed_in_page.goto(live(staging))
    tinted = bar.evaluate("each => getComputedStyle(each).backgroundColor")

    assert calm != tinted
    expect(signed_in_page.locator(".switcher__environment--tinted")).to_have_text("Staging")


def test_the_name_of_what_is_not_production_is_whole_on_a_phone(staff_page):
    staff_page.set_viewport_size({"width": 360, "height": 740})

    staff_page.goto(f"{COMPONENTS}?bar=staging&reader")

    name = staff_page.locator(".switcher__environment--tinted")
    assert name.evaluate("each => each.scrollWidth <= each.clientWidth && each.clientWidth > 0")


def test_the_tab_of_a_page_is_in_sight_on_a_phone(new_page, teammate, live_server):
    page = sign_in(new_page(viewport={"width": 360, "height": 740}), teammate.user, live_server.url)

    page.goto(reverse("accounts:account_settings", args=[teammate.account.pk]))

    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=1)


# --- Menus and keys ---------------------------------------------------------------------------------------------


def test_escape_closes_a_menu_and_gives_the_focus_back(signed_in_page, teammate):
    signed_in_page.goto(live(teammate.environment))
    signed_in_page.locator("[data-switcher] > summary").click()

    signed_in_page.keyboard.press("Escape")

    expect(signed_in_page.locator("[data-switcher]")).not_to_have_attribute("open", re.compile(""))
    expect(signed_in_page.locator("[data-switcher] > summary")).to_be_focused()


def test_a_click_elsewhere_closes_a_menu(signed_in_page, teammate):
    signed_in_page.goto(live(teammate.environment))
    signed_in_page.locator("[data-switcher] > summary").click()

    signed_in_page.locator("h1").click()

    expect(signed_in_page.locator("[data-switcher]")).not_to_have_attribute("open", re.compile(""))


def test_arrow_keys_walk_round_a_menu(staff_page):
    staff_page.goto(COMPONENTS)
    staff_page.get_by_text("Analyze").focus()

    names = []
    for _ in range(5):
        staff_page.keyboard.press("ArrowDown")
        names.append(staff_page.evaluate("document.activeElement.textContent"))

    assert names == ["Graph", "Funnel", "Retention", "Users", "Graph"]


def test_question_mark_shows_the_keys_and_escape_puts_them_away(signed_in_page, teammate):
    signed_in_page.goto(live(teammate.environment))
    help_ = signed_in_page.get_by_role("dialog", name="Keys")

    signed_in_page.keyboard.press("?")
    expect(help_).to_be_visible()
    signed_in_page.keyboard.press("Escape")

    expect(help_).to_be_hidden()


def test_slash_goes_to_the_search_of_the_page(staff_page):
    staff_page.goto(COMPONENTS)

    staff_page.keyboard.press("/")

    expect(staff_page.get_by_label("Search", exact=True)).to_be_focused()


def test_keys_do_nothing_while_somebody_types(staff_page):
    staff_page.goto(COMPONENTS)
    staff_page.get_by_label("Search", exact=True).focus()

    staff_page.keyboard.type("e?/")

    expect(staff_page.get_by_label("Search", exact=True)).to_have_value("e?/")
    expect(staff_page.locator("[data-switcher]")).not_to_have_attribute("open", re.compile(""))


def test_the_pages_of_an_environment_are_behind_a_button_on_a_phone(new_page, teammate, live_server):
    page = sign_in(new_page(viewport={"width": 360, "height": 740}), teammate.user, live_server.url)
    page.goto(live(teammate.environment))
    install = page.locator("#nav").get_by_role("link", name="Install")
    expect(install).to_be_hidden()

    page.get_by_role("button", name="Pages").click()
    page.locator("#nav summary", has_text="Environment").click()
    install.click()

    page.wait_for_url("**/install/")
    assert not is_too_wide(page)


def test_signing_out_is_a_button_in_the_menu(signed_in_page, teammate):
    signed_in_page.goto(live(teammate.environment))
    signed_in_page.get_by_label("Ada Lovelace: menu").click()

    signed_in_page.get_by_role("button", name="Sign out").click()

    signed_in_page.wait_for_url("**/login/**")


# --- Small scripts ----------------------------------------------------------------------------------------------


def test_copy_puts_the_text_on_the_clipboard(staff_page):
    staff_page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    staff_page.goto(COMPONENTS)

    staff_page.get_by_role("button", name="Copy the curl line").click()

    expect(staff_page.locator("[data-copy-label]").first).to_have_text("Copied")
    assert "1234567890" in staff_page.evaluate("navigator.clipboard.readText()")


def test_removing_waits_for_the_exact_name(staff_page):
    staff_page.goto(COMPONENTS)
    remove = staff_page.get_by_role("button", name="Delete project").last
    expect(remove).to_be_disabled()

    staff_page.get_by_label("Type Shop to confirm").fill("Shop")

    expect(remove).to_be_enabled()


def test_a_message_stays_until_it_is_put_away(staff_page):
    staff_page.goto(COMPONENTS)
    message = staff_page.locator(".messages .notice", has_text="Staging is created")

    message.get_by_role("button").click()

    expect(message).to_have_count(0)


def test_a_request_that_fails_behind_the_page_is_told(signed_in_page, teammate):
    signed_in_page.goto(live(teammate.environment))

    signed_in_page.evaluate("htmx.ajax('GET', '/no/such/page', {swap: 'none'})")

    expect(signed_in_page.get_by_role("alert")).to_contain_text("That is gone")


# --- Signing in, and oneself ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OUTSIDE)
def test_axe_finds_nothing_wrong_with_the_pages_around_signing_in(page, axe_clean, name):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(reverse(name))

    axe_clean(page)
    assert not is_too_wide(page)


def test_the_first_login_is_made_in_a_browser(page, axe_clean):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(urlsplit(first_login.offer()).path)
    axe_clean(page)
    assert not is_too_wide(page)

    for label, answer in FIRST_LOGIN.items():
        page.get_by_label(label).fill(answer)
    page.get_by_role("button", name="Make the login").click()
    expect(page.get_by_role("alert").or_(page.locator(".errorlist")).first).to_contain_text("too common")
    axe_clean(page)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Make the login").click()

    expect(page.get_by_text("You are in, with a staff login.")).to_be_visible()
    expect(page.get_by_role("banner")).to_contain_text("Web shop")
    assert User.objects.get().is_superuser


def test_a_wrong_password_is_said_in_words_and_the_address_stays(page, axe_clean, teammate):
    page.goto(reverse("account_login"))
    page.get_by_label("E-mail").fill("ada@shop.example")
    page.get_by_label("Password").fill("not her password")

    page.get_by_role("button", name="Sign in", exact=True).click()

    expect(page.locator(".errorlist")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value("ada@shop.example")
    axe_clean(page)


def test_a_right_password_gets_in(page, teammate):
    teammate.user.set_password("correct horse battery")
    teammate.user.save(update_fields=["password"])
    page.goto(reverse("account_login"))
    page.get_by_label("E-mail").fill("ada@shop.example")
    page.get_by_label("Password").fill("correct horse battery")

    page.get_by_role("button", name="Sign in", exact=True).click()

    expect(page.get_by_label("Ada Lovelace: menu")).to_be_visible()


@pytest.mark.parametrize("name", OWN_SECURITY)
def test_axe_finds_nothing_wrong_with_the_pages_about_oneself(signed_in_page, axe_clean, name):
    signed_in_page.set_viewport_size({"width": 360, "height": 740})
    signed_in_page.goto(reverse(name))

    axe_clean(signed_in_page)
    assert not is_too_wide(signed_in_page)


def test_sign_up_is_not_offered_while_it_is_closed(page, settings):
    settings.SIGNUP_OPEN = False

    page.goto(reverse("account_login"))
    expect(page.get_by_role("link", name="Make an account")).to_have_count(0)
    page.goto(reverse("account_signup"))

    expect(page.get_by_role("heading", level=1)).to_have_text("Sign-up is closed")


def test_axe_finds_nothing_wrong_with_a_page_that_is_not_there(page, axe_clean):
    page.goto("/no/such/page/")

    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    axe_clean(page)
