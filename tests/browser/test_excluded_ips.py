"""Excluded IPs in Chromium: add a rule, events stop; remove it, they come again; what was there before stays."""

import http.client
import json
import time

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from ipfilter.list_scope import ListScope
from tests.browser.conftest import sign_in
from tests.factories import EnvironmentFactory, MembershipFactory
from tests.ipfilter.factories import save

WIDTHS = (360, 400, 640, 1024, 1440, 2560)


@pytest.fixture
def scope(teammate):
    return ListScope(teammate.account)


@pytest.fixture
def tab(signed_in_page, scope):
    """The tab, opened by somebody with full access at 127.0.0.1."""
    signed_in_page.goto(scope.url)
    return signed_in_page


@pytest.fixture
def reader(page, teammate, live_server):
    membership = MembershipFactory(account=teammate.account, read_only=True)
    return sign_in(page, membership.user, live_server.url)


def text_area(page):
    return page.get_by_label("Excluded IPs, one per line")


def preview_of(page):
    return page.locator("#preview")


def press_save(page):
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved:")).to_be_visible()


def send(live_server, environment, event="Signed up"):
    """Send one event; whether it was dropped."""
    host, port = live_server.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    body = json.dumps({"app_id": environment.app_id, "identity": "ann", "event": event})
    connection.request("POST", "/api/track", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"OK")
    connection.close()
    return response.headers["x-heapadmin-dropped"] == "excluded-ip"


def send_until(live_server, environment, *, dropped, event):
    """Send `event` until a change has come through; how many of them were stored on the way."""
    stored = 0
    deadline = time.monotonic() + 10
    while (was_dropped := send(live_server, environment, event)) != dropped:
        stored += not was_dropped
        assert time.monotonic() < deadline
    return stored + (not dropped)


def count_in_graph(page, environment, event="Signed up"):
    """What the graph page says in its table for today."""
    query = f"?event=event%3A{event.replace(' ', '+')}&counts=events&unit=day&days=7"
    page.goto(reverse("analytics:graph", args=[environment.app_id]) + query)
    return int(page.locator("table tfoot td, table tbody tr:last-child td.number").last.inner_text().replace(",", ""))


def test_a_rule_stops_events_and_its_removal_lets_them_in_again(tab, teammate, scope, live_server):
    environment = teammate.environment
    for _ in range(3):
        send(live_server, environment)
    assert count_in_graph(tab, environment) == 3

    tab.goto(scope.url)
    tab.get_by_role("button", name="Add it").click()
    expect(preview_of(tab)).to_contain_text("kept out by 127.0.0.1")
    press_save(tab)
    send_until(live_server, environment, dropped=True, event="Probe")
    assert all(send(live_server, environment) for _ in range(5))
    assert count_in_graph(tab, environment) == 3

    tab.goto(scope.url)
    text_area(tab).fill("")
    press_save(tab)
    send_until(live_server, environment, dropped=False, event="Probe")
    for _ in range(2):
        send(live_server, environment)
    assert count_in_graph(tab, environment) == 5


def test_the_preview_follows_what_is_typed(tab, scope):
    text_area(tab).fill("10.1.*")
    expect(preview_of(tab)).to_contain_text("1 rule, 65,536 IPv4 addresses.")
    expect(preview_of(tab)).to_contain_text("1 added 10.1.*")

    text_area(tab).fill("10.1.*\n127.0.0.0/8")
    expect(preview_of(tab)).to_contain_text("yours among them")

    text_area(tab).fill("10.1.*\n10.1.2\n10.2.*")
    expect(preview_of(tab)).to_contain_text("Line 2: 10.1.2 has only three parts")
    assert not scope.rules()


def test_a_line_number_leads_to_the_line(tab):
    text_area(tab).fill("10.1.*\nexample.com\n10.2.*")
    tab.get_by_role("button", name="Line 2").click()

    selected = "[id_text.value.slice(id_text.selectionStart, id_text.selectionEnd), document.activeElement.id]"
    assert tab.evaluate(selected) == ["example.com", "id_text"]


def test_suggestions_can_be_put_in(tab):
    text_area(tab).fill("10.1.2 # office\n1.2.3.4:80")
    tab.get_by_role("button", name="Put in what is suggested").click()

    expect(text_area(tab)).to_have_value("10.1.2.* # office\n1.2.3.4")
    expect(preview_of(tab)).to_contain_text("2 added")


def test_what_saving_refused_is_gone_with_the_first_clean_preview(tab):
    text_area(tab).fill("10.0.0.0 255.255.0.0")
    tab.get_by_role("button", name="Save").click()
    refused = tab.get_by_text("One line is not understood, so nothing is saved.")
    expect(refused).to_be_visible()

    text_area(tab).fill("10.0.0.0 255.255.0.0\n10.%")
    expect(preview_of(tab)).to_contain_text("Line 2: 10.% has % in it")
    expect(refused).to_be_visible()

    text_area(tab).fill("10.0.0.0/16\n10.*")
    expect(preview_of(tab)).to_contain_text("2 rules, 16,777,216 IPv4 addresses.")
    expect(refused).to_have_count(0)
    expect(text_area(tab)).not_to_have_attribute("aria-invalid", "true")


def test_everybody_is_kept_out_only_when_that_was_confirmed(tab, scope, axe_clean):
    text_area(tab).fill("*")
    expect(preview_of(tab)).to_contain_text("every visitor")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Nothing is saved yet.")).to_be_visible()
    axe_clean(tab)

    tab.get_by_label("Yes, keep them all out").check()
    press_save(tab)
    assert scope.rules().count() == 1


def test_an_address_is_tested_in_place(tab, scope):
    save(scope, "10.1.* # office")
    text_area(tab).fill("something that is being typed")

    tab.get_by_label("IPv4 or IPv6 address").fill("10.1.2.3")
    tab.get_by_role("button", name="Test").click()

    expect(tab.locator("#tested")).to_contain_text("10.1.2.3 is kept out: by 10.1.* (office)")
    expect(text_area(tab)).to_have_value("something that is being typed")


def test_the_scope_switch_leads_to_an_environments_own_list(tab, teammate):
    EnvironmentFactory(project=teammate.environment.project, name="Staging", is_production=False)
    tab.reload()

    tab.locator("summary", has_text="Holds for").click()
    tab.get_by_role("link", name="Staging").last.click()
    text_area(tab).fill("10.9.*")
    press_save(tab)

    expect(tab.locator("summary", has_text="Holds for")).to_contain_text("Shop › Staging")
    tab.locator("summary", has_text="Holds for").click()
    expect(tab.locator(".excluded__scope")).to_contain_text("1 rule")


def test_everything_works_without_javascript(new_page, teammate, scope, live_server):
    plain = sign_in(new_page(java_script_enabled=False), teammate.user, live_server.url)
    plain.goto(scope.url)

    text_area(plain).fill("10.1.2")
    plain.get_by_role("button", name="Preview").click()
    expect(preview_of(plain)).to_contain_text("has only three parts")
    plain.get_by_role("button", name="Put in what is suggested").click()
    plain.get_by_role("button", name="Add it").click()
    press_save(plain)
    plain.get_by_label("IPv4 or IPv6 address").fill("10.1.2.3")
    plain.get_by_role("button", name="Test").click()

    expect(plain.locator("#tested")).to_contain_text("10.1.2.3 is kept out")
    assert [rule.source for rule in scope.rules()] == ["10.1.2.*", "127.0.0.1"]


def test_read_only_people_look(reader, scope, axe_clean):
    save(scope, "10.1.* # Paris")
    reader.goto(scope.url)

    expect(reader.get_by_text("10.1.* # Paris")).to_be_visible()
    expect(reader.get_by_role("button", name="Save")).to_have_count(0)
    expect(text_area(reader)).to_have_count(0)
    axe_clean(reader)


def test_axe_finds_nothing_wrong(tab, scope, axe_clean):
    axe_clean(tab)

    save(scope, "10.1.*\n10.1.2.3/24 # inside\n2001:db8::/32")
    tab.goto(f"{scope.url}?address=10.1.2.3")
    axe_clean(tab)

    text_area(tab).fill("10.1.2\nexample.com")
    expect(preview_of(tab)).to_contain_text("Line 2")
    axe_clean(tab)


def test_the_page_never_scrolls_sideways(tab, scope):
    save(scope, f"{'2001:db8:1111:2222:3333:4444:5555:6666'} # {'a-very-long-note-' * 8}\n10.1.2.0-10.1.3.9")
    tab.goto(f"{scope.url}?address=2001:db8:1111:2222:3333:4444:5555:6666")

    too_wide = []
    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 800})
        if tab.evaluate("document.documentElement.scrollWidth > innerWidth"):
            too_wide.append(width)

    assert too_wide == []
