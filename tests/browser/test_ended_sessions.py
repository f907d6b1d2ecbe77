"""A session that ends under an open page, in Chromium: sign-in is a page of its own, what was typed is not lost."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from accounts.models import Invitation, User
from analytics.models import Definition
from tests.browser.conftest import Teammate, sign_in
from tests.factories import MembershipFactory

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class OpenPage:
    """A page with something to type: what one does on it before the session ends, what meets the end, what is there."""

    path: Callable[[Teammate], str]
    type: Callable[[Page], None]
    meet_the_end: Callable[[Page], None]
    typed: Callable[[Page], list[tuple[Locator, str]]]


def in_environment(view):
    return lambda teammate: reverse(view, args=[teammate.environment.app_id])


def in_account(view):
    return lambda teammate: reverse(view, args=[teammate.account.pk])


def series(page):
    return page.get_by_role("combobox", name="Series A", exact=True)


def filter_by_path(page, path, button="Add a filter"):
    """Returns when the suggestions for the path are there: nothing else is asked after that."""
    page.get_by_role("button", name=button, exact=True).last.click()
    page.get_by_label("Property").select_option("Path")
    with page.expect_response(lambda response: "/suggested/" in response.url and path in response.url):
        page.get_by_label("Value").fill(path)


def type_graph(page):
    series(page).select_option("Pageview")
    filter_by_path(page, "pricing")


def type_live(page):
    page.locator("summary", has_text="Filter").click()
    filter_by_path(page, "docs")


def type_definition(page):
    page.get_by_label("Name").fill("Reads about prices")
    page.get_by_role("combobox", name="Event 1", exact=True).select_option("Pageview")
    filter_by_path(page, "pricing", button="where…")
    page.get_by_role("button", name="or another event").click()
    page.get_by_role("combobox", name="Event 2", exact=True).select_option("Click")


def press(name):
    return lambda page: page.get_by_role("button", name=name, exact=True).first.click()


def lists(page):
    return page.get_by_label("Excluded IPs, one per line")


PAGES = {
    "graph": OpenPage(
        in_environment("analytics:graph"),
        type_graph,
        press("Run Query"),
        lambda page: [(series(page), "builtin:pageview"), (page.get_by_label("Value"), "pricing")],
    ),
    "live": OpenPage(
        in_environment("analytics:live"),
        type_live,
        lambda page: None,  # it asks by itself
        lambda page: [(page.get_by_label("Property"), "event:path"), (page.get_by_label("Value"), "docs")],
    ),
    "definition": OpenPage(
        in_environment("analytics:definition_create"),
        type_definition,
        press("Save"),
        lambda page: [
            (page.get_by_label("Name"), "Reads about prices"),
            (page.get_by_role("combobox", name="Event 1", exact=True), "builtin:pageview"),
            (page.get_by_label("Value"), "pricing"),
            (page.get_by_role("combobox", name="Event 2", exact=True), "kind:click"),
        ],
    ),
    "teammates": OpenPage(
        in_account("accounts:teammate_list"),
        lambda page: page.get_by_label("E-mail address").fill("new@shop.example"),
        lambda page: page.get_by_role("switch", name="Read-only: Grace").click(),
        lambda page: [(page.get_by_label("E-mail address"), "new@shop.example")],
    ),
    "excluded_ips": OpenPage(
        in_account("ipfilter:excluded_ips"),
        lambda page: lists(page).fill("10.1.2.3\n10.2.0.0/16"),
        press("Save"),
        lambda page: [(lists(page), "10.1.2.3\n10.2.0.0/16")],
    ),
}


@pytest.fixture
def ada(page, teammate, live_server):
    teammate.user.set_password(PASSWORD)
    teammate.user.save()
    MembershipFactory(account=teammate.account, user__name="Grace")
    return sign_in(page, teammate.user, live_server.url)


def sign_in_again(page, user):
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.parametrize("name", PAGES)
def test_the_way_leads_back_to_the_page_with_what_was_typed(ada, teammate, name, live_server):
    page, path = PAGES[name], PAGES[name].path(teammate)
    ada.goto(path)
    page.type(ada)

    Session.objects.all().delete()
    page.meet_the_end(ada)

    expect(ada.locator("header.topbar")).to_have_count(0)
    sign_in_again(ada, teammate.user)
    expect(ada.get_by_text("What you had typed is here again.")).to_be_visible()
    assert ada.url.split("?")[0] == live_server.url + path
    for field, value in page.typed(ada):
        expect(field).to_have_value(value)
    assert not Definition.objects.exists() and not Invitation.objects.exists()

    ada.reload()
    expect(ada.locator("#session-end")).to_have_count(1)
    assert ada.evaluate("sessionStorage.draft") is None


def test_a_warning_comes_before_the_end_and_any_tab_makes_the_session_last(settings, ada, teammate, axe_clean):
    settings.SESSION_COOKIE_AGE = 5 * 60 + 6
    path = reverse("analytics:definition_create", args=[teammate.environment.app_id])
    Session.objects.update(expire_date=timezone.now() + timedelta(seconds=10))
    other = ada.context.new_page()
    for tab in (ada, other):
        tab.goto(path)  # that renews it
        expect(tab.locator("#session-end")).to_have_text("")
    ada.get_by_label("Name").focus()

    for tab in (ada, other):
        expect(tab.get_by_role("alert")).to_contain_text("signed out in less than 5 minutes", timeout=15_000)
    axe_clean(ada)
    ada.get_by_role("button", name="Stay signed in").click()

    expect(ada.get_by_text("You stay signed in.")).to_have_count(1)
    expect(ada.get_by_label("Name")).to_be_focused()
    expect(other.get_by_role("alert")).to_have_count(0, timeout=15_000)
    assert Session.objects.get().expire_date > timezone.now() + timedelta(minutes=4)


def test_a_form_goes_out_after_signing_in_in_another_tab_and_signing_out_forgets_drafts(ada, teammate):
    other = ada.context.new_page()
    ada.goto(reverse("accounts:profile"))
    ada.get_by_label("Your name").fill("Ada King")
    Session.objects.all().delete()
    other.goto(reverse("accounts:profile"))
    sign_in_again(other, teammate.user)
    other.get_by_label("Your name").fill("Never to be seen")

    ada.get_by_role("button", name="Save").first.click()
    expect(ada.get_by_text("Your teammates see the new name")).to_be_visible()

    other.locator("summary[aria-label$=menu]").click()
    other.get_by_role("button", name="Sign out").click()
    sign_in_again(other, teammate.user)
    other.goto(reverse("accounts:profile"))
    expect(other.get_by_label("Your name")).to_have_value("Ada King")
    assert other.evaluate("sessionStorage.draft") is None


def test_a_page_of_somebody_who_was_signed_in_before_sends_nothing_for_who_is_now(ada, teammate):
    grace = User.objects.create_user("grace@shop.example", PASSWORD, name="Grace")
    MembershipFactory(account=teammate.account, user=grace)
    other = ada.context.new_page()
    ada.goto(reverse("accounts:profile"))
    ada.get_by_label("Your name").fill("Ada King")
    Session.objects.all().delete()
    other.goto(reverse("accounts:profile"))
    sign_in_again(other, grace)
    expect(other.get_by_label("Your name")).to_have_value("Grace")

    ada.get_by_role("button", name="Save").first.click()

    expect(ada.get_by_role("heading", name="This form was not sent")).to_be_visible()
    grace.refresh_from_db()
    assert grace.name == "Grace"
