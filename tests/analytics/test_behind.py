"""What is behind a number, as a page, as a file and as a fixed segment."""

import html
import io
import json
import re
import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from analytics import actions, erasure
from analytics.definitions.bodies import FIXED_SEGMENT
from analytics.environments.copy import copy
from analytics.models import Segment, SegmentMember
from analytics.questions.query import Scope
from analytics.store.current import event_store
from common.counted import counted
from tests.analytics.rows import add_event, add_person, merge
from tests.analytics.test_pages_questions import ask
from tests.counting import queries_of
from tests.factories import EnvironmentFactory

pyarrow_parquet = pytest.importorskip("pyarrow.parquet")

SIGNED_UP = {"event": "event:Signed up", "days": "7"}


def opened(browser, environment, kind, parameters, number, nth=0):
    """The page behind a number of the answer, as a browser without JavaScript opens it: the form and its button."""
    page = ask(browser, environment, kind, parameters).content.decode()
    form = re.search(r'<form id="behind" action="([^"]*)">(.*?)</form>', page)
    pairs = re.findall(r'name="([^"]*)" value="([^"]*)"', form[2])
    button = re.findall(rf'<button class="behind" form="behind" name="([^"]*)" value="([^"]*~{number})">', page)[nth]
    link = f"{form[1]}?{urlencode([(html.unescape(name), html.unescape(value)) for name, value in [*pairs, button]])}"
    return link, browser.get(link)


def content(browser, link):
    return b"".join(browser.get(link).streaming_content)


def text(page):
    return " ".join(re.sub(r"<[^>]+>", " ", html.unescape(page.content.decode())).split())


@pytest.fixture
def ada_and_visitor(environment):
    """Ada signed up twice, a visitor once."""
    add_person(environment, -5, identity="ada@example.com")
    add_person(environment, 7)
    for actor, ago in ((-5, 0), (-5, 1), (7, 2)):
        add_event(environment, actor_id=actor, ago=timedelta(days=ago), properties={"plan": "pro"}, session_id=actor)


def test_the_people_behind_2_are_2(environment, read_only, ada_and_visitor):
    _, page = opened(read_only, environment, "graph", SIGNED_UP | {"counts": "users"}, 2)

    assert "Unique users of Signed up" in text(page)
    assert "2 people" in text(page)
    assert re.findall(r"<th scope=\"row\" class=\"sticky\"><a[^>]*>([^<]*)", page.content.decode()) == [
        "ada@example.com",
        "Visitor 000007",
    ]
    assert "Make a segment" not in text(page)


def test_a_group_and_everything_else(environment, read_only, monkeypatch):
    monkeypatch.setattr("analytics.sql.time_counts.TOP_GROUPS", 1)
    for plan in ("", "", "", "other", None):
        add_event(environment, properties={"plan": plan})
    parameters = SIGNED_UP | {"by": "property:plan"}

    _, group = opened(read_only, environment, "graph", parameters, 3)
    _, rest = opened(read_only, environment, "graph", parameters, 2)

    assert "Count of Signed up, plan (empty), " in text(group) and "3 events" in text(group)
    assert "Count of Signed up, everything else, " in text(rest) and "2 events" in text(rest)


def test_a_formula_leads_to_its_operands(environment, read_only, ada_and_visitor):
    two = {"series.0.event": "event:Signed up", "series.1.event": "builtin:any", "series.1.counts": "users"}
    _, page = opened(read_only, environment, "graph", two | {"formula": "A / B", "days": "7"}, r"1\.5")

    first, second = re.findall(r'<li><a href="([^"]*)">', page.content.decode())
    assert "3 events" in text(read_only.get(html.unescape(first)))
    assert "2 people" in text(read_only.get(html.unescape(second)))


@pytest.mark.parametrize(
    ("kind", "number", "said"),
    [("stickiness", 1, "1 person"), ("lifecycle", 2, "2 people"), ("users", 2, "2 people")],
)
def test_other_kinds(environment, read_only, ada_and_visitor, kind, number, said):
    _, page = opened(read_only, environment, kind, SIGNED_UP | {"unit": "day"} if kind != "users" else {}, number)

    assert page.status_code == 200
    assert said in text(page)


@pytest.mark.parametrize(
    ("first", "last", "unit", "number"),
    [
        ("2000-01-01", "2000-03-01", "week", 0),
        ("2199-11-20", "2199-12-01", "month", 0),
        ("2016-12-30", "2027-01-06", "week", 1),
    ],
)
def test_whole_units_may_reach_beyond_what_may_be_asked(environment, read_only, first, last, unit, number):
    add_event(environment, at=datetime(2026, 5, 1, 12, tzinfo=UTC))
    span = {"days": "custom", "from": first, "to": last, "unit": unit}

    _, page = opened(read_only, environment, "lifecycle", SIGNED_UP | span, number)

    assert page.status_code == 200
    assert counted(number, "person") in text(page)


def test_a_share_of_a_funnel_is_a_part_and_a_whole(environment, read_only, ada_and_visitor):
    funnel = {"step.0.event": "builtin:any", "step.1.event": "event:Signed up", "days": "7", "by": "property:plan"}
    _, lost = opened(read_only, environment, "funnel", funnel, 1, nth=0)
    _, share = opened(read_only, environment, "funnel", funnel, r"50\.0%")

    assert "people who reached step 2, Signed up" in text(lost) and "1 person" in text(lost)
    part, whole = re.findall(r'<li><a href="([^"]*)">', share.content.decode())
    assert "1 person" in text(read_only.get(html.unescape(part)))
    assert "people who reached step 1, Any event" in text(read_only.get(html.unescape(whole)))
    assert "2 people" in text(read_only.get(html.unescape(whole)))


def test_who_came_back(environment, read_only, ada_and_visitor):
    days = {"start.event": "event:Signed up", "return.event": "event:Signed up", "unit": "day", "days": "7"}
    _, came = opened(read_only, environment, "retention", days | {"cells": "people"}, 1, nth=2)
    _, share = opened(read_only, environment, "retention", days, r"100\.0%")

    assert "came back in day 1" in text(came) and "1 person" in text(came)
    assert "ada@example.com" in text(came)
    part, _ = re.findall(r'<li><a href="([^"]*)">', share.content.decode())
    assert "1 person" in text(read_only.get(html.unescape(part)))


@pytest.mark.parametrize("most", [1, 2, 10])
def test_a_file_holds_all_pages(environment, read_only, ada_and_visitor, monkeypatch, most):
    monkeypatch.setattr("analytics.views.behind.AT_ONCE_IN_FILE", most)
    monkeypatch.setattr("analytics.kinds.behind.EVENTS_AT_ONCE", 2)
    _, page = opened(read_only, environment, "graph", SIGNED_UP, 3)
    export = html.unescape(re.search(r'href="([^"]*)">CSV', page.content.decode())[1])

    lines = b"".join(read_only.get(export).streaming_content).decode("utf-8-sig").splitlines()
    people = read_only.get(export.replace("list=events", "list=people").replace("format=csv", "format=json"))

    assert [line.split(",")[1:4] for line in lines] == [
        ["Event", "Name", "Person"],
        ["custom", "Signed up", "ada@example.com"],
        ["custom", "Signed up", "ada@example.com"],
        ["custom", "Signed up", "Visitor 000007"],
    ]
    found = json.loads(b"".join(people.streaming_content))
    assert [(row[0], row[1], row[-1]) for row in found["rows"]] == [("ada@example.com", None, 2), (None, "7", 1)]
    assert found["question"].startswith("Count of Signed up")
    for listed in ("events", "people"):
        of_list = export.replace("list=events", f"list={listed}")
        table = pyarrow_parquet.read_table(io.BytesIO(content(read_only, of_list.replace("=csv", "=parquet"))))
        rows = json.loads(content(read_only, of_list.replace("=csv", "=json")))["rows"]
        assert [list(row.values()) for row in table.to_pylist()] == rows
        assert len(rows) == {"events": 3, "people": 2}[listed]


def test_a_file_names_its_group_once(environment, read_only, ada_and_visitor, monkeypatch):
    monkeypatch.setattr("analytics.views.behind.AT_ONCE_IN_FILE", 1)
    _, page = opened(read_only, environment, "graph", SIGNED_UP | {"by": "property:plan"}, 3, nth=1)
    export = html.unescape(re.search(r'href="([^"]*)">CSV', page.content.decode())[1])

    with CaptureQueriesContext(connection) as asked:
        lines = content(read_only, export).decode("utf-8-sig").splitlines()

    assert len(lines) == 4
    assert sum("from totals" in each["sql"] for each in asked) == 3  # pages
    assert sum("key_0" in each["sql"] for each in asked) == 1


def test_later_merges_are_told_and_later_events_hidden(environment, read_only, ada_and_visitor):
    link, _ = opened(read_only, environment, "graph", SIGNED_UP | {"counts": "users"}, 2)
    merge(environment, 7, -5)
    add_person(environment, 8)
    add_event(environment, actor_id=8, received_at=timezone.now() + timedelta(seconds=1))

    page = read_only.get(link)

    assert "2 then, 1 now: meanwhile people were merged, changed or deleted" in text(page)
    assert "1 person" in text(page)


def test_paging_takes_the_same_number_of_statements(environment, read_only, ada_and_visitor):
    link, _ = opened(read_only, environment, "graph", SIGNED_UP | {"counts": "users"}, 2)
    few = queries_of(read_only, link)
    for actor in range(100, 170):
        add_person(environment, actor)
        add_event(environment, actor_id=actor)

    link, page = opened(read_only, environment, "graph", SIGNED_UP | {"counts": "users"}, 72)
    older = html.unescape(re.search(r'rel="next" href="([^"]*)"', page.content.decode())[1])

    assert queries_of(read_only, link) == few
    assert "50 of 72 people" in text(page)
    assert "22 of 72 people" in text(read_only.get(older))


def test_paths_and_sessions(environment, read_only, ada_and_visitor):
    """Ada's path goes on to a page, the visitor's ends; one of the two sessions with a pageview is a bounce."""
    add_event(
        environment, actor_id=-5, kind="pageview", path="/pricing", session_id=-5, ago=timedelta(hours=24, minutes=-9)
    )
    add_event(environment, actor_id=7, kind="pageview", path="/", session_id=70, ago=timedelta(hours=2))
    paths = {"anchor.event": "event:Signed up", "days": "7", "steps": "1"}

    links = {number: opened(read_only, environment, "paths", paths, 1, nth)[1] for nth, number in enumerate("ab")}
    _, all_people = opened(read_only, environment, "paths", paths, 2)
    _, sessions = opened(read_only, environment, "sessions", {"days": "7"}, 4)
    _, rate = opened(read_only, environment, "sessions", {"days": "7"}, r"50(?:\.0)?%")
    bounces, viewed = re.findall(r'<li><a href="([^"]*)">', rate.content.decode())

    assert "Paths after Signed up → /pricing, " in text(links["a"]) and "ada@example.com" in text(links["a"])
    assert "Paths after Signed up → ended, " in text(links["b"]) and "Visitor 000007" in text(links["b"])
    assert "2 people" in text(all_people)
    assert "4 sessions" in text(sessions)
    assert "1 session" in text(read_only.get(html.unescape(bounces)))
    assert "2 sessions" in text(read_only.get(html.unescape(viewed)))


def test_everything_else_of_paths_is_whoever_took_none_of_those_shown(environment, read_only, monkeypatch):
    """Also when one of them is not among the largest any more."""
    for module in ("answer", "sql"):
        monkeypatch.setattr(f"analytics.kinds.paths.{module}.MOST_BRANCHES", 1)
    for actor, path in enumerate(("/a", "/a", "/a", "/b", "/b")):
        add_person(environment, actor)
        add_event(environment, actor_id=actor, ago=timedelta(hours=2))
        add_event(environment, actor_id=actor, kind="pageview", path=path, ago=timedelta(hours=1))
    link, before = opened(
        read_only, environment, "paths", {"anchor.event": "event:Signed up", "days": "7", "steps": "1"}, 2
    )
    assert "→ everything else, " in text(before) and "2 people" in text(before)
    for actor in (0, 1):
        erasure.erase(environment.pk, actor, None)

    after = read_only.get(link)

    assert "2 people" in text(after)
    assert "Visitor 000003" in text(after) and "Visitor 000002" not in text(after)


def test_a_slow_list_is_asked_for_again_and_one_without_a_place_waits(environment, full, ada_and_visitor, monkeypatch):
    link, page = opened(full, environment, "graph", SIGNED_UP | {"counts": "users"}, 2)
    export = html.unescape(re.search(r'href="([^"]*)">CSV', page.content.decode())[1])
    monkeypatch.setattr("analytics.kinds.behind.page_sql", lambda statement, *_: "select pg_sleep(20)")
    monkeypatch.setattr("analytics.views.behind.AT_ONCE", timedelta(milliseconds=100))
    monkeypatch.setattr("analytics.views.behind.TIME_LIMIT", timedelta(milliseconds=200))

    first, patient = full.get(link), full.get(link + "&wait=1")
    assert "This takes a little longer" in text(first) and f"{html.escape(link)}" in first.content.decode()
    assert "took too long" in text(patient) and "This takes" not in text(patient)

    monkeypatch.setattr("analytics.store.places._here", threading.BoundedSemaphore(0))
    queued, file = full.get(link), full.get(export)
    url = reverse("analytics:behind_segment", args=[environment.app_id])
    saved = full.post(url, {"name": "Early", "question": link.partition("?")[2]}, follow=True)
    assert "This one waits for its turn" in text(queued)
    assert (file.status_code, file["Retry-After"]) == (503, "5")
    assert "Nothing was saved. Other questions are still running" in text(saved)


def test_long_words_are_cut_and_whole_on_hover(environment, full):
    plan = "long " * 100
    add_event(environment, properties={"plan": plan})
    _, page = opened(full, environment, "graph", SIGNED_UP | {"by": "property:plan"}, 1, nth=1)
    heading = re.search(r'<h1 title="([^"]*)">([^<]*)</h1>', page.content.decode())

    assert plan.strip() in heading[1] and len(heading[2]) == 300 and heading[2].endswith("…")


TO_THE_END = {"kind": "funnel", "step.0.event": "builtin:any", "step.1.event": "event:Signed up"}
CAME_BACK = {"kind": "retention", "start.event": "builtin:any", "return.event": "event:Signed up", "unit": "day"}

FORGED = [
    {},
    {"behind.at": "0.all.7"},
    {"behind.at": "1.all.0"},
    {"behind.at": "f.all.0"},
    {"behind.at": "0.0.0"},
    {"behind.at": "0.rest.0"},
    {"behind.at": "0.all.-1"},
    {"behind.at": "0.all.²"},
    {"behind.at": "0.all"},
    {"behind.at": "0" * 1000},
    {"behind.at": "0.all.0", "behind.list": "sessions"},
    {"behind.at": "0.all.0", "behind.list": "x"},
    {"behind.at": "0.all.0", "behind.as_of": "0001-01-01T00:00:00+14:00"},
    {"behind.at": "0.all.0", "behind.as_of": "\0"},
    {"behind.at": "0.all.0", "behind.after": "9223372036854775807_0"},
    {"behind.at": "0.all.0", "behind.after": "x"},
    {"behind.at": "0.all.0", "behind.after": "1" * 40 + "_1"},
    {"behind.at": "0.all.0", "days": "x"},
    {"behind.at": "0.all.0", "segment": "00000000-0000-0000-0000-000000000001"},
    {"behind.at": "0.0.0", "by": "property:plan", "behind.group": "\0"},
    {"behind.at": "0.0.0", "by": "property:plan", "behind.group": "plan=pro"},
    {"behind.at": "people.1.all.here", "kind": "paths"},
    {"behind.at": "people.0.0.here", "kind": "paths"},
    {"behind.at": f"people.0.{'a' * 32}.here", "kind": "paths"},
    {"behind.at": f"people.1.{'A' * 32}.here", "kind": "paths"},
    {"behind.at": f"people.4.{'a' * 32}.here", "kind": "paths"},
    {"behind.at": f"people.3.{'a' * 32}.end", "kind": "paths"},
    {"behind.at": "people.0.all.rest", "kind": "paths"},
    {"behind.at": "people.0.all.rest-\0", "kind": "paths"},
    {"behind.at": f"people.0.all.end-{'a' * 32}", "kind": "paths"},
    {"behind.at": f"people.0.all.rest-{'-'.join(['a' * 32] * 8)}", "kind": "paths"},
    {"behind.at": "share.0.all.here", "kind": "paths"},
    {"behind.at": "median", "kind": "sessions"},
    {"behind.at": "sessions", "kind": "sessions", "behind.after": "9223372036854775807_0"},
    {"behind.at": "people.9", "kind": "stickiness"},
    {"behind.at": "people.7", "kind": "lifecycle", "unit": "day"},
    {"behind.at": "old.0", "kind": "lifecycle", "unit": "day"},
    {"behind.at": "people.0", "kind": "users"},
    *(
        TO_THE_END | {"behind.at": at}
        for at in ("lost.all.0.all", "reached.0.1.all", "reached.all.2.all", "old.all.1.all")
    ),
    *(TO_THE_END | {"behind.at": at} for at in ("reached.all.1.0", "reached.all.1", "reached.rest.1.all")),
    TO_THE_END | {"asks": "times", "behind.at": "reached.all.0.0"},
    TO_THE_END | {"asks": "times", "behind.at": "reached.all.1.9"},
    TO_THE_END | {"asks": "trend", "behind.at": "reached.all.1.7"},
    *(CAME_BACK | {"behind.at": at} for at in ("came.all.6.0", "came.all.0.6", "came.all.7.all", "size.all.0.0")),
    *(CAME_BACK | {"behind.at": at} for at in ("old.all.0.0", "share.all.0.all", "came.0.0.0", "came.all.0")),
]


def test_forged_places(environment, read_only, ada_and_visitor):
    """htmx shows a list whose status is 422, and none whose status is 400: one that waits would do so for ever."""
    for view in ("analytics:behind", "analytics:behind_export"):
        url = reverse(view, args=[environment.app_id])
        for parameters in FORGED:
            if view == "analytics:behind_export" and "behind.after" in parameters:
                continue  # a file begins at the beginning
            page = read_only.get(url, SIGNED_UP | {"wait": "1"} | parameters)
            assert page.status_code == (422 if view == "analytics:behind" else 400), parameters
            assert ("<nav" in page.content.decode()) == (view == "analytics:behind")
        assert read_only.get(url, {"kind": "pie", "behind.at": "0.all.0"}).status_code == 404


# --- A segment of them -----------------------------------------------------------------------------------------------


def make(full, environment, name="Early"):
    _, page = opened(full, environment, "graph", SIGNED_UP | {"counts": "users"}, 2)
    question = html.unescape(re.search(r'name="question" value="([^"]*)"', page.content.decode())[1])
    url = reverse("analytics:behind_segment", args=[environment.app_id])
    return full.post(url, {"name": name, "question": question}, follow=True)


def count(environment, segment):
    return event_store().preview_segment(Scope.of(environment), FIXED_SEGMENT, segment.lineage)


def test_a_segment_of_them_is_fixed(environment, full, ada_and_visitor):
    page = make(full, environment)

    assert "Segment Early saved, with 2 people." in text(page)
    assert "A fixed list of people" in text(page)
    assert "2 people right now" in text(page)
    segment = Segment.objects.get()
    add_person(environment, 8)
    add_event(environment, actor_id=8)
    assert count(environment, segment) == 2
    graph = ask(full, environment, "graph", SIGNED_UP | {"segment": str(segment.lineage)})
    assert "3 events" in text(graph)


def test_merges_and_deletions_in_a_fixed_segment(environment, full):
    """Of [1, 2, 3], 2 is merged into 1 and 3 deleted: 1 is left."""
    for actor in (-1, 2, 3):
        add_person(environment, actor, identity="one" if actor < 0 else None)
        add_event(environment, actor_id=actor)
    segment = actions.create_fixed_segment(environment=environment, name="Three", people=[-1, 2, 3], by=full.user)
    other = actions.create_fixed_segment(environment=environment, name="Visitor", people=[2], by=full.user)
    assert count(environment, segment) == 3

    merge(environment, 2, -1)
    erasure.erase(environment.pk, 3, None)

    assert count(environment, segment) == count(environment, other) == 1
    erasure.erase(environment.pk, -1, None)
    assert count(environment, segment) == count(environment, other) == 0
    assert not SegmentMember.objects.exists()


def test_a_fixed_segment_is_renamed_and_not_changed(environment, full, ada_and_visitor):
    make(full, environment)
    segment = Segment.objects.get()
    url = reverse("analytics:segment_edit", args=[environment.app_id, segment.lineage])

    assert "which cannot be edited" in text(full.get(url))
    full.post(url, {"name": "Renamed", "notes": "", "version": "1", "group.0.where.0.field": "person:identity"})

    segment.refresh_from_db()
    assert (segment.name, segment.body) == ("Renamed", {"fixed": True})
    assert count(environment, segment) == 2
    full.post(reverse("analytics:segment_delete", args=[environment.app_id, segment.lineage]))
    assert not SegmentMember.objects.exists()


def test_a_list_is_bounded_and_says_so(environment, full, ada_and_visitor, monkeypatch):
    monkeypatch.setattr("analytics.views.behind.MAX_MEMBERS", 1)

    page = make(full, environment)

    assert "with 1 person, the first of 2: a list has no more." in text(page)
    assert SegmentMember.objects.count() == 1


def test_lists_are_bounded_together(environment, full, ada_and_visitor, monkeypatch):
    monkeypatch.setattr("analytics.actions.MOST_MEMBERS", 3)
    make(full, environment)
    elsewhere = EnvironmentFactory(project=environment.project, name="Elsewhere", is_production=False)

    page = make(full, environment, "Second")

    assert "Nothing was saved: the fixed segments of this environment" in text(page)
    assert (Segment.objects.count(), SegmentMember.objects.count()) == (1, 2)
    actions.create_fixed_segment(environment=environment, name="One more", people=[9], by=full.user)
    actions.create_fixed_segment(environment=elsewhere, name="Its own", people=[7, 8, 9], by=full.user)


def test_a_copied_environment_gets_the_segment_without_people(environment, full, ada_and_visitor):
    make(full, environment)
    target = EnvironmentFactory(project=environment.project, name="Copy", is_production=False)

    copy(environment, target)

    assert Segment.objects.filter(environment=target, body={"fixed": True}).count() == 1
    assert set(SegmentMember.objects.values_list("environment_id", flat=True)) == {environment.pk}
