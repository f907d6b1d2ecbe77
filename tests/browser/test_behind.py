"""From a point of a graph to the people behind it, and to a segment of them, in Chromium."""

from datetime import timedelta

from django.urls import reverse
from playwright.sync_api import expect

from analytics.models import Segment, SegmentMember
from tests.analytics.rows import add_event, add_person


def test_a_point_leads_to_the_people_and_these_to_a_segment(signed_in_page, teammate, axe_clean):
    ada, environment = signed_in_page, teammate.environment
    for actor in (7, 8, 9):
        add_person(environment, actor)
        add_event(environment, actor_id=actor, ago=timedelta(days=3))
    graph = reverse("analytics:graph", args=[environment.app_id]) + "?event=event:Signed up&counts=users&days=7"
    ada.goto(graph)
    expect(ada.get_by_role("button", name="3", exact=True)).to_have_count(
        3
    )  # of the day, of the whole range, and above
    axe_clean(ada)
    point = ada.locator("circle[data-at]")

    box = point.bounding_box()
    ada.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    expect(ada.get_by_role("heading", level=1)).to_contain_text("Unique users of Signed up, ")
    expect(ada.locator("#behind-list")).to_contain_text("3 people")
    expect(ada.locator("tbody tr")).to_have_count(3)
    axe_clean(ada)
    ada.get_by_role("link", name="Events").click()
    expect(ada.locator(".log__row")).to_have_count(3)
    axe_clean(ada)
    ada.get_by_text("Make a segment").click()
    ada.get_by_label("Name of the segment").fill("Early")
    ada.get_by_role("button", name="Save segment").click()
    expect(ada.get_by_role("status")).to_contain_text("Segment Early saved, with 3 people.")
    axe_clean(ada)
    assert SegmentMember.objects.count() == 3
    assert Segment.objects.get().name == "Early"

    ada.goto(graph)
    ada.locator(".chart__plot").focus()
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowRight", "Enter"):
        ada.keyboard.press(key)
    expect(ada.locator("#behind-list")).to_contain_text("3 people")


def test_a_step_and_a_cohort_lead_to_their_people(signed_in_page, teammate, axe_clean):
    ada, environment = signed_in_page, teammate.environment
    for actor, days in ((7, (4, 3)), (8, (4,)), (9, (4,))):
        add_person(environment, actor)
        for ago in days:
            add_event(environment, actor_id=actor, ago=timedelta(days=ago))
    steps = "step.0.event=event:Signed up&step.1.event=event:Signed up&days=7"

    ada.goto(reverse("analytics:funnel", args=[environment.app_id]) + f"?{steps}")
    expect(ada.locator(".funnel")).to_contain_text("33.3% went on, 2 did not")
    axe_clean(ada)
    ada.locator(".funnel").get_by_role("button", name="2", exact=True).click()
    expect(ada.locator("#behind-list")).to_contain_text("2 people")
    axe_clean(ada)

    cohort = "start.event=event:Signed up&return.event=event:Signed up&unit=day&days=7"
    ada.goto(reverse("analytics:retention", args=[environment.app_id]) + f"?{cohort}")
    axe_clean(ada)
    ada.locator(".heat").get_by_role("button", name="33.3%").click()
    ada.get_by_role("link", name="came back in day 1").click()
    expect(ada.locator("#behind-list")).to_contain_text("1 person")
    expect(ada.locator("tbody tr")).to_have_count(1)

    ada.go_back()
    ada.go_back()
    ada.locator(".chart__plot").focus()
    for key in ("Home", "Enter"):
        ada.keyboard.press(key)
    expect(ada.get_by_role("heading", level=1)).to_contain_text("all cohorts whose day 1 is over")


COVERED = """() => [...document.querySelectorAll(".table .behind")].filter((each) => {
    each.focus();
    const box = each.getBoundingClientRect();
    return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) !== each;
}).map((each) => each.value)"""


def test_no_number_with_the_focus_is_below_the_row_of_totals(signed_in_page, teammate):
    for day in range(30):
        add_event(teammate.environment, ago=timedelta(days=day))
    signed_in_page.set_viewport_size({"width": 390, "height": 844})
    signed_in_page.goto(reverse("analytics:graph", args=[teammate.environment.app_id]) + "?event=event:Signed up")
    expect(signed_in_page.locator(".table .behind")).to_have_count(31)

    assert signed_in_page.evaluate(COVERED) == []


def test_a_first_tap_shows_the_numbers_and_a_second_opens_them(signed_in_page, new_page, teammate):
    environment = teammate.environment
    for actor in (7, 8, 9):
        add_person(environment, actor)
        add_event(environment, actor_id=actor, session_id=actor, ago=timedelta(days=2))
        page_seen = {"kind": "pageview", "path": "/pricing", "ago": timedelta(days=2, minutes=-1)}
        add_event(environment, actor_id=actor, session_id=actor, **page_seen)
    state = signed_in_page.context.storage_state()
    phone = new_page(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844}, storage_state=state)
    questions = {
        "graph?event=event:Signed up&counts=users&days=7": ("circle[data-at]", "Unique users of Signed up, "),
        "paths?anchor.event=event:Signed up&days=7": (
            ".flow g[data-at] >> nth=1",
            "Paths after Signed up → /pricing, ",
        ),
    }
    for question, (mark, words) in questions.items():
        kind, _, query = question.partition("?")
        phone.goto(f"{reverse(f'analytics:{kind}', args=[environment.app_id])}?{query}")
        phone.locator(mark).scroll_into_view_if_needed()
        box = phone.locator(mark).bounding_box()
        at = (box["x"] + min(box["width"], 20) / 2, box["y"] + box["height"] / 2)

        phone.touchscreen.tap(*at)
        expect(phone.locator(".chart__tip")).to_contain_text("3")
        expect(phone.locator("#behind-list")).to_have_count(0)
        phone.touchscreen.tap(*at)

        expect(phone.get_by_role("heading", level=1)).to_contain_text(words)
        expect(phone.locator("#behind-list")).to_contain_text("3 people")
