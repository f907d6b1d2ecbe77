"""Robots are stored and marked; questions leave them out if the project says so."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from analytics.definitions.bodies import ClauseGroup, DefinitionBody, SegmentBody
from analytics.jobs import count_days
from analytics.kinds.funnel.question import Funnel
from analytics.kinds.registry import run
from analytics.kinds.retention.question import Retention
from analytics.kinds.users import Users
from analytics.questions.query import PAGEVIEW, SESSION, Counts, Did, Scope, Selection
from analytics.questions.spans import Span
from analytics.rollups import time_counts
from analytics.rollups.refresh import refresh
from analytics.store.current import event_store
from projects.actions import change_project
from tests.analytics.factories import graph_of
from tests.analytics.kept import make_report
from tests.analytics.rows import add_event, add_person, merge
from tests.counting import queries_of
from tests.factories import UserFactory

PERSON, ROBOT, BOTH = 1, 2, 3
DAYS = [timedelta(days=number) for number in (1, 2, 3)]


@pytest.fixture
def visited(environment):
    """Each day a page by a person, two by a robot, and one each by somebody who also has a headless browser."""
    for day, ago in enumerate(DAYS):
        for number, (actor, device) in enumerate(
            [(PERSON, "desktop"), (ROBOT, "robot"), (ROBOT, "robot"), (BOTH, "mobile"), (BOTH, "robot")]
        ):
            session = 100 * day + number
            at = timezone.now() - ago
            come = {"kind": "pageview", "at": at, "received_at": at, "session_id": session}
            add_event(environment, actor_id=actor, device=device, **come)
    add_person(environment, PERSON)
    add_person(environment, ROBOT, is_robot=True)
    add_person(environment, BOTH, is_robot=False)
    return environment


def left_in(environment, is_in=True):
    change_project(project=environment.project, by=UserFactory(), leaves_out_robots=not is_in)
    return Scope.of(environment)


def answers(scope):
    """(pageviews, people, sessions, who did both steps, who came back, the list of people)"""
    views = Selection(PAGEVIEW)
    return (
        run(graph_of(scope, PAGEVIEW, span=Span(7))).total,
        run(graph_of(scope, PAGEVIEW, Counts.USERS, Span(7))).total,
        run(graph_of(scope, SESSION, span=Span(7))).total,
        run(Funnel(scope, (views, views), span=Span(7))).sides[0].counts[1],
        sum(cohort.size for cohort in run(Retention(scope, views, views, span=Span(30))).cohorts),
        [each.actor_id for each in reversed(run(Users(scope)).people)],
    )


def test_a_new_project_leaves_robots_out(environment):
    assert environment.project.leaves_out_robots


@pytest.mark.parametrize("are_counted", [True, False])
def test_every_kind_of_question_leaves_them_out_or_in(visited, are_counted):
    if are_counted:
        count_days(int(timezone.now().timestamp()))
    without = answers(Scope.of(visited))
    with_robots = answers(left_in(visited))

    assert without == (6, 2, 6, 2, 2, [PERSON, BOTH])
    assert with_robots == (15, 3, 15, 3, 3, [PERSON, ROBOT, BOTH])


def test_days_are_counted_again_when_the_project_changes_its_mind(visited, monkeypatch):
    real, used = time_counts.counting_rows, []
    monkeypatch.setattr(time_counts, "counting_rows", lambda *args: used.append(real(*args)) or used[-1])

    def total(scope):
        used.clear()
        return run(graph_of(scope, PAGEVIEW, span=Span(7))).total, used[0] is not None

    refresh(visited)
    counted = total(Scope.of(visited))
    scope = left_in(visited)
    meanwhile = total(scope)
    visited.refresh_from_db()
    refresh(visited)
    again = total(scope)
    scope = left_in(visited, False)
    refresh(visited)

    assert (counted, meanwhile, again, total(scope)) == ((6, True), (15, False), (15, True), (6, True))


def test_previews_leave_them_out(visited):
    definition = DefinitionBody((Selection(PAGEVIEW),))
    segment = SegmentBody((ClauseGroup((Did(Selection(PAGEVIEW), times=3),)),))

    def previewed(scope):
        store = event_store()
        shown = store.preview_definition(scope, definition)
        return shown.count, len(shown.latest), store.preview_segment(scope, segment)

    assert (previewed(Scope.of(visited)), previewed(left_in(visited))) == ((6, 6, 2), (15, 10, 3))


def test_a_report_its_csv_and_its_page_follow_the_project(visited, read_only):
    report = make_report(visited, kind="graph", parameters=[["event", "builtin:pageview"], ["days", "7"]])
    url = reverse("analytics:report", args=[visited.app_id, report.lineage])
    export = reverse("analytics:export", args=[visited.app_id])

    def shown():
        page = read_only.get(url, {"wait": "1"}).context["answer"].headline.value
        csv = b"".join(read_only.get(export, {"kind": "graph", "event": "builtin:pageview", "days": "7"}))
        return page, csv.decode().strip().rpartition(",")[2]

    without = shown()
    left_in(visited)

    assert (without, shown()) == (("6", "6"), ("15", "15"))


def test_an_empty_answer_says_that_robots_are_left_out(environment, read_only):
    add_event(environment, actor_id=ROBOT, device="robot", kind="pageview")
    url = reverse("analytics:graph", args=[environment.app_id])

    without = read_only.get(url, {"wait": "1"}).content.decode()
    left_in(environment)
    with_robots = read_only.get(url, {"wait": "1"}).content.decode()

    assert "Robots are left out" in without
    assert "Robots are left out" not in with_robots and "Nothing matched" not in with_robots


BADGE = '<span class="badge">robot</span>'


def test_the_live_view_shows_and_marks_them(environment, read_only):
    url = reverse("analytics:live", args=[environment.app_id])
    add_event(environment, actor_id=PERSON, device="desktop", kind="pageview")
    of_people = read_only.get(url).content.decode()
    add_event(environment, actor_id=ROBOT, device="robot", kind="pageview")

    assert of_people.count(BADGE) == 0
    assert read_only.get(url).content.decode().count(BADGE) == 1


def test_a_robot_has_a_page_and_is_marked_in_the_list(visited, read_only):
    listed = reverse("analytics:users", args=[visited.app_id])
    left_in(visited)

    page = read_only.get(reverse("analytics:person", args=[visited.app_id, ROBOT])).content.decode()
    people = read_only.get(listed, {"wait": "1"}).content.decode()

    assert f"{BADGE}\n</h1>" in page
    assert people.count(BADGE) == 1


def test_who_was_a_robot_before_they_got_a_name_is_a_person(visited):
    add_person(visited, -7, identity="ada@shop.example")
    merge(visited, ROBOT, -7)

    without = answers(Scope.of(visited))

    assert without[:5] == (6, 2, 6, 2, 2)
    assert -7 in without[5]


def test_leaving_them_out_asks_nothing_more(visited, read_only):
    url = reverse("analytics:users", args=[visited.app_id]) + "?wait=1"
    read_only.get(url)
    without = queries_of(read_only, url)
    left_in(visited)

    assert queries_of(read_only, url) == without
