"""Filters of a question, put together in Chromium."""

from django.urls import reverse
from playwright.sync_api import expect

from tests.analytics.rows import add_event
from tests.browser.test_analytics import run


def test_a_group_of_filters_is_added_and_taken_away(signed_in_page, teammate, axe_clean):
    ada, environment = signed_in_page, teammate.environment
    add_event(environment, kind="pageview", path="/pricing")
    ada.goto(reverse("analytics:graph", args=[environment.app_id]))
    ada.get_by_role("button", name="Group of filters", exact=True).last.click()  # the first is of the series
    group = ada.get_by_role("group", name="Group of filters")
    group.get_by_role("button", name="Add a filter to the group").click()
    for row, path in zip(group.get_by_role("group", name="Condition").all(), ("/", "/pricing, /docs"), strict=True):
        row.get_by_label("Property").select_option("Path")
        row.get_by_label("Comparison").select_option("is one of (a, b, …)")
        row.get_by_label("Value").fill(path)
    group.get_by_label("of these must hold").select_option("any one")
    axe_clean(ada)
    run(ada)

    expect(group.get_by_label("of these must hold")).to_have_value("any")
    assert "where.group.0.1.value=%2Fpricing" in ada.url

    group.get_by_role("button", name="Remove this group of filters").click()
    run(ada)
    assert "where" not in ada.url
