"""A graph of several series, put together in Chromium."""

from django.urls import reverse
from playwright.sync_api import expect

from tests.analytics.rows import add_event
from tests.browser.test_analytics import number_shown, run


def test_a_graph_is_put_together_series_by_series(signed_in_page, teammate, axe_clean):
    ada, environment = signed_in_page, teammate.environment
    for plan in ("gold", "free"):
        add_event(environment, name="Paid", kind="custom", properties={"plan": plan})
    for _ in range(3):
        add_event(environment, kind="pageview")
    ada.goto(reverse("analytics:graph", args=[environment.app_id]))
    first = ada.get_by_role("group", name="Series A")
    first.get_by_role("combobox", name="Series A").select_option("Paid")
    expect(first.get_by_label("Measured")).to_be_hidden()
    first.get_by_label("Measure", exact=True).select_option("Different values of")
    first.get_by_label("Measured").select_option("plan")
    ada.get_by_role("button", name="Add a series").click()
    ada.get_by_role("combobox", name="Series B", exact=True).select_option("Pageview")
    ada.get_by_label("Formula").fill("b / a")
    axe_clean(ada)
    run(ada)

    expect(ada.locator(".sentence")).to_contain_text(
        "B / A with A = Different values of plan of Paid and B = Count of Pageview"
    )
    expect(ada.locator(".legend")).to_contain_text("B: Count of Pageview 3")

    ada.get_by_label("Formula").fill("")
    ada.get_by_role("button", name="Remove Series A").click()
    expect(ada.get_by_role("combobox", name="Series A", exact=True)).to_have_value("builtin:pageview")
    run(ada)

    assert number_shown(ada) == "3 pageviews"
