"""The Collection page in Chromium: its numbers move by themselves, and it fits every screen."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from collector.decide import COUNTED
from collector.models import CollectedHour
from events.models import Event
from tests.browser.conftest import sign_in

WIDTHS = (360, 640, 1024, 1440, 2560)

SWAPPED = """times => Array.from({length: times}, () => {
    const detail = {target: document.querySelector("#collection-numbers"), shouldSwap: true};
    document.dispatchEvent(new CustomEvent("htmx:beforeSwap", {detail}));
    return detail.shouldSwap;
})"""  # of the next answers with new numbers, which come every five seconds


@pytest.fixture
def address(teammate):
    return reverse("collector:collection", args=[teammate.environment.app_id])


@pytest.fixture
def busy(teammate):
    """A day on which everything happened, in large numbers."""
    environment, now = teammate.environment, timezone.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    CollectedHour.objects.bulk_create(
        CollectedHour(
            environment=environment,
            hour=hour - timedelta(hours=ago),
            outcome=outcome,
            requests=(ago + 1) * 1_234 >> 3 * place or 1,
            events=(ago * 5 % 7 + 1) * 123_456 >> 3 * place,
            last_at=now,
            last_seconds=0.012,
            slowest_seconds=0.2,
        )
        for ago in range(30)
        for place, outcome in enumerate(COUNTED)
        if ago % (place + 1) == 0
    )
    Event.objects.create(environment_id=environment.pk, time=now, id=1, actor_id=1, name="Order placed")


def numbers_of(page):
    return page.locator("#collection-numbers")


def test_the_first_request_shows_by_itself(signed_in_page, teammate, address, axe_clean):
    signed_in_page.goto(address)
    expect(numbers_of(signed_in_page)).to_contain_text("Nothing has come yet")
    axe_clean(signed_in_page)

    now = timezone.now()
    CollectedHour.objects.create(
        environment=teammate.environment,
        hour=now.replace(minute=0, second=0, microsecond=0),
        outcome="bad",
        requests=3,
        events=5,
        last_at=now,
        last_seconds=0,
        slowest_seconds=0,
    )

    expect(numbers_of(signed_in_page)).to_contain_text("in 3 requests")


def test_numbers_that_stay_are_not_drawn_again(signed_in_page, busy, address):
    signed_in_page.goto(address)
    signed_in_page.evaluate("document.querySelector('#collection-numbers').dataset.mark = 'kept'")

    with signed_in_page.expect_response("**/collection/numbers/**") as again:
        pass

    assert again.value.status == 204
    expect(numbers_of(signed_in_page)).to_have_attribute("data-mark", "kept")


def test_everything_is_there_without_javascript(new_page, teammate, busy, address, live_server):
    plain = sign_in(new_page(java_script_enabled=False), teammate.user, live_server.url)

    plain.goto(address)

    expect(numbers_of(plain)).to_contain_text("Order placed")
    plain.get_by_text("The same numbers as a table").click()
    expect(plain.get_by_role("region", name="The last 24 hours").get_by_role("row")).to_have_count(25)


def test_hours_are_charts_with_the_reasons_of_refusals_and_the_table_stays_open(
    signed_in_page, teammate, busy, address
):
    page = signed_in_page
    page.goto(address)
    accepted, refused = (page.get_by_role("figure", name=name) for name in ("Accepted events", "Dropped and refused"))
    expect(accepted.locator(".chart__bar")).to_have_count(24)
    expect(refused.get_by_role("button")).to_have_count(len(COUNTED) - 1)
    page.get_by_text("The same numbers as a table").click()
    expect(page.get_by_role("region", name="The last 24 hours")).to_be_visible()

    refused.locator(".chart__plot").press("End")
    expect(refused.get_by_role("status")).to_contain_text("Refused: bad request")
    with page.expect_response("**/collection/numbers/**") as held:
        CollectedHour.objects.filter(outcome="accepted").update(requests=7_654_321)
    assert held.value.status in (200, 204)
    expect(refused.get_by_role("status")).to_be_visible()  # nothing is swapped under who reads it

    assert page.evaluate(SWAPPED, 14)[::13] == [False, True]  # a pointer may rest there all day

    refused.get_by_role("button", name="Refused: bad request").click()
    page.keyboard.press("Escape")
    expect(numbers_of(page)).to_contain_text("7,654,321", timeout=15_000)
    expect(page.get_by_role("region", name="The last 24 hours")).to_be_visible()
    expect(refused.get_by_role("button", name="Refused: bad request")).to_have_attribute("aria-pressed", "false")
    expect(refused.get_by_role("button", pressed=True)).to_have_count(len(COUNTED) - 2)


def test_the_dot_leads_here(signed_in_page, teammate, busy, address):
    signed_in_page.goto(reverse("projects:install", args=[teammate.environment.app_id]))

    signed_in_page.locator(".freshness[title]").click()

    signed_in_page.wait_for_url("**" + address)


def test_axe_finds_nothing_wrong(signed_in_page, busy, address, axe_clean):
    signed_in_page.goto(address)

    axe_clean(signed_in_page)


def test_the_page_never_scrolls_sideways(signed_in_page, busy, address):
    signed_in_page.goto(address)

    too_wide = []
    for width in WIDTHS:
        signed_in_page.set_viewport_size({"width": width, "height": 800})
        if signed_in_page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            too_wide.append(width)

    assert too_wide == []
