"""The job that keeps counted days up to date, and the reasons for counting a day again."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from analytics.jobs import count_days
from analytics.kinds.registry import run
from analytics.kinds.retention.question import Retention
from analytics.questions.conditions import Field
from analytics.questions.query import PAGEVIEW, SESSION, Counts, EventReference, Scope, Selection
from analytics.questions.spans import Span, Unit
from analytics.rollups import time_counts
from analytics.rollups.builder import MAX_LABELS, MAX_NAMES
from analytics.rollups.refresh import environments_to_refresh, refresh
from tests.analytics.factories import ANY_EVENT, graph_of
from tests.analytics.rows import add_event
from tests.factories import EnvironmentFactory, ProjectFactory

pytestmark = pytest.mark.django_db


def rows(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def collect(environment, *, days_ago, actor=1, kind="pageview", name="", late=timedelta(0), path="/", number=1):
    """Events on one day, from noon UTC on, half an hour apart. They arrived at once, or `late`."""
    noon = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)
    for n in range(number):
        rows(
            "insert into events (environment_id, time, received_at, actor_id, session_id, kind, name, path) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s)",
            *(environment.pk, noon, noon + late, actor + n, actor + n, kind, name.format(n), path.format(n)),
        )


def counted_days(environment):
    return rows("select count(*) from rollup_days where environment_id = %s and not is_empty", environment.pk)[0][0]


def graph(environment, event=PAGEVIEW, counts=Counts.EVENTS, days=7, **more):
    return graph_of(Scope.of(environment), event, counts, Span(days), **more)


@pytest.fixture
def environment():
    return EnvironmentFactory()


@pytest.fixture
def from_days(monkeypatch):
    """Fails the test if a question is not answered from counted days."""
    real = time_counts.counting_rows

    def checked(*arguments):
        found = real(*arguments)
        assert found is not None, "answered from events"
        return found

    monkeypatch.setattr(time_counts, "counting_rows", checked)


def test_days_that_are_over_are_counted_by_the_job(environment, from_days):
    for number, days_ago in enumerate((0, 2, 3, 4), 1):  # yesterday is counted from 01:00 on
        collect(environment, days_ago=days_ago, number=number)

    count_days(int(timezone.now().timestamp()))

    assert counted_days(environment) == 3
    assert run(graph(environment)).total == 1 + 2 + 3 + 4
    assert run(graph(environment, ANY_EVENT, Counts.USERS)).total == 4
    assert run(graph(environment, SESSION)).total == 1 + 2 + 3 + 4  # whoever comes again begins a new one


def test_days_counted_by_the_rule_of_before_serve_all_but_sessions_and_are_counted_anew(environment):
    at = timezone.now().replace(hour=12) - timedelta(days=3)
    for minutes in (0, 30, 61):  # the last begins a new session
        add_event(environment, kind="pageview", at=at + timedelta(minutes=minutes), session_id=7, received_at=at)
    refresh(environment)
    rows("update rollup_days set has_sessions = false")  # as the servers of before leave them
    rows("update rollup_counts set events = 1 where kind = 'session'")
    by_path = graph(environment, SESSION, by=Field.parse("event:path"))

    found = [run(each).total for each in (graph(environment, SESSION), by_path, graph(environment))]
    rows("update rollup_counts set events = 30 where kind = 'pageview'")
    from_days = run(graph(environment)).total
    refresh(environment)

    assert found == [2, 2, 3]
    assert from_days == 30
    assert rows("select kind, events from rollup_counts order by kind") == [("any", 3), ("pageview", 3), ("session", 2)]
    assert rows("select has_sessions from rollup_days where not is_empty") == [(True,)]


def test_an_environment_that_is_up_to_date_is_left_alone(environment):
    collect(environment, days_ago=2)

    before = environments_to_refresh(timezone.now())
    refresh(environment)

    assert (before, environments_to_refresh(timezone.now())) == ([environment], [])


def test_a_refresh_out_of_time_says_that_it_is_not_done(environment):
    collect(environment, days_ago=2)

    assert refresh(environment, seconds=-1) is False
    assert environments_to_refresh(timezone.now()) == [environment]


def test_a_late_event_counts_at_once_and_is_in_its_day_after_the_next_refresh(environment, from_days):
    collect(environment, days_ago=3)
    refresh(environment)
    rows("update rollup_marks set mark = mark - interval '1 hour'")  # as if the refresh was an hour ago
    collect(environment, days_ago=3, actor=2)
    rows("update events set received_at = now() - interval '30 minutes' where actor_id = 2")

    at_once = run(graph(environment, days=30)).total  # of seven, after midnight, too few are counted
    refresh(environment)

    assert (at_once, run(graph(environment, days=30)).total) == (2, 2)
    assert rows("select events from rollup_counts where kind = 'any'") == [(2,)]


@pytest.mark.parametrize("visitors", [(1,), (1, 2)])
@pytest.mark.parametrize("identity_was_here", [True, False])
def test_somebody_who_was_several_visitors_counts_once_at_once(environment, from_days, visitors, identity_was_here):
    for days_ago, visitor in enumerate(visitors, 1):
        collect(environment, days_ago=days_ago, actor=visitor)
    if identity_was_here:
        collect(environment, days_ago=4, actor=-1)
    refresh(environment)
    collect(environment, days_ago=0, actor=-1)

    for visitor in visitors:
        rows("insert into merges (environment_id, from_actor, to_actor) values (%s, %s, -1)", environment.pk, visitor)
    at_once = run(graph(environment, counts=Counts.USERS)).total
    refresh(environment)

    assert (at_once, run(graph(environment, counts=Counts.USERS)).total) == (1, 1)
    assert rows("select count(*) from rollup_pending where environment_id = %s", environment.pk) == [(0,)]


def test_a_new_time_zone_means_other_days(environment):
    collect(environment, days_ago=3)
    refresh(environment)
    environment.project.time_zone = "Asia/Kolkata"
    environment.project.save()

    total = run(graph(environment)).total
    refresh(environment)

    assert total == 1
    assert rows("select distinct extract(minute from starts)::int from rollup_days") == [(30,)]


def test_nothing_remembers_who_is_deleted_and_their_days_stay_counted(environment, from_days):
    for days_ago in (2, 3):
        collect(environment, days_ago=days_ago, number=3)
    rows("insert into merges (environment_id, from_actor, to_actor) values (%s, 1, -1)", environment.pk)
    refresh(environment)

    rows("delete from events where environment_id = %s and actor_id = 1", environment.pk)

    assert rows("select actor_id from rollup_positions order by 1") == [(2,), (3,)]
    assert counted_days(environment) == 2
    assert run(graph(environment, counts=Counts.USERS)).total == 2
    assert run(graph(environment)).total == 4


def test_many_deletions_at_once_empty_the_environment_and_no_other(environment):
    other = EnvironmentFactory(project=ProjectFactory())
    for each in (environment, other):
        collect(each, days_ago=2, number=60)
        refresh(each)

    rows("delete from events where environment_id = %s", environment.pk)

    assert (counted_days(environment), counted_days(other)) == (0, 1)
    assert rows("select count(*) from rollup_counts where environment_id = %s", environment.pk) == [(0,)]
    assert rows("select distinct environment_id from rollup_positions") == [(other.pk,)]


def test_what_is_counted_goes_with_its_environment(environment):
    collect(environment, days_ago=2)
    refresh(environment)
    rows("delete from events")
    key = environment.pk

    environment.delete()

    tables = ("marks", "days", "counts", "values", "positions", "pending")
    left = [rows(f"select count(*) from rollup_{table} where environment_id = %s", key)[0][0] for table in tables]
    assert left == [0] * 6


def test_another_environments_days_are_never_read(environment):
    other = EnvironmentFactory()
    for each, number in ((environment, 1), (other, 5)):
        collect(each, days_ago=2, number=number)
        refresh(each)

    assert run(graph(environment)).total == 1
    assert run(graph(environment, counts=Counts.USERS)).total == 1


def test_an_environment_with_too_many_people_keeps_none_of_its_next_days(environment, monkeypatch):
    collect(environment, days_ago=2, number=3)
    refresh(environment)
    monkeypatch.setattr("analytics.rollups.builder.MAX_PEOPLE", 4)
    collect(environment, days_ago=3, actor=2, number=3)  # one more
    collect(environment, days_ago=4, actor=4, number=2)  # and another, for whom there is no place
    rows("delete from rollup_days where starts < now() - interval '3 days'")

    refresh(environment)

    assert rows("select position from rollup_positions order by 1") == [(0,), (1,), (2,), (3,)]
    assert rows("select has_people from rollup_days where not is_empty order by starts") == [(False,), (True,), (True,)]
    assert run(graph(environment)).total == 8
    assert run(graph(environment, counts=Counts.USERS)).total == 5
    assert run(Retention(Scope.of(environment), Selection(PAGEVIEW), Selection(PAGEVIEW), Unit.DAY, Span(7))).cohorts


def test_people_are_erased_from_days_that_keep_none(environment, from_days, monkeypatch):
    monkeypatch.setattr("analytics.rollups.builder.MAX_PEOPLE", 0)
    collect(environment, days_ago=2, number=3)
    refresh(environment)

    rows("delete from events where environment_id = %s and actor_id = 2", environment.pk)

    assert counted_days(environment) == 1
    assert run(graph(environment)).total == 2
    assert rows("select kind, events, people from rollup_counts order by kind") == [
        ("any", 2, b""), ("pageview", 2, b""), ("session", 2, b""),
    ]  # fmt: skip


def test_merges_of_visitors_in_no_day_give_nobody_a_place(environment):
    collect(environment, days_ago=2)
    rows("insert into merges (environment_id, from_actor, to_actor) values (%s, 1, -1)", environment.pk)
    rows("insert into merges (environment_id, from_actor, to_actor) values (%s, 99, -2)", environment.pk)

    refresh(environment)

    assert rows("select actor_id from rollup_positions order by 1") == [(-1,)]


def test_a_day_with_too_many_names_or_values_is_read_from_its_events(environment, monkeypatch):
    monkeypatch.setattr("analytics.rollups.builder.MAX_NAMES", 2)
    monkeypatch.setattr("analytics.rollups.builder.MAX_LABELS", 2)
    collect(environment, days_ago=2, kind="custom", name="Name {}", number=3)
    collect(environment, days_ago=2, path="/{}", number=3, actor=10)

    refresh(environment)

    assert run(graph(environment, EventReference.parse("event:Name 1"))).total == 1
    assert len(run(graph(environment, by=Field.parse("event:path"))).lines) == 3
    assert min(MAX_NAMES, MAX_LABELS) > 2
