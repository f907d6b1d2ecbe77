"""The list of sessions: what each row says, whom it leads to, its filters and its file."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from analytics.kinds.registry import run
from analytics.kinds.sessions import page as kind
from analytics.kinds.sessions.question import Bounced, Sessions
from analytics.questions.conditions import Condition, Field, Group, Operator
from analytics.questions.query import SESSION, Scope
from analytics.questions.spans import Span
from tests.analytics.rows import add_event, add_person, merge

pytestmark = pytest.mark.django_db


def url(environment, name, *args):
    return reverse(f"analytics:{name}", args=[environment.app_id, *args])


def words(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def visit(environment, session_id, at, *paths, minutes=1, **columns):
    for number, path in enumerate(paths):
        seen = at + timedelta(minutes=minutes * number)
        add_event(environment, kind="pageview", path=path, session_id=session_id, at=seen, **columns)


def where(field, value):
    return Group((Condition(Field.parse(field), Operator.IS, value),))


def test_a_session_over_midnight_counts_on_the_first_day_with_its_length(environment):
    late = datetime(2026, 3, 1, 23, 50, tzinfo=UTC)
    visit(environment, 5, late, "/pricing")
    add_event(environment, kind="click", session_id=5, at=late + timedelta(minutes=15))
    day = late.date()

    first = run(Sessions(Scope(environment.pk), span=Span(None, day, day)))
    second = run(Sessions(Scope(environment.pk), span=Span(None, day + timedelta(days=1), day + timedelta(days=1))))

    (row,) = first.sessions
    assert (row.length, row.events, row.pageviews) == (timedelta(seconds=900), 2, 1)
    assert (row.entry, row.exit, row.is_bounce) == ("/pricing", "/pricing", False)
    assert first.totals.bounce_rate == 0.0
    assert (second.sessions, second.totals.sessions, second.totals.median) == ((), 0, None)


def test_conditions_on_a_session_hold_for_its_first_event_and_others_for_any(environment):
    visit(environment, 5, timezone.now() - timedelta(hours=2), "/ad", "/pricing", utm_source="news")
    visit(environment, 6, timezone.now() - timedelta(hours=3), "/pricing", "/ad")
    scope = Scope(environment.pk)

    began_there = run(Sessions(scope, event=SESSION, where=where("event:path", "/pricing")))
    was_there = run(Sessions(scope, where=where("event:path", "/pricing")))

    assert [each.session_id for each in began_there.sessions] == [6]
    assert [each.session_id for each in was_there.sessions] == [5, 6]
    assert [each.came_from for each in was_there.sessions] == ["news", ""]


def test_the_page_tells_of_each_session_and_leads_to_its_place_in_the_timeline(environment, read_only):
    add_person(environment, -7, identity="ada@shop.example")
    merge(environment, 42, -7)
    now = timezone.now()
    visit(environment, 5, now - timedelta(days=1), "/pricing", "/thanks", minutes=3, actor_id=42)
    visit(environment, 6, now - timedelta(hours=1), "/", actor_id=-7, referrer="https://news.example/1")

    with CaptureQueriesContext(connection) as few:
        page = read_only.get(url(environment, "sessions"), {"wait": "1"})
    for number in range(10, 20):
        visit(environment, number, now - timedelta(days=2), "/", actor_id=number)
    with CaptureQueriesContext(connection) as many:
        read_only.get(url(environment, "sessions"), {"wait": "1"})

    said = words(page)
    for text in (
        "2 sessions",
        "Median length 1 minute 30 seconds",
        "Bounce rate 50.0%",
        "A session ends after 30 minutes",
    ):
        assert text in said, text
    assert re.search(r"ada@shop.example .{5,30} 0 seconds 1 1 / bounce https://news.example/1 ", said)
    assert re.search(r"ada@shop.example .{5,30} 3 minutes 2 2 /pricing /thanks – ", said)
    link = re.findall(r'href="([^"]+)#timeline"', page.content.decode())[1]
    timeline = words(read_only.get(link.replace("&amp;", "&")))
    assert "/thanks" in timeline and "/pricing" in timeline and "news.example" not in timeline
    assert len(many) == len(few)


def test_the_file_has_all_pages_up_to_its_bound_and_nobody_twice(environment, read_only, monkeypatch):
    now = timezone.now()
    for number in range(7):
        visit(environment, number + 1, now - timedelta(hours=number, minutes=1), "/", actor_id=number)
    monkeypatch.setattr(kind, "SESSIONS_AT_ONCE", 2)
    one_page = run(Sessions(Scope(environment.pk), limit=2))

    def numbers():
        return [row[1] for part in (one_page.table(), *kind.further(one_page, run)) for row in part.rows]

    everybody = numbers()
    monkeypatch.setattr(kind, "MAX_IN_FILE", 5)

    assert everybody == [f"Visitor {number:06}" for number in range(7)]
    assert numbers() == everybody[:5]
    assert kind.show(one_page, "").most_in_file == 5


def test_robots_are_left_out_where_the_project_leaves_them_out(environment):
    now = timezone.now()
    visit(environment, 5, now - timedelta(hours=1), "/", device="robot")
    visit(environment, 6, now - timedelta(hours=1), "/")

    def found(*, without_robots):
        return [
            each.session_id for each in run(Sessions(Scope(environment.pk, without_robots=without_robots))).sessions
        ]

    assert (found(without_robots=True), found(without_robots=False)) == ([6], [6, 5])


def test_bounces_and_pages_can_be_asked_for(environment):
    now = timezone.now()
    visit(environment, 5, now - timedelta(hours=1), "/pricing")
    visit(environment, 6, now - timedelta(hours=2), "/pricing", "/buy", minutes=20)
    add_event(environment, session_id=7, at=now - timedelta(hours=3))
    scope = Scope(environment.pk)

    def found(**filters):
        return [each.session_id for each in run(Sessions(scope, **filters)).sessions]

    assert found(bounced=Bounced.YES) == [5]
    assert found(bounced=Bounced.NO) == [6, 7]
    assert found(entry="/pri*") == [5, 6]
    assert found(exit="/buy") == [6]
    assert found(least=20) == [6]
    assert found(most=19) == [5, 7]
    assert run(Sessions(scope)).totals.bounce_rate == 50.0  # of the two with a pageview
