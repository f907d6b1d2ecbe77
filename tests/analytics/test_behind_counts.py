"""Every number of random answers is how many people, sessions or events stand behind it, also after a change."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.definitions.bodies import ClauseGroup, SegmentBody
from analytics.definitions.glossary import Glossary, Named
from analytics.kinds.behind import look_behind, with_dates
from analytics.kinds.funnel.question import Asks, Exclusion, Funnel, FunnelResult, Order
from analytics.kinds.graph.question import Graph
from analytics.kinds.kind import pinned_parameters
from analytics.kinds.registry import kind_of, parse, show
from analytics.kinds.retention.question import CohortEntry, Retention, RetentionResult, Return
from analytics.questions.behind import BehindList, Looking, NumberPlace
from analytics.questions.conditions import BadQuery, Field, Match, Source
from analytics.questions.parameters import as_lists
from analytics.questions.query import PAGEVIEW, Compared, Comparison, Did, EventReference, RefersTo, Scope, Selection
from analytics.questions.results import percent
from analytics.questions.spans import Span, Unit
from analytics.sql.context import QueryContext
from analytics.sql.dialect import POSTGRESQL
from tests.analytics import oracle_of_graphs
from tests.analytics.oracle import FakeEvent, World
from tests.analytics.random_questions import (
    funnels,
    graphs,
    lifecycles,
    paths_questions,
    retentions,
    sessions_questions,
    stickiness_questions,
    users_questions,
)
from tests.analytics.random_worlds import (
    SEGMENTS,
    _environment_ids,
    ask,
    insert,
    insert_world,
    thorough,
    visited_worlds,
    worlds,
)

pytestmark = pytest.mark.django_db

some = settings(thorough, max_examples=max(thorough.max_examples // 4, 1))
QUESTIONS = (
    graphs,
    graphs,
    funnels,
    funnels,
    retentions,
    retentions,
    paths_questions,
    paths_questions,
    sessions_questions,
    sessions_questions,
    stickiness_questions,
    lifecycles,
    users_questions,
)
CELLS = 6  # of each answer


def asked(data, world):
    """Random questions about this world in the database, with their answers."""
    environment_id = next(_environment_ids)
    insert_world(environment_id, world, received_at=world.now)
    insert_world(-environment_id, replace(world, merges={}, people={}), received_at=world.now)
    for _ in range(4):
        query = data.draw(data.draw(st.sampled_from(QUESTIONS))(world, environment_id))
        try:
            yield query, answer(query, world)
        except BadQuery:  # nothing of the range is over yet
            continue


def context(query, world):
    return QueryContext(query.scope, world.glossary, world.now, POSTGRESQL, ask)


def answer(query, world):
    return kind_of(query).answer(query, context(query, world))


def numbers(result):
    """(place, number) of all numbers that lead somewhere, as the page shows them."""
    view = show(result, "title")
    if result.query.kind == "users":
        return [(view.headline.behind, result.total)]
    if result.query.kind == "sessions":
        rate = [(view.bounce_place, result.totals.bounce_rate)] if view.bounce_place else []
        return [(view.headline.behind, result.totals.sessions), *rate]
    table = getattr(view, "table", None) or result.table()  # of retention, its file has the numbers of the triangle
    return [
        *numbers_beside(result),
        *(
            (table.place(row, column), table.rows[row][column])
            for row in range(len(table.rows))
            for column in range(1, len(table.columns))
            if table.place(row, column) and table.rows[row][column]
        ),
    ]


def numbers_beside(result):
    """(place, number) of what is in no table: who was lost on the way; shares of cohorts, their averages, all sizes."""
    if isinstance(result, FunnelResult):
        for side, place in zip(result.sides, result.side_places, strict=True):
            for step in range(1, len(side.counts)):
                if side.lost(step):
                    yield f"lost.{place}.{step}.all", side.lost(step)
    if isinstance(result, RetentionResult):
        groups = [
            ("all", result.cohorts),
            *zip(result.group_places, (each.cohorts for each in result.groups), strict=True),
        ]
        for place, cohorts in groups:
            if people := sum(each.size for each in cohorts):
                yield f"size.{place}.all.all", people
            for period in range(1, len(result.buckets)):
                if share := result.average(period, cohorts):
                    yield f"share.{place}.all.{period - 1}", share
                for row, each in enumerate(cohorts):
                    if rate := each.rate(period):
                        yield f"share.{place}.{row}.{period - 1}", rate


def behind(query, place, groups, world, **changes):
    looking = Looking(NumberPlace(place, groups), world.now, **changes)
    return look_behind(query, looking, kind_of(query).behind, context(query, world))


def everything(query, place, groups, world, listed):
    """All rows, page by page."""
    rows, part = [], behind(query, place, groups, world, listed=listed, limit=3)
    while True:
        rows += part.rows
        if part.following() is None:
            assert len(rows) == part.total, place
            return rows
        part = look_behind(query, part.following(), kind_of(query).behind, context(query, world))


@some
@given(st.one_of(worlds(), visited_worlds()), st.data())
def test_a_number_is_how_many_stand_behind_it(world, data):
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("analytics.sql.time_counts.TOP_GROUPS", 3)
        patch.setattr("analytics.sql.time_counts.OTHER", 4)
        patch.setattr("analytics.kinds.graph.answer.OTHER", 4)
        patch.setattr("analytics.kinds.graph.counting.OTHER", 4)
        for module in ("answer", "sql"):
            patch.setattr(f"analytics.kinds.paths.{module}.MOST_BRANCHES", 1)
        patch.setattr("analytics.kinds.funnel.answer.TOP_GROUPS", 2)
        patch.setattr("analytics.kinds.retention.answer.MOST_GROUPS", 2)
        for query, result in asked(data, world):
            pairs = pinned_parameters(show(result, "title"))
            groups = tuple(value for name, value in pairs if name == "behind.group")
            dated = parse(query.kind, as_lists(pairs), query.scope).query
            assert list(dated.parameters()) == list(with_dates(result).parameters())
            found = numbers(result)
            chosen = data.draw(st.lists(st.sampled_from(found), max_size=CELLS, unique=True)) if found else []
            for place, number in chosen:
                check(dated, place, groups, number, world)
        transaction.set_rollback(True)


# --- Every way to ask for a funnel and for retention, where people get through and come back ------------------

DAY, SIGNED_UP, PAID = datetime(2026, 6, 1, tzinfo=UTC), "Signed up", "Paid"
PLAN = Field(Source.PROPERTY, "plan")


def busy_world(seed):
    """Eight people who do three things in random order, on twelve days."""
    rng = random.Random(seed)
    paid = ClauseGroup(
        (Did(Selection(EventReference(RefersTo.CUSTOM, PAID)), Comparison.AT_LEAST, 1, None),), Match.ALL
    )
    events = [
        FakeEvent(
            DAY + timedelta(minutes=rng.randrange(12 * 24 * 60)),
            number,
            rng.choice((0, 1, 2, 3, 4, 5, -1, -2)),
            None,
            *rng.choice((("pageview", ""), ("pageview", ""), ("custom", SIGNED_UP), ("custom", PAID))),
            {"device": None},
            rng.choice(({}, {"plan": ""}, {"plan": "pro"}, {"plan": "free"}, {"plan": "free"})),
        )
        for number in range(1, 100)
    ]
    glossary = Glossary({}, {SEGMENTS[0]: Named("Payers", SegmentBody((paid,), Match.ALL))}, True)
    return World(events, {0: -1, 1: -1}, {}, glossary, DAY + timedelta(days=11, hours=13))


def ways(environment_id):
    scope = Scope(environment_id, "Europe/Berlin", 1, False)
    span = Span(None, DAY.date(), (DAY + timedelta(days=11)).date())
    seen, signed_up, paid = PAGEVIEW, *(EventReference(RefersTo.CUSTOM, name) for name in (SIGNED_UP, PAID))
    for order, asks, side in product(Order, Asks, ("", "by", "compare")):
        if (asks, side) != (Asks.TREND, "by"):
            yield Funnel(
                scope,
                steps=(Selection(seen), Selection(signed_up), Selection(paid)),
                within=timedelta(days=2),
                span=span,
                order=order,
                asks=asks,
                by=PLAN if side == "by" else None,
                compare=(Compared(None), Compared(SEGMENTS[0])) if side == "compare" else (),
                without=() if order is Order.ANY else (Exclusion(Selection(seen), 2),),
                unit=Unit.WEEK,
            )
    for entry, counts_as, by in product(CohortEntry, Return, (None, PLAN)):
        yield Retention(
            scope,
            start=Selection(signed_up),
            returning=Selection(seen),
            unit=Unit.DAY,
            span=span,
            entry=entry,
            counts_as=counts_as,
            by=by,
        )


def test_every_way_to_ask_for_funnels_and_retention(monkeypatch):
    monkeypatch.setattr("analytics.kinds.funnel.answer.TOP_GROUPS", 2)
    monkeypatch.setattr("analytics.kinds.retention.answer.MOST_GROUPS", 2)
    rng, world = random.Random(1), busy_world(1)
    environment_id, checked = next(_environment_ids), set()
    insert_world(environment_id, world, received_at=world.now)
    for query in ways(environment_id):
        result = answer(query, world)
        groups = show(result, "title").behind_groups
        assert bool(groups) == (query.by is not None)
        sorts = {}
        for place, number in numbers(result):
            sorts.setdefault(sort_of(query, place), []).append((place, number))
        checked |= sorts.keys()
        for found in sorts.values():
            place, number = rng.choice(found)
            check(query, place, groups, number, world)
    sides = ("all", "number", "rest")
    assert checked >= {("funnel", what, side, "number", "all") for what, side in product(("reached", "lost"), sides)}
    assert checked >= {("funnel", what, "all", "number", "number") for what in ("reached", "first")}
    assert checked >= {
        ("retention", what, side, "number", "number") for what, side in product(("came", "share"), sides)
    }
    assert checked >= {("retention", "share", side, "all", "number") for side in sides}
    assert checked >= {("retention", "size", side, "number", "all") for side in sides}


def sort_of(query, place):
    """The parts of the place, whatever their numbers."""
    what, *parts = place.split(".")
    return query.kind, what, *("number" if part.isdecimal() else part for part in parts)


# --- What is checked ----------------------------------------------------------------------------


def check(query, place, groups, number, world):
    first = behind(query, place, groups, world)
    if first.found.parts:  # a formula or a share: what it is made of is there
        parts = [behind(query, part.at, groups, world) for part in first.found.parts]
        assert all(each.found.define for each in parts)
        if query.kind != "graph" and all(each.found.is_count for each in parts):
            assert percent(*(each.total for each in parts)) == number, (query, place)
        return
    assert first.found.define, place
    rows = {listed: everything(query, place, groups, world, listed) for listed in first.found.lists}
    assert all(len(set(each)) == len(each) for each in rows.values())
    if first.found.is_count:
        assert len(rows[first.listed]) == first.total == number, (query, place)
    if BehindList.EVENTS in rows:
        events = {(each.time, each.id): each for each in world.events}
        own = [events[(each.time, each.id)] for each in rows[BehindList.EVENTS]]
        people = rows[BehindList.PEOPLE]
        assert {each.actor_id for each in people} == {world.who(each) for each in own}
        assert sum(each.events for each in people) == len(own)
        if isinstance(query, Graph) and not first.found.is_count:
            check_measure(query, place, number, own, world)


def check_measure(graph, place, number, own, world):
    """A sum, a median… is that of the events that are listed."""
    series = graph.series[0 if graph.compare else int(place.split(".")[0])]
    assert number == oracle_of_graphs.as_shown(oracle_of_graphs.counted(world, series, own)), (graph, place)


@some
@given(st.one_of(worlds(), visited_worlds()), st.data())
def test_what_changes_later(world, data):
    """Later merges and deletions change the list; what arrives later does not."""
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        for module in ("answer", "sql"):  # so that everything is told apart afterwards too
            patch.setattr(f"analytics.kinds.paths.{module}.MOST_BRANCHES", 100)
        for query, result in asked(data, world):
            if getattr(query, "by", ()) or query.kind == "users":
                continue
            found = numbers(result)
            changed = replace(
                world,
                events=[each for each in world.events if world.who(each) != 1],
                merges={**dict.fromkeys(range(2, 4), -1), **world.merges},
            )
            changed = replace(changed, glossary=replace(world.glossary, has_merges=True))
            with transaction.atomic():
                change(query.scope.environment_id, world, changed)
                afterwards = dict(numbers(answer(with_dates(result), changed)))
                late = [
                    FakeEvent(each.time, 10_000 + place, 1, each.session, each.kind, each.name, each.columns)
                    for place, each in enumerate(world.events)
                ]
                insert_world(
                    query.scope.environment_id,
                    replace(world, events=late, merges={}, people={}),
                    received_at=world.now + timedelta(seconds=1),
                )
                for place, _ in found[:CELLS]:
                    part = behind(with_dates(result), place, (), changed)
                    if part.found.is_count and not part.found.parts:
                        assert part.total == (afterwards.get(place) or 0), (query, place)
                transaction.set_rollback(True)
        transaction.set_rollback(True)


def change(environment_id, world, changed):
    gone = [each.id for each in world.events if each not in changed.events]
    with connection.cursor() as cursor:
        cursor.execute("delete from events where environment_id = %s and id = any(%s)", [environment_id, gone])
    insert(
        "merges",
        ["from_actor", "to_actor"],
        [
            {"environment_id": environment_id, "from_actor": visitor, "to_actor": identity}
            for visitor, identity in changed.merges.items()
        ],
    )
