"""SQL and plain loops give the same answers to random questions about random environments."""

from contextlib import contextmanager
from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import islice, pairwise, product

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.definitions.glossary import Glossary
from analytics.kinds.lifecycle import Lifecycle
from analytics.kinds.registry import kind_of
from analytics.kinds.sessions.question import SessionRow
from analytics.questions.conditions import BadQuery, Condition, Field, Group, Operator, Source, write_list
from analytics.questions.query import PAGEVIEW, Counts, Scope
from analytics.questions.spans import MAX_BUCKETS, Span, Unit, buckets
from analytics.sql.context import QueryContext
from analytics.sql.dialect import POSTGRESQL
from common.web_addresses import read_address, read_path
from tests.analytics import (
    oracle,
    oracle_funnel,
    oracle_of_activity,
    oracle_of_before,
    oracle_of_graphs,
    oracle_of_sessions,
    oracle_retention,
)
from tests.analytics.factories import graph_of
from tests.analytics.oracle import FakeEvent, World
from tests.analytics.random_questions import (
    funnels,
    graphs,
    lifecycles,
    retentions,
    sessions_questions,
    stickiness_questions,
    users_questions,
)
from tests.analytics.random_worlds import TEXTS, ask, store, thorough, visited_worlds, worlds

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 3, 29, 12, tzinfo=UTC)
QUESTIONS_PER_WORLD = 8
MOST_DAYS_BY_HOUR = 45  # a longer range is refused; all time begins later
MOST_GROUPS = 3  # instead of 20, so that some groups become "other"


@contextmanager
def asked(data, world, questions):
    """Draws some questions about this world, and stores it in the database meanwhile."""
    with transaction.atomic():
        environment_id = store(world)
        yield (data.draw(questions(world, environment_id)) for _ in range(QUESTIONS_PER_WORLD))
        transaction.set_rollback(True)


def cut_of(query, unit, world):
    """The buckets of the days that the oracle finds, one by one; None if there are none."""
    by_hour = unit is Unit.HOUR and query.span.days is None
    span = replace(query.span, over=False) if by_hour else query.span
    days = oracle.days_asked(world.asked_by(query), span, unit, query.scope.week_starts_on)
    if not days or (unit is Unit.HOUR and len(days) > MOST_DAYS_BY_HOUR):
        return None
    assert len(days) == (days[-1] - days[0]).days + 1
    try:
        cut = buckets(Span(None, days[0], days[-1]), unit, world.now, query.scope.zone, query.scope.week_starts_on)
    except BadQuery:  # the only day is one that its calendar skips
        return None
    return tuple(each for each in cut if not (by_hour and query.span.over) or each.end <= world.now) or None


def answer_or_none(query, world):
    """None where nothing of the range is over yet."""
    try:
        return answer(query, world)
    except BadQuery:
        return None


def answer(query, world):
    return kind_of(query).answer(query, QueryContext(query.scope, world.glossary, world.now, POSTGRESQL, ask))


@thorough
@given(worlds(), st.data())
def test_graphs(world, data):
    with asked(data, world, graphs) as questions, pytest.MonkeyPatch.context() as patch:
        patch.setattr("analytics.sql.time_counts.TOP_GROUPS", MOST_GROUPS)
        for graph in questions:
            result = answer_or_none(graph, world)
            cut = cut_of(graph, graph.unit, world)
            then, part = (
                oracle_of_before.cut_before(world, graph, graph.unit, cut) if cut and graph.before else ((), ())
            )
            if cut and are_too_many(graph, cut, then):
                cut = None
            assert (result and result.buckets) == cut, graph
            if result is None:
                continue

            if graph.by:
                found = [(... if each.is_other else each.key, each.series) for each in result.lines]
                expected = oracle_of_graphs.groups(world, graph, cut, MOST_GROUPS)
                numbers = [*([None] if graph.formula else []), *range(len(graph.series))]
                assert found == [(key, number) for number in numbers for key, _ in expected], graph
                wanted = [lines[place] for place in range(len(numbers)) for _, lines in expected]
            else:
                sides = [oracle_of_graphs.graph(world, graph, cut, segments_of(graph, each)) for each in result.lines]
                wanted = [lines[0] for lines in sides] if graph.compare else sides[0]
            assert [(list(each.values), each.total) for each in result.lines] == [each.shown() for each in wanted], (
                graph
            )
            if result.is_of_one:
                assert result.total == oracle_of_graphs.graph(world, graph, cut, graph.segments)[0].shown()[1], graph
            if graph.before:
                assert result.earlier.buckets == then, graph
                whole, same = (lines_before(world, graph, result, each, then) for each in (then, part))
                assert [(list(each.before.values), each.before.whole) for each in result.lines] == [
                    each.shown() for each in whole
                ], graph
                assert [each.before.part for each in result.lines] == [each.shown()[1] for each in same], graph
                if result.is_of_one:
                    there, of_part = somewhere(world, part, then)
                    (total, *_) = oracle_of_graphs.graph(there, graph, of_part, graph.segments)
                    assert result.total_before == total.shown()[1], graph


def somewhere(world, cut, whole):
    """A world and buckets in it: without events, if nothing is asked for."""
    return (world, cut) if cut else (replace(world, events=[]), whole)


def lines_before(world, graph, result, cut, whole):
    """What the lines of an answer had in these buckets, which may be none of the earlier range."""
    world, cut = somewhere(world, cut, whole)
    if not graph.by:
        sides = [oracle_of_graphs.graph(world, graph, cut, segments_of(graph, each)) for each in result.lines]
        return [lines[0] for lines in sides] if graph.compare else sides[0]
    keys = list(dict.fromkeys(each.key for each in result.lines if not each.is_other))
    found = dict(oracle_of_graphs.groups(world, graph, cut, MOST_GROUPS, keys))
    first = 1 if graph.formula else 0
    return [
        found[... if each.is_other else each.key][0 if each.series is None else first + each.series]
        for each in result.lines
    ]


def are_too_many(graph, cut, then):
    """Whether several series in groups, or groups that are compared, would have more numbers than a page may hold."""
    lines = len(graph.series) + bool(graph.formula)
    if graph.by and graph.before:
        return 2 * lines * max(len(cut), len(then)) > MAX_BUCKETS
    return bool(graph.by) and len(graph.series) > 1 and len(cut) * lines > MAX_BUCKETS


def segments_of(query, side):
    """The segments that people must be in to be counted on this side of a comparison."""
    is_segment = side.compared is not None and side.compared.segment is not None
    return (*query.segments, side.compared.segment) if is_segment else query.segments


@pytest.mark.parametrize("operator", [each for each in Operator if each.takes_value and not each.is_numeric])
def test_every_text_against_every_other(operator):
    """Addresses are spelled in several ways, which random questions seldom ask for."""
    columns = ("path", "referrer", "title")
    events = [
        FakeEvent(MOMENT, number, 1, kind="pageview", columns=dict.fromkeys(columns, text))
        for number, text in enumerate([*TEXTS, None], 1)
    ]
    world = World(events, {}, {}, Glossary({}, {}, False), MOMENT)
    environment_id = store(world)

    asked_for_texts = [*TEXTS, *(f"*{text}" for text in TEXTS)]
    if operator.takes_list:
        asked_for_texts = [write_list((text, "a")) for text in TEXTS if text]
    for column, asked_for in product(columns, asked_for_texts):
        where = Group((Condition(Field(Source.EVENT, column), operator, asked_for),))
        graph = graph_of(Scope(environment_id), PAGEVIEW, Counts.EVENTS, Span(1), where=where)
        cut = buckets(graph.span, graph.unit, world.now, graph.scope.zone, 1)
        assert answer(graph, world).total == oracle_of_graphs.graph(world, graph, cut, ())[0].total, graph


@thorough
@given(worlds(), st.data())
def test_funnels(world, data):
    with asked(data, world, funnels) as questions, pytest.MonkeyPatch.context() as patch:
        patch.setattr("analytics.kinds.funnel.answer.TOP_GROUPS", MOST_GROUPS)
        for funnel in questions:
            result = answer_or_none(funnel, world)
            cut = cut_of(funnel, funnel.unit, world)
            assert (result is None) == (cut is None), funnel
            if result is None:
                continue

            assert oracle_funnel.answered(result) == oracle_funnel.sides(world, funnel, cut, MOST_GROUPS), funnel
            if funnel.before:
                part, known_until = part_before(world, funnel, cut)
                expected = oracle_funnel.before(world, funnel, part, known_until)
                assert [list(each.before) for each in result.sides] == expected, funnel


def part_before(world, query, cut):
    """The buckets of the part that a question is compared with, and until when later events are known; or None."""
    _, part = oracle_of_before.cut_before(world, query, None, cut)
    return part, oracle_of_before.known_until(world, cut, part) if part else None


@thorough
@given(worlds(), st.data())
def test_retention(world, data):
    with asked(data, world, retentions) as questions, pytest.MonkeyPatch.context() as patch:
        patch.setattr("analytics.kinds.retention.answer.MOST_GROUPS", MOST_GROUPS)
        for retention in questions:
            result = answer_or_none(retention, world)
            cut = cut_of(retention, retention.unit, world)
            assert (result and result.buckets) == cut, retention
            if result is None:
                continue

            oracle_retention.check(result, world, retention, cut, MOST_GROUPS)


@settings(thorough, max_examples=thorough.max_examples // 2)
@given(visited_worlds(), st.data())
def test_sessions(world, data):
    longest = timedelta(hours=1)
    with asked(data, world, sessions_questions) as questions, pytest.MonkeyPatch.context() as patch:
        patch.setattr("analytics.sql.sessions.MAX_LENGTH", longest)
        for sessions in islice(questions, 4):
            result = answer_or_none(sessions, world)
            cut = cut_of(sessions, Unit.DAY, world)
            assert (result is None) == (cut is None), sessions
            if result is None:
                continue

            expected = oracle_of_sessions.sessions(world, sessions, cut[0].start, cut[-1].end, longest)
            assert list(all_sessions(sessions, world)) == [told(world, each) for each in expected], sessions
            assert_totals(result.totals, expected, sessions)
            if sessions.before:
                part, known_until = part_before(world, sessions, cut)
                bounds_of_part = (part[0].start, part[-1].end, longest, known_until) if part else ()
                then = oracle_of_sessions.sessions(world, sessions, *bounds_of_part) if part else []
                assert_totals(result.totals_before, then, sessions)


def assert_totals(found, expected, sessions):
    median = None if found.median is None else Fraction(found.median // timedelta(microseconds=1), 1_000_000)
    number, middle, *others = oracle_of_sessions.totals(expected)
    assert [found.sessions, found.viewed, found.bounces] == [number, *others], sessions
    assert median == middle or abs(median - middle) < Fraction(1, 1_000_000), sessions


def all_sessions(sessions, world):
    """Every session of the list, page after page."""
    while sessions is not None:
        result = answer(sessions, world)
        yield from result.sessions
        sessions = result.following()


def told(world, session):
    """The row of the list."""
    first, person = session.events[0], world.who(session.events[0])
    known = world.people.get(person)
    referrer, entry, left = first.columns.get("referrer"), session.entry, session.exit
    return SessionRow(
        session_id=first.session,
        started_at=first.time,
        ended_at=session.events[-1].time,
        events=len(session.events),
        pageviews=len(session.pageviews),
        entry=entry and read_path(entry),
        exit=left and read_path(left),
        actor_id=person,
        identity=known.identity if known else None,
        origin=(referrer and read_address(referrer), None, None, None),
    )


@thorough
@given(worlds(), st.data())
def test_stickiness(world, data):
    with asked(data, world, stickiness_questions) as questions:
        for stickiness in questions:
            result = answer_or_none(stickiness, world)
            cut = cut_of(stickiness, stickiness.unit, world)
            assert (result and result.buckets) == cut, stickiness
            if result is None:
                continue

            assert list(result.people) == oracle_of_activity.stickiness(world, stickiness, cut), stickiness


@thorough
@given(worlds(), st.data())
def test_lifecycle(world, data):
    with asked(data, world, lifecycles) as questions:
        for number, lifecycle in enumerate(questions):
            result = answer_or_none(lifecycle, world)
            units = oracle_of_activity.whole_units(world, lifecycle)
            assert (result is None) == (units is None), lifecycle
            if result is None:
                continue

            before, *cut = (bounds(days, lifecycle.scope) for days in units)
            assert [(each.start, each.end) for each in result.buckets] == cut, lifecycle
            assert [astuple(each) for each in result.stages] == oracle_of_activity.lifecycle(
                world, lifecycle, before, cut
            ), lifecycle

            people = [each.people for each in result.stages]
            assert number or people == graph_of_people(lifecycle, result, world), lifecycle
            for there, here in pairwise(result.stages):
                assert here.dormant is None or here.returning + here.dormant == there.people, lifecycle


def bounds(days, scope):
    return Span(None, days[0], days[-1]).bounds(MOMENT, scope.zone)


def graph_of_people(lifecycle, result, world):
    """A graph of people over the same whole units; None for units that have not begun."""
    first, last = (each.astimezone(lifecycle.scope.zone).date() for each in (result.ran.start, result.ran.end))
    graph = graph_of(
        lifecycle.scope,
        lifecycle.event,
        Counts.USERS,
        Span(None, first, last - timedelta(days=1)),
        lifecycle.unit,
        where=lifecycle.where,
        segments=lifecycle.segments,
    )
    (series,) = answer(graph, world).lines
    return [
        value if bucket.start <= world.now else None
        for value, bucket in zip(series.values, result.buckets, strict=True)
    ]


def test_who_was_active_in_weeks_1_2_and_4_returned_stayed_away_and_came_back():
    def events(*weeks):
        return [FakeEvent(MOMENT + timedelta(weeks=week), week, actor=1) for week in weeks]

    def stages(now, *weeks):
        world = World(events(*weeks), {}, {}, Glossary({}, {}, False), now)
        asked = Lifecycle(Scope(store(world)), unit=Unit.WEEK, span=Span(None, MONDAY, MONDAY + timedelta(days=20)))
        return [astuple(each) for each in answer(asked, world).stages]

    MONDAY = (MOMENT + timedelta(weeks=2)).date() - timedelta(days=6)  # MOMENT is a Sunday

    over, running = MOMENT + timedelta(weeks=9), MOMENT + timedelta(weeks=4)
    assert stages(over, 1, 2, 4) == [(0, 1, 0, 0), (0, 0, 0, 1), (0, 0, 1, 0)]
    assert stages(over, 2, 3) == [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 1)]
    assert stages(running, 2, 3) == [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, None)]


@thorough
@given(worlds(), st.data())
def test_people(world, data):
    with asked(data, world, users_questions) as questions:
        for users in questions:
            expected = oracle.users(world, users)

            found = list(pages(users, world))

            assert found == expected, users


def pages(users, world):
    """Every person of the list, page after page."""
    while users is not None:
        result = answer(users, world)
        yield from (each.actor_id for each in result.people)
        users = replace(users, after=result.next) if result.next else None
