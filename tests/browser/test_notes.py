"""Notes on charts in Chromium: their texts by pointer and keyboard, and a new one for a bucket of the chart."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from analytics.models import Note
from tests.analytics.rows import add_event


def test_marks_show_their_texts_and_a_new_note_is_of_the_chosen_day(signed_in_page, teammate, axe_clean):
    page, environment = signed_in_page, teammate.environment
    today = timezone.now()
    for days in range(7):
        add_event(environment, kind="pageview", ago=timedelta(days=days))
    for days, text in ((5, "Deployed"), (5, "Rolled back"), (1, "W" * 500)):
        Note.objects.create(environment=environment, at=today - timedelta(days=days), is_day=False, text=text)
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(reverse("analytics:graph", args=[environment.app_id]) + "?event=builtin:pageview&days=7&wait=1")
    marks, tip = page.locator(".chart__mark"), page.locator(".chart__tip")
    expect(marks).to_have_text(["×2", "3"])

    marks.first.focus()
    expect(tip).to_contain_text("Deployed")
    expect(tip).to_contain_text("Rolled back")
    page.keyboard.press("Escape")
    expect(tip).to_have_count(0)
    marks.last.hover()
    expect(tip).to_contain_text("W" * 500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    axe_clean(page)
    page.keyboard.press("Tab")
    page.locator(".chart__plot").focus()
    page.keyboard.press("Home")
    page.get_by_role("link", name="Add note:").click()

    expect(page.get_by_label("Day")).to_have_value(f"{today - timedelta(days=6):%Y-%m-%d}")
    axe_clean(page)
    page.get_by_label("What happened").fill("Campaign")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".chart-notes__list > li").first).to_contain_text("Campaign")
