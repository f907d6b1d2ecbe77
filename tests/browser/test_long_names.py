"""Names come from outside, and may be long: no page becomes wider than the window."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import Account, Invitation, User
from analytics.models import Definition, NameNote, Report, Segment
from events.catalogue import counting
from projects.models import ApiKey, Environment, Project
from tests.access_table import TABLE
from tests.analytics.rows import add_event, add_person
from tests.browser.conftest import sign_in
from tests.world import make_account

WIDTHS = (390, 1280)
LONG_EVENT = "Ordered" + "W" * 173
LONG_VALUE = "W" * 300
NAMED = (User, Account, Project, Environment, ApiKey, Definition, Segment, Report)
EVENT = f"event:{LONG_EVENT}"
LONG_CONDITION = {"where.0.field": "property:plan", "where.0.op": "is", "where.0.value": LONG_VALUE}
FILES = ("accounts:activity_csv", "analytics:export", "analytics:behind_export")
PARTS = ("analytics:live_rows", "analytics:tile")  # of the live view and of the dashboard, which are pages
QUESTIONS = {
    "graph": [
        {"event": EVENT, "days": "7", "by": f"property:{'p' * 200}"},
        {"event": EVENT, "days": "7", "by": "property:plan", "chart": "bar"} | LONG_CONDITION,
        {
            "series.0.event": EVENT,
            "series.1.event": EVENT,
            "series.1.counts": "sum",
            "series.1.of": f"property:{'p' * 200}",
        }
        | {"formula": "A / B", "days": "7", "by": "property:plan"},
    ],
    "funnel": [{"step.0.event": EVENT, "step.1.event": EVENT} | LONG_CONDITION],
    "retention": [{"start.event": EVENT, "returning.event": EVENT, "days": "7"}],
    "sessions": [{"event": EVENT, "days": "7", "entry": f"/{'w' * 900}*"}, {"days": "7"}],
    "stickiness": [{"event": EVENT, "days": "7"}],
    "lifecycle": [{"event": EVENT, "days": "7"}],
    "paths": [{"anchor.event": EVENT, "days": "7"}, {"anchor.event": "builtin:session", "days": "7"}],
    "users": [{}, {"search": "w" * 254}],
    "search": [{"q": "w"}],
    "catalogue_name": [{"of": EVENT}, {"of": f"property:{'p' * 200}"}, {"of": f"user:{'p' * 200}"}],
    "behind": [
        {"event": EVENT, "days": "7", "behind.at": f"0.all.all~{'9' * 99}", "behind.list": listed} | LONG_CONDITION
        for listed in ("events", "people")
    ]
    + [
        {"event": EVENT, "counts": "sessions", "days": "7", "behind.at": "0.all.all"},
        {"kind": "users", "search": "w" * 254, "behind.at": "people.all"},
        {"kind": "stickiness", "event": EVENT, "days": "7", "behind.at": "share.0"},
    ],
}


def in_full(model, field="name"):
    """Every row of the model has the longest name that its column takes, without a space; the last letters differ."""
    for row in model.objects.all():
        most = model._meta.get_field(field).max_length
        ending = f"{row.pk}" if field == "name" else f"{row.pk}@shop.com"
        setattr(row, field, ending.rjust(most, "w"))
        row.save(update_fields=[field])


@pytest.fixture
def world(live_server):
    world = make_account()
    environment = Environment.objects.get(pk=world.ids["environment_id"])
    world.ids["actor_id"] = -5
    add_person(environment, -5, identity="w" * 255, properties={"p" * 200: LONG_VALUE})
    for number in range(12):
        add_event(
            environment,
            actor_id=world.ids["actor_id"] if number < 6 else number,
            session_id=number % 3,
            kind="custom",
            name=LONG_EVENT,
            path="/" + "w" * 1000,
            properties={"plan": f"{number}{LONG_VALUE}", "p" * 200: LONG_VALUE},
        )
    add_event(environment, kind="pageview", path="/" + "w" * 300, title="W" * 300, referrer=f"https://{'w' * 250}.com/")
    add_event(environment, kind="click", target_text="W" * 255, target_href="/" + "w" * 300)
    long_selection = {"field": "property:" + "p" * 200, "op": "is", "value": LONG_VALUE}
    chosen = {"event": EVENT, "where": {"match": "all", "conditions": [long_selection]}}
    Definition.objects.filter(lineage=world.ids["lineage"]).update(body={"alternatives": [chosen, chosen]})
    did = {"did": chosen, "comparison": "at_least", "times": 1, "days": 7}
    known = {"field": "user:" + "p" * 200, "op": "is", "value": LONG_VALUE}
    groups = [{"match": "all", "clauses": [known, did]}]
    Segment.objects.filter(lineage=world.ids["lineage"]).update(body={"match": "all", "groups": groups})
    parameters = [["event", f"definition:{world.ids['lineage']}"], ["by", "property:plan"], ["days", "7"]]
    Report.objects.filter(lineage=world.ids["lineage"]).update(body={"parameters": parameters})
    for kind, name in (("event", LONG_EVENT), ("property", "p" * 200)):
        NameNote.objects.create(environment=environment, kind=kind, name=name, description="w" * 2_000)
    counting.count(environment.pk, timezone.now() + timedelta(hours=2))
    for noted in counting.noted(timezone.now() + timedelta(hours=4)):
        counting.recount(*noted)
    for model in NAMED:
        in_full(model)
    in_full(User, "email")
    in_full(Invitation, "email")
    for user in world.users.values():
        user.refresh_from_db()
    return world


TOO_WIDE = """() => {
    if (document.documentElement.scrollWidth <= innerWidth) return "";
    const beyond = [...document.querySelectorAll("body *")].filter((each) => {
        const box = each.getBoundingClientRect();
        return box.right > innerWidth + 1 && box.width > 0;
    });
    const outer = beyond.slice(0, 4).map((each) => `${each.tagName}.${each.className}`.slice(0, 60));
    return `${document.documentElement.scrollWidth}: ${outer.join(" ")}`;
}"""


def test_no_page_is_wider_than_the_window(page, world, live_server):
    sign_in(page, world.users["full"], live_server.url)
    wide, seen = [], 0
    for name, (method, *_, full) in TABLE.items():
        kind = name.removeprefix("analytics:")
        if method != "get" or (full != 200 and kind not in QUESTIONS) or name in (*FILES, *PARTS):
            continue
        for query in QUESTIONS.get(kind, [{}]):
            answer = page.goto(f"{world.url(name)}?{urlencode(query)}", wait_until="load")
            assert answer.status == 200, (name, answer.status)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                if found := page.evaluate(TOO_WIDE):
                    wide.append(f"{name} {'with a question' if query else ''} at {width} px: {found}")
            seen += 1

    assert not wide, "\n".join(wide)
    assert seen > 50


def test_names_of_a_list_and_words_of_a_tile_take_three_lines(page, world, live_server):
    sign_in(page, world.users["full"], live_server.url)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(world.url("analytics:catalogue"))
    name = page.locator(".rows__title", has_text=LONG_EVENT)
    line = name.evaluate("each => parseFloat(getComputedStyle(each).lineHeight)")
    assert name.bounding_box()["height"] <= 3 * line + 1

    name.hover()
    assert name.get_attribute("title") == LONG_EVENT
    name.click()

    words = page.locator(".tile__body .stat__note", has_text=LONG_EVENT)
    line = words.evaluate("each => parseFloat(getComputedStyle(each).lineHeight)")
    assert words.bounding_box()["height"] <= 3 * line + 1


def test_what_is_cut_is_whole_on_hover(page, world, live_server):
    sign_in(page, world.users["full"], live_server.url)
    page.goto(world.url("analytics:report"))
    cut = page.locator(".legend .truncate").first

    cut.hover()

    assert len(cut.inner_text()) > 300
    assert cut.get_attribute("title") == cut.inner_text().strip()
