"""Comparing with before, as pages, tiles, files and reports show it: the examples of the definition, in numbers."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from analytics.kinds.change import change
from analytics.kinds.funnel.question import Funnel
from analytics.kinds.graph.page import show
from analytics.kinds.graph.question import Graph, Series
from analytics.kinds.registry import run
from analytics.kinds.registry import show as show_of_any_kind
from analytics.kinds.sessions.question import Sessions
from analytics.questions.before import Before
from analytics.questions.conditions import Field
from analytics.questions.periods import Period
from analytics.questions.query import Counts, EventReference, RefersTo, Scope, Selection
from analytics.questions.spans import Span, Unit
from tests.analytics.kept import EVERY, make_definition, make_report, pinned_tile
from tests.analytics.rows import add_event

pytestmark = pytest.mark.django_db
WEDNESDAY = datetime(2026, 11, 25, 10, tzinfo=UTC)
SIGNED_UP, PAID = (EventReference(RefersTo.CUSTOM, name) for name in ("Signed up", "Paid"))
THIS_WEEK = Span(None, period=Period.THIS_WEEK)


def add(environment, times, at, **columns):
    for _ in range(times):
        add_event(environment, at=at, **columns)


def week(environment):
    """30 events this week to Wednesday at 10; last week 24 to then and 80 in all."""
    add(environment, 20, WEDNESDAY - timedelta(days=2))
    add(environment, 10, WEDNESDAY - timedelta(hours=1))
    add(environment, 23, WEDNESDAY - timedelta(days=9))
    add(environment, 1, WEDNESDAY - timedelta(days=7, hours=1))
    add(environment, 1, WEDNESDAY - timedelta(days=7))
    add(environment, 55, WEDNESDAY - timedelta(days=4))


def asked(environment, *series, span=THIS_WEEK, before=Before.PERIOD, **more):
    return run(Graph(Scope.of(environment), series or (Series(SIGNED_UP),), span, before=before, **more), now=WEDNESDAY)


def test_a_week_that_is_not_over_is_compared_with_the_same_part_and_drawn_beside_the_whole(environment):
    week(environment)

    result = asked(environment)
    view = show(result, "Sign-ups")

    found = view.headline.change
    assert (view.headline.value, found.arrow, found.text, found.before) == ("30", "▲", "+25.0%", "24")
    assert found.when == "from 16 Nov 2026 to 18 Nov 2026, until 10:00"
    assert found.spoken == "up 25.0%"
    assert result.lines[0].before.values == (23, 0, 2, 0, 0, 55, 0)
    assert view.chart.count("chart__pale") == 1
    assert "Sat 28 Nov 2026 (incomplete)\nSigned up: nothing to tell yet\nSat 21 Nov 2026: 55" in view.chart
    places = [[view.table.place(row, column) for column in (2, 3, 4)] for row in range(len(view.table.rows))]
    assert [of_row[0] for of_row in places] == [*(f"0.all.{day}" for day in range(3)), *[""] * 4, *["0.all.all"] * 2]
    assert not any(place for of_row in places for place in of_row[1:])
    rows = [row[2:] for row in result.table().rows]
    assert rows[0] == (20, 23, -3)
    assert rows[2] == (10, 2, None)  # Wednesday is not over
    assert rows[5:] == [(None, 55, None), (None, 0, None), (30, 24, 6), (30, 80, None)]


@pytest.mark.parametrize("unit", [Unit.DAY, Unit.HOUR])
def test_people_and_formulas_are_those_of_the_same_part(environment, unit):
    for day in (0, 7, 8):
        add_event(environment, at=WEDNESDAY - timedelta(days=day, hours=1), actor_id=1)
    add_event(environment, at=WEDNESDAY - timedelta(days=6), actor_id=2)

    people = asked(environment, Series(SIGNED_UP, Counts.USERS), unit=unit)
    each = asked(environment, Series(SIGNED_UP), Series(SIGNED_UP, Counts.USERS), formula="A / B", unit=unit)

    assert (people.total, people.total_before, people.lines[0].before.whole) == (1, 1, 2)
    assert (each.total, each.total_before, each.lines[0].before.whole) == (1, 2, 1.5)


def test_groups_are_those_of_the_range_and_the_rest_is_compared_with_the_rest(environment, monkeypatch):
    monkeypatch.setattr("analytics.sql.time_counts.TOP_GROUPS", 1)
    for plan, now, before in (("x", 3, 1), ("y", 1, 0), ("z", 0, 5)):
        add(environment, now, WEDNESDAY - timedelta(hours=1), properties={"plan": plan})
        add(environment, before, WEDNESDAY - timedelta(days=7, hours=1), properties={"plan": plan})

    result = asked(environment, by=(Field.parse("property:plan"),))

    assert [(each.label, each.total, each.before.part) for each in result.lines] == [
        ("x", 3, 1),
        ("everything else (1)", 1, 5),
    ]
    assert (result.total, result.total_before) == (4, 6)


def test_where_nothing_is_left_the_total_before_is_told(environment):
    add(environment, 2, WEDNESDAY - timedelta(days=8), properties={"plan": "x"})

    result = asked(environment, by=(Field.parse("property:plan"),))

    assert (result.lines, result.total, result.total_before) == ((), 0, 2)
    assert result.ran.note == "There are no events before 17 Nov 2026."


def test_what_fell_to_nothing_is_shown_with_what_was_before(environment):
    add(environment, 2, WEDNESDAY - timedelta(days=8))
    funnel = Funnel(
        Scope.of(environment), (Selection(SIGNED_UP), Selection(PAID)), span=THIS_WEEK, before=Before.PERIOD
    )

    graph = show(asked(environment, Series(SIGNED_UP), Series(PAID)), "")
    steps = show_of_any_kind(run(funnel, now=WEDNESDAY), "")
    nothing = show(asked(environment, Series(PAID)), "")

    assert (graph.is_empty, graph.chart.count("chart__pale")) == (False, 2)
    assert (steps.is_empty, steps.table.rows[0][1], steps.table.rows[0][4]) == (False, 0, 1)
    assert nothing.is_empty


@pytest.mark.parametrize(
    ("now", "before", "more", "text"),
    [
        (30, 24, {}, "+25.0%"),
        (20, 24, {}, "−16.7%"),
        (6, 0, {}, "+6"),
        (0, 6, {}, "−100.0%"),
        (0, 0, {}, "no change"),
        (-5, -10, {}, "+50.0%"),
        (44.0, 40.0, {"in_points": True}, "+4.0 points"),
        (44.0, 0.0, {"in_points": True}, "+44.0 points"),
        (None, 3, {}, ""),
        (3, None, {}, ""),
    ],
)
def test_a_difference_in_words(now, before, more, text):
    found = change(now, before, "", **more)

    assert found.text == text
    assert bool(found.arrow) == (text[:1] in "+−" and bool(text))


def test_who_began_late_had_as_little_time_before(environment):
    """A week ago, one of two had paid by Wednesday at 10. The other paid later, as those of today still may."""
    for actor, at, paid in (
        (1, WEDNESDAY - timedelta(days=8), timedelta(hours=1)),
        (2, WEDNESDAY - timedelta(days=8), timedelta(days=2)),
        (3, WEDNESDAY - timedelta(days=1), timedelta(hours=1)),
    ):
        add_event(environment, at=at, actor_id=actor)
        add_event(environment, at=at + paid, actor_id=actor, name="Paid")
    steps = (Selection(SIGNED_UP), Selection(PAID))

    (side,) = run(Funnel(Scope.of(environment), steps, span=THIS_WEEK, before=Before.PERIOD), now=WEDNESDAY).sides

    assert (side.counts, side.before) == ((1, 1), (2, 1))
    assert (side.conversion, side.conversion_before) == (100, 50)


def test_it_says_where_nothing_is_stored_of_before(environment):
    week(environment)

    assert asked(environment).ran.note == ""
    assert asked(environment, before=Before.YEAR).ran.note == "There are no events before 16 Nov 2026."


def test_sessions_compare_their_number_length_and_bounces(environment):
    for session, at in ((1, WEDNESDAY - timedelta(hours=2)), (2, WEDNESDAY - timedelta(days=7, hours=2))):
        add_event(environment, at=at, kind="pageview", session_id=session)
    add_event(environment, at=WEDNESDAY - timedelta(hours=1, minutes=50), kind="pageview", session_id=1)
    add_event(environment, at=WEDNESDAY - timedelta(days=6), kind="pageview", session_id=3)

    result = run(Sessions(Scope.of(environment), span=THIS_WEEK, before=Before.PERIOD), now=WEDNESDAY)

    assert (result.totals.sessions, result.totals_before.sessions) == (1, 1)
    assert (result.totals.median, result.totals_before.median) == (timedelta(minutes=10), timedelta(0))
    assert (result.totals.bounce_rate, result.totals_before.bounce_rate) == (0, 100)


# --- Pages -----------------------------------------------------------------------------------------------------------


def words(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.fixture
def doubled(environment):
    """Two events in the last 7 days, one in the 7 days before."""
    now = datetime.now(UTC)
    for ago in (timedelta(minutes=1), timedelta(minutes=2), timedelta(days=8)):
        add_event(environment, at=now - ago)
    return environment


GRAPH = [["event", "event:Signed up"], ["days", "7"], ["before", "period"]]


def test_the_page_the_tile_and_the_files_say_what_it_is_compared_with(doubled, full):
    report = make_report(doubled, parameters=GRAPH)
    link = "&".join(f"{name}={value}" for name, value in GRAPH)

    page = words(full.get(f"{reverse('analytics:graph', args=[doubled.app_id])}?{link}"))
    tile = words(full.get(pinned_tile(report)))
    kept = words(full.get(reverse("analytics:report", args=[doubled.app_id, report.lineage])))
    export = f"{reverse('analytics:export', args=[doubled.app_id])}?kind=graph&{link}"
    file = json.loads(b"".join(full.get(f"{export}&format=json").streaming_content))

    for shown in (page, tile, kept):
        assert "last 7 days, compared with the period before" in shown
        assert "▲ +100.0% up 100.0% compared with 1 from " in shown
    assert "Pale lines: the period before, whole." in page
    assert [each["name"] for each in file["columns"]] == [
        "Day",
        "Compared with",
        "Signed up",
        "Signed up, before",
        "Signed up, difference",
    ]
    assert [row[0] for row in file["rows"][-2:]] == ["So far", "Whole range"]
    assert (file["rows"][-2][2:], file["question"].endswith("compared with the period before")) == ([2, 1, 1], True)


def test_a_report_of_before_is_unchanged(doubled, full):
    report = make_report(doubled, parameters=GRAPH[:2])

    page = full.get(reverse("analytics:report", args=[doubled.app_id, report.lineage]))

    assert "compared with" not in words(page) and "not as saved" not in words(page)
    assert b'name="before"' in page.content


@pytest.mark.parametrize(
    ("kind", "link"),
    [
        ("graph", "days=all&before=year"),
        ("graph", "days=7&before=never"),
        ("sessions", "days=all&before=period"),
        ("funnel", "step.0.event=builtin:any&step.1.event=builtin:any&asks=times&before=period"),
    ],
)
def test_what_cannot_be_compared_is_said_at_the_field(doubled, full, kind, link):
    response = full.get(f"{reverse(f'analytics:{kind}', args=[doubled.app_id])}?{link}")

    assert response.status_code == 422
    assert b'id="id-before-error"' in response.content


def test_a_definitions_page_compares_its_7_days(doubled, full):
    definition = make_definition(doubled, body={"alternatives": [{"event": "event:Signed up", "where": EVERY}]})

    page = words(full.get(reverse("analytics:definition", args=[doubled.app_id, definition.lineage])))

    assert "▲ +100.0% up 100.0% compared with 1 from " in page
