"""Support in a real browser: talking to us, staff answering, closing an account, and looking into one."""

import gzip
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connections
from playwright.sync_api import expect

from accounts.models import Account
from common import steps
from support.models import Closing, ClosingState, Message
from tests.browser.conftest import sign_in
from tests.factories import MembershipFactory
from tests.mailbox import path_in, running_mailbox, text_of
from tests.support.staff import make_staff
from tests.support.staff import sign_in as sign_in_as_staff

SENT = "Your message is sent! We'll respond via email shortly."


@pytest.fixture
def mailbox(settings, live_server):
    settings.SUPPORT_EMAIL = "help@heapadmin.example"
    settings.SITE_URL = live_server.url
    with running_mailbox(settings) as mailbox:
        yield mailbox


@pytest.fixture
def staff_page(new_page, live_server):
    page = new_page()
    session = sign_in_as_staff(make_staff("Grace")).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    return page


def work():
    """Run the real worker until nothing is left that is due; in a thread, since Playwright's loop has this one."""

    def run():
        try:
            call_command("procrastinate", "worker", "--one-shot")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(run).result()


def talk(page, text, email=None):
    page.get_by_role("button", name="Talk to Us").click()
    panel = page.get_by_role("dialog", name="Talk to Us")
    if email:
        panel.get_by_label("Your email address").fill(email)
    panel.get_by_label("Message").fill(text)
    panel.get_by_role("button", name="Send").click()
    return panel


def test_signed_in_it_opens_in_place_and_knows_who_and_where(signed_in_page, teammate):
    page = signed_in_page
    page.goto(f"/env/{teammate.environment.app_id}/install/")

    panel = talk(page, "Where is the funnel?")

    expect(panel).to_contain_text(SENT)
    message = Message.objects.get()
    assert (message.by, message.environment) == (teammate.user, teammate.environment)
    assert message.page == f"/env/{teammate.environment.app_id}/install/"
    assert page.url.endswith("/install/")


def test_signed_out_it_asks_for_an_address_and_keeps_what_was_typed(page):
    page.goto("/login/login/")

    panel = talk(page, "I cannot sign in.")
    expect(panel).to_contain_text("Tell us where to answer.")
    expect(panel.get_by_label("Message")).to_have_value("I cannot sign in.")
    panel.get_by_label("Your email address").fill("ada@shop.example")
    panel.get_by_role("button", name="Send").click()

    expect(panel).to_contain_text(SENT)
    assert Message.objects.get().email == "ada@shop.example"


def test_a_read_only_teammate_can_write(page, teammate, live_server):
    reader = MembershipFactory(account=teammate.account, read_only=True).user
    sign_in(page, reader, live_server.url)
    page.goto(f"/account/{teammate.account.pk}/projects/")

    expect(talk(page, "Who can give me more?")).to_contain_text(SENT)
    assert Message.objects.get().by == reader


def test_closed_and_opened_again_the_words_are_still_there(signed_in_page, teammate):
    page = signed_in_page
    page.goto(f"/account/{teammate.account.pk}/projects/")
    page.get_by_role("button", name="Talk to Us").click()
    panel = page.get_by_role("dialog", name="Talk to Us")
    panel.get_by_label("Message").fill("Half a sen")

    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    page.keyboard.press("Enter")

    expect(panel.get_by_label("Message")).to_have_value("Half a sen")


def test_the_words_are_there_on_other_pages_and_after_the_session_ended_until_they_are_sent(
    page, teammate, live_server
):
    def panel():
        page.get_by_role("button", name="Talk to Us").click()
        return page.get_by_role("dialog", name="Talk to Us").get_by_label("Message")

    sign_in(page, teammate.user, live_server.url)
    page.goto(f"/account/{teammate.account.pk}/projects/")
    panel().fill("Half a sen")
    page.goto(f"/account/{teammate.account.pk}/teammates/")
    expect(panel()).to_have_value("Half a sen")

    page.context.clear_cookies()
    page.reload()
    expect(panel()).to_have_value("")  # nobody knows yet who this is
    sign_in(page, teammate.user, live_server.url)
    page.goto(f"/account/{teammate.account.pk}/projects/")
    expect(panel()).to_have_value("Half a sen")
    page.goto("/talk/")
    expect(page.get_by_label("Message")).to_have_value("Half a sen")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text(SENT)).to_be_visible()
    page.goto(f"/account/{teammate.account.pk}/projects/")
    expect(panel()).to_have_value("")

    page.get_by_role("dialog", name="Talk to Us").get_by_label("Message").fill("For my eyes")
    sign_in(page, MembershipFactory(account=teammate.account).user, live_server.url)
    page.goto(f"/account/{teammate.account.pk}/projects/")
    expect(panel()).to_have_value("")


def test_without_javascript_it_is_a_page_of_its_own(new_page, live_server):
    page = new_page(java_script_enabled=False)
    page.goto("/login/login/")

    page.get_by_role("link", name="Talk to Us").click()
    page.get_by_label("Your email address").fill("ada@shop.example")
    page.get_by_label("Message", exact=True).fill("Hello")
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_text(SENT)).to_be_visible()
    assert Message.objects.get().page == "/login/login/"


def test_staff_answers_and_the_mail_arrives(page, staff_page, mailbox):
    page.goto("/login/login/")
    expect(talk(page, "Where is the funnel?", email="ada@shop.example")).to_contain_text(SENT)
    work()
    to_support = mailbox.to("help@heapadmin.example")[0]

    staff_page.goto(re.search(r"https?://\S+/change/", text_of(to_support))[0])
    staff_page.get_by_label("Answer", exact=True).fill("Under Analyze, on the left.")
    staff_page.get_by_role("button", name="Send the answer").click()
    expect(staff_page.get_by_text("Your answer goes to ada@shop.example")).to_be_visible()
    work()

    answer = mailbox.to("ada@shop.example")[0]
    assert to_support["Reply-To"] == "ada@shop.example" and answer["Reply-To"] == "help@heapadmin.example"
    assert "Under Analyze, on the left." in text_of(answer)
    assert answer["References"] == to_support["Message-ID"]
    staff_page.goto("/staff/support/message/?state__exact=answered")
    expect(staff_page.get_by_role("link", name="Where is the funnel?")).to_be_visible()


def close(staff_page, account, days):
    staff_page.goto("/staff/accounts/account/")
    staff_page.get_by_role("link", name=account.name).click()
    staff_page.get_by_role("link", name="Close account…").click()
    staff_page.get_by_label("Who asked for it, and how").fill("Ada, by mail")
    staff_page.get_by_label("Days in which it can be reopened").fill(str(days))
    staff_page.get_by_label("The account's name, to be sure").fill(account.name)
    staff_page.get_by_role("button", name="Close the account").click()
    expect(staff_page.get_by_text("Closed. Nobody gets in any more.")).to_be_visible()


def test_close_be_locked_out_reopen_close_for_good_and_see_the_receipt(
    signed_in_page, staff_page, teammate, mailbox, monkeypatch
):
    monkeypatch.setattr(steps, "SETTLE", timedelta(0))
    account, home = teammate.account, f"/account/{teammate.account.pk}/projects/"
    signed_in_page.goto(home)
    expect(signed_in_page.get_by_role("heading", name="Projects & environments")).to_be_visible()

    close(staff_page, account, days=30)
    signed_in_page.goto(home)
    expect(signed_in_page.get_by_role("heading", name="This account is closed")).to_be_visible()

    staff_page.get_by_role("button", name="Reopen the account").click()
    expect(staff_page.get_by_text("Reopened, with everything as it was.")).to_be_visible()
    signed_in_page.goto(home)
    expect(signed_in_page.get_by_role("heading", name="Projects & environments")).to_be_visible()

    close(staff_page, account, days=0)
    expect(staff_page.get_by_text("Being removed", exact=True)).to_be_visible()
    expect(staff_page.get_by_role("button", name="Reopen the account")).to_have_count(0)
    work()

    staff_page.reload()
    expect(staff_page.get_by_role("heading", name="Receipt")).to_be_visible()
    expect(staff_page.get_by_role("row", name="accounts_account 1")).to_be_visible()
    assert not Account.objects.filter(pk=account.pk).exists()
    assert Closing.objects.get(state=ClosingState.DONE).account_number == account.pk
    signed_in_page.goto(home)
    expect(signed_in_page).to_have_url(re.compile("/login/"))


def test_look_into_an_account_with_a_banner_and_an_entry_in_its_activity(signed_in_page, staff_page, teammate):
    staff_page.goto(f"/staff/accounts/account/{teammate.account.pk}/change/")
    staff_page.get_by_role("link", name="View as…").click()
    staff_page.get_by_label("Reason").fill("Ada asked about her funnel")
    staff_page.get_by_role("button", name="Start the visit").click()

    banner = staff_page.get_by_text("You look at Analytical Engines as support, read-only")
    expect(banner).to_contain_text("Ada asked about her funnel")
    expect(staff_page.get_by_role("link", name="Create Project")).to_have_count(0)
    staff_page.goto(f"/env/{teammate.environment.app_id}/install/")
    expect(banner).to_be_visible()
    staff_page.get_by_role("button", name="End the visit").click()
    expect(staff_page.get_by_text("The visit has ended.")).to_be_visible()

    signed_in_page.goto(f"/account/{teammate.account.pk}/activity/")
    expect(signed_in_page.get_by_text("Ada asked about her funnel").first).to_be_visible()
    signed_in_page.goto(f"/account/{teammate.account.pk}/support/")
    expect(signed_in_page.get_by_role("row", name=re.compile("Grace.*Ada asked about her funnel"))).to_be_visible()


def test_everything_is_exported_and_fetched_by_the_link_in_the_mail(signed_in_page, teammate, mailbox):
    page = signed_in_page
    page.goto(f"/account/{teammate.account.pk}/support/")
    page.get_by_role("button", name="Export everything").click()
    expect(page.get_by_text("The export is being made.")).to_be_visible()
    work()
    page.reload()
    expect(page.get_by_text("Ready")).to_be_visible()

    with page.expect_download() as download:
        page.evaluate("path => { location.href = path }", path_in(mailbox.to(teammate.user.email)[0]))

    with gzip.open(download.value.path()) as content:
        assert content.readline().startswith(b'{"heapadmin_export":1')


def test_the_dot_in_the_header_leads_on(signed_in_page, teammate):
    signed_in_page.goto(f"/env/{teammate.environment.app_id}/install/")

    expect(signed_in_page.get_by_role("link", name="no events")).to_be_visible()


@pytest.mark.parametrize("path", ["/status/", "/talk/", "/account/{account}/support/"])
def test_axe_finds_nothing(signed_in_page, teammate, axe_clean, path):
    signed_in_page.goto(path.format(account=teammate.account.pk))
    axe_clean(signed_in_page)


def test_axe_finds_nothing_in_the_open_panel(signed_in_page, teammate, axe_clean):
    signed_in_page.goto(f"/account/{teammate.account.pk}/projects/")
    signed_in_page.get_by_role("button", name="Talk to Us").click()
    expect(signed_in_page.get_by_label("Message")).to_be_visible()

    axe_clean(signed_in_page, part="#talk-panel")


@pytest.mark.parametrize("name", ["account/{account}/change", "account/{account}/close", "account/{account}/visit"])
def test_axe_finds_nothing_on_the_staffs_pages_of_an_account(staff_page, teammate, axe_clean, name):
    staff_page.goto(f"/staff/accounts/{name.format(account=teammate.account.pk)}/")

    axe_clean(staff_page, part="#content")
