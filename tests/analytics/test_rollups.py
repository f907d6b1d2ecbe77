"""Counted days give the same answers as the events, whatever came late, was deleted or was merged since.

Robots are in or out, as the project wants them at that moment.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from analytics.kinds.registry import kind_of, run
from analytics.kinds.retention.question import CohortEntry, Retention, Return
from analytics.questions.before import Before
from analytics.questions.conditions import BadQuery, Field, Source
from analytics.questions.periods import Period
from analytics.questions.query import PAGEVIEW, SESSION, Counts, Scope, Selection
from analytics.questions.spans import Span, Unit
from analytics.rollups import cohorts, days, time_counts
from analytics.rollups.builder import FIELDS
from analytics.rollups.refresh import refresh
from analytics.sql.context import QueryContext
from analytics.sql.dialect import POSTGRESQL
from events.erasure import erase
from tests.analytics.factories import ANY_EVENT, graph_of
from tests.analytics.oracle import FakeEvent, World
from tests.analytics.random_questions import befores
from tests.analytics.random_worlds import (
    DEFINITIONS,
    NAMES,
    ZONES,
    ask,
    columns_and_properties,
    glossarys,
    insert_world,
    reference_to,
    stored_id,
    thorough,
)
from tests.analytics.rows import add_event
from tests.factories import EnvironmentFactory, ProjectFactory

pytestmark = pytest.mark.django_db
DAYS = 12
DELAYS = st.one_of(
    st.sampled_from([timedelta(0), timedelta(minutes=59), timedelta(hours=1, seconds=1), timedelta(hours=-20)]),
    st.integers(24, DAYS * 24).map(lambda n: timedelta(hours=n)),
)
ACTORS, SESSIONS = st.sampled_from((0, 1, 2, -1)), st.sampled_from([None, 7, 8])
KINDS = st.sampled_from(["pageview", "click", *(f"custom {name}" for name in NAMES[:2])])


def some_events(data, arrived, first_number):
    """Events that arrived at this moment: new ones, some of earlier days, and some with a fast clock."""
    drawn = data.draw(st.lists(st.tuples(DELAYS, ACTORS, SESSIONS, KINDS, columns_and_properties), max_size=12))
    for number, (delay, actor, session, kind, (columns, properties)) in enumerate(drawn, first_number):
        kind, _, name = kind.partition(" ")
        identifier = stored_id(number, columns)
        yield FakeEvent(arrived - delay, identifier, actor, session, kind, name, columns, properties)


def questions(data, scope):
    events = [PAGEVIEW, ANY_EVENT, SESSION, *(reference_to(each) for each in DEFINITIONS)]
    event = data.draw(st.sampled_from(events))
    last_days = [Span(each) for each in (3, 7, DAYS, 30)]
    span = data.draw(st.sampled_from([*last_days, *(Span(None, period=each) for each in Period)]))
    span = replace(span, over=data.draw(st.booleans()))
    unit = data.draw(st.sampled_from([Unit.DAY, Unit.WEEK, Unit.MONTH]))
    if data.draw(st.integers(0, 2)) == 0:
        entry, counts_as = data.draw(st.sampled_from(CohortEntry)), data.draw(st.sampled_from(Return))
        returning = Selection(data.draw(st.sampled_from(events)))
        return Retention(scope, Selection(event), returning, unit, span, entry=entry, counts_as=counts_as)
    if data.draw(st.booleans()):
        field = Field(Source.EVENT, data.draw(st.sampled_from(FIELDS[:2])))
        event = data.draw(st.sampled_from([PAGEVIEW, SESSION]))
        return graph_of(scope, event, span=span, unit=unit, by=field, before=data.draw(befores(span)))
    counts = data.draw(st.sampled_from([Counts.EVENTS, Counts.USERS, Counts.PER_USER]))
    cumulative = counts.adds_up and data.draw(st.booleans())
    return graph_of(scope, event, counts, span, unit, cumulative=cumulative, before=data.draw(befores(span)))


def from_events(query, world):
    """The answer without counted days."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time_counts, "counting_rows", lambda *_: None)
        patch.setattr(cohorts, "cohort_rows", lambda *_, **__: None)
        return answer(query, world)


def answer(query, world):
    return kind_of(query).answer(query, QueryContext(query.scope, world.glossary, world.now, POSTGRESQL, ask))


@thorough
@given(st.data())
def test_after_any_history_the_answers_are_those_of_the_events(data):
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(days, "MAX_RAW_SHARE", 1.0)  # so that counted days are used even if they are few
        project = ProjectFactory(time_zone=data.draw(st.sampled_from(ZONES)))
        environment = EnvironmentFactory(project=project)
        now = timezone.now()
        world = World([], {}, {}, data.draw(glossarys()), now)
        settled = now - timedelta(days=3)
        number = 0
        for step in range(data.draw(st.integers(2, 4))):
            # Events that arrive after a refresh are later than the moment up to which it considered arrivals settled.
            arrived = settled + data.draw(st.sampled_from([timedelta(minutes=1), timedelta(hours=9)]))
            settled += data.draw(st.sampled_from([timedelta(minutes=2), timedelta(hours=10), timedelta(days=1)]))
            events = list(some_events(data, arrived, number))
            number += len(events)
            merges = data.draw(st.dictionaries(st.sampled_from((0, 1, 2)), st.sampled_from((-1, -2)), max_size=2))
            insert_world(environment.pk, replace(world, events=events, merges=merges), received_at=arrived)
            project.leaves_out_robots = data.draw(st.booleans())
            project.save(update_fields=["leaves_out_robots"])
            if step == 0 or data.draw(st.booleans()):
                patch.setattr("analytics.rollups.refresh.settled_until", lambda settled=settled: settled)
                refresh(environment)
            if data.draw(st.integers(0, 3)) == 0:
                people = data.draw(st.sampled_from([[1], [-1], [-1, -2], [0, 2, -1]]))
                erase(environment.pk, people, most_events=data.draw(st.sampled_from([1, 3, None])))
            scopes = st.sampled_from([Scope.of(environment), replace(Scope.of(environment), without_robots=True)])
            for query in [questions(data, data.draw(scopes)) for _ in range(4)]:
                assert comparable(answer, query, world) == comparable(from_events, query, world), query
        transaction.set_rollback(True)


def comparable(ask_for, query, world):
    try:
        result = ask_for(query, world)
    except BadQuery as error:  # nothing of the range is over yet
        return error.message
    return (result.lines, result.total, result.total_before) if hasattr(result, "lines") else result.cohorts


@pytest.mark.parametrize("period", Period)
def test_counted_days_answer_named_ranges_too(environment, monkeypatch, period):
    """For none of them is every event read."""
    now = timezone.now()
    for ago in range(1, 400, 20):
        add_event(environment, kind="pageview", at=now - timedelta(days=ago), received_at=now - timedelta(days=ago))
    refresh(environment)
    monkeypatch.setattr(days, "MAX_RAW_SHARE", 1.0)
    monkeypatch.setattr("analytics.kinds.graph.counting.counting_sql", None)  # which would be called

    before = None if period is Period.ALL else Before.PERIOD
    result = run(graph_of(Scope.of(environment), PAGEVIEW, Counts.USERS, Span(None, period=period), before=before))

    assert result.total == (1 if any(each for each in result.lines[0].values) else 0)
