"""Teammates in real browsers: two people, each with a browser of their own."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts import activity
from accounts.models import Invitation, Membership, User
from tests.browser.conftest import sign_in
from tests.factories import MembershipFactory
from tests.mailbox import path_in, running_mailbox
from tests.world import make_invitation

PASSWORD = "correct horse battery staple"


@pytest.fixture
def mailbox(settings, live_server):
    settings.SITE_URL = live_server.url
    with running_mailbox(settings) as mailbox:
        yield mailbox


@pytest.fixture
def tab(signed_in_page, teammate):
    """Ada's browser, on the Teammates tab."""
    signed_in_page.goto(reverse("accounts:teammate_list", args=[teammate.account.pk]))
    return signed_in_page


def invite(page, address):
    page.get_by_label("E-mail address").fill(address)
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_role("status").filter(has_text="Invited")).to_be_visible()


def test_invite_somebody_new_who_sets_a_password_and_is_in(tab, other_page, mailbox):
    invite(tab, "new@shop.example")
    mailbox.work()

    other_page.goto(path_in(mailbox.to("new@shop.example")[0]))
    other_page.get_by_label("Your name").fill("Newcomer")
    other_page.get_by_label("Password").fill(PASSWORD)
    other_page.get_by_role("button", name="Make a login and join").click()

    expect(
        other_page.get_by_text("Welcome to Analytical Engines").or_(other_page.get_by_label("Newcomer: menu"))
    ).to_be_visible()
    tab.reload()
    expect(tab.get_by_role("link", name="Newcomer", exact=True)).to_be_visible()


def test_enter_invites_and_shift_enter_begins_a_line(tab):
    field = tab.get_by_label("E-mail address")
    field.fill("Bob Smith <bob@example.com>")
    field.press("Shift+Enter")
    field.press_sequentially("ann@example.com")
    expect(field).to_have_value("Bob Smith <bob@example.com>\nann@example.com")

    field.press("Enter")

    expect(tab.get_by_role("status").filter(has_text="Invited 2 people.")).to_be_visible()
    assert sorted(Invitation.objects.values_list("email", flat=True)) == ["ann@example.com", "bob@example.com"]


def test_what_is_wrong_with_a_long_list_is_seen(tab, teammate, settings):
    settings.INVITATIONS_PER_HOUR = 1

    tab.get_by_label("E-mail address").fill("\n".join(f"p{n}@shop.example" for n in range(200)))
    tab.get_by_role("button", name="Invite").click()

    expect(tab.get_by_text("as many invitations as it may")).to_be_in_viewport()


def test_invite_somebody_with_a_login_who_signs_in_and_accepts(tab, other_page, mailbox):
    User.objects.create_user("bob@shop.example", PASSWORD, name="Bob")
    invite(tab, "bob@shop.example")
    mailbox.work()

    other_page.goto(path_in(mailbox.to("bob@shop.example")[0]))
    other_page.get_by_role("link", name="Sign in").click()
    other_page.get_by_label("E-mail").fill("bob@shop.example")
    other_page.get_by_label("Password").fill(PASSWORD)
    other_page.get_by_role("button", name="Sign in", exact=True).click()
    other_page.get_by_role("button", name="Join").click()

    expect(other_page.get_by_text("Welcome to Analytical Engines")).to_be_visible()


def test_the_wrong_person_is_told_and_can_sign_out_to_open_it_again(tab, other_page, mailbox, live_server):
    sign_in(other_page, MembershipFactory(user__email="eve@else.example").user, live_server.url)
    invite(tab, "new@shop.example")
    mailbox.work()

    other_page.goto(path_in(mailbox.to("new@shop.example")[0]))
    expect(other_page.get_by_role("heading", name="This invitation is for somebody else")).to_be_visible()
    other_page.get_by_role("button", name="Sign out and open it again").click()

    expect(other_page.get_by_role("heading", name="Join Analytical Engines")).to_be_visible()
    assert Invitation.objects.get().is_open


def test_the_read_only_switch_takes_rights_away_at_the_next_request(tab, other_page, teammate, live_server):
    grace = MembershipFactory(account=teammate.account, user__name="Grace", user__email="grace@shop.example")
    sign_in(other_page, grace.user, live_server.url)
    other_page.goto(reverse("projects:project_create", args=[teammate.account.pk]))
    tab.reload()

    switch = tab.get_by_role("switch", name="Read-only: Grace")
    expect(switch).not_to_be_checked()
    switch.click()
    expect(switch).to_be_checked()
    expect(switch).to_be_focused()
    other_page.get_by_label("Name").fill("Hers")
    other_page.get_by_role("button", name="Create Project").click()

    expect(other_page.get_by_role("heading", name="You may not do that here")).to_be_visible()
    other_page.goto(reverse("projects:project_list", args=[teammate.account.pk]))
    expect(other_page.get_by_role("link", name="Create Project")).to_have_count(0)
    expect(other_page.locator("summary").get_by_text("read-only")).to_be_visible()


def test_the_switch_works_without_javascript(new_page, teammate, live_server):
    grace = MembershipFactory(account=teammate.account, user__name="Grace")
    page = sign_in(new_page(java_script_enabled=False), teammate.user, live_server.url)
    page.goto(reverse("accounts:teammate_list", args=[teammate.account.pk]))

    page.get_by_role("switch", name="Read-only: Grace").click()

    expect(page.get_by_text("Grace is read-only now.")).to_be_visible()
    grace.refresh_from_db()
    assert grace.read_only is True


def test_the_last_one_in_charge_is_told_why_the_switch_does_not_move(tab, teammate):
    tab.get_by_role("switch", name="Read-only: Ada Lovelace").click()

    expect(tab.get_by_role("alert")).to_contain_text("last teammate with full access")
    assert Membership.objects.get(user=teammate.user).read_only is False


def test_searching_filters_as_one_types(tab, teammate):
    for number in range(12):
        MembershipFactory(account=teammate.account, user__name=f"Person {number:02}")
    tab.reload()

    tab.get_by_role("searchbox", name="Name or address").press_sequentially("on 07")

    expect(tab.get_by_role("link", name="Person 07", exact=True)).to_be_visible()
    expect(tab.get_by_role("link", name="Person 08", exact=True)).to_have_count(0)
    expect(tab.get_by_role("searchbox", name="Name or address")).to_be_focused()
    assert "?q=on" in tab.url


SCROLLING_INSIDE = "[...document.querySelectorAll('.table-scroll')].filter(e => e.scrollWidth > e.clientWidth).length"


def test_on_a_phone_the_lists_are_read_without_scrolling_sideways(tab, teammate):
    MembershipFactory(account=teammate.account, user__name="Grace Brewster Murray Hopper")
    make_invitation(teammate.account, teammate.user, "somebody.with.a.long.address@subsidiary.shop.example")
    activity.record(account=teammate.account, by=teammate.user, verb="project.create", target="Shop " * 15)
    tab.set_viewport_size({"width": 360, "height": 740})

    for name in ("teammate_list", "activity_list"):
        tab.goto(reverse(f"accounts:{name}", args=[teammate.account.pk]))
        expect(tab.locator(".table-scroll").first).to_be_visible()
        assert tab.evaluate(SCROLLING_INSIDE) == 0


@pytest.mark.parametrize(
    "name",
    ["teammate_list", "account_settings", "activity_list", "leave"],
)
def test_pages_are_clean(tab, teammate, axe_clean, name):
    tab.goto(reverse(f"accounts:{name}", args=[teammate.account.pk]))

    axe_clean(tab)


def test_pages_of_invitations_are_clean(tab, other_page, mailbox, axe_clean):
    invite(tab, "new@shop.example")
    axe_clean(tab)
    mailbox.work()

    other_page.goto(path_in(mailbox.to("new@shop.example")[0]))

    axe_clean(other_page)


@pytest.mark.parametrize("name", ["profile", "email_change"])
def test_ones_own_pages_are_clean(signed_in_page, axe_clean, name):
    signed_in_page.goto(reverse(f"accounts:{name}"))

    axe_clean(signed_in_page)
