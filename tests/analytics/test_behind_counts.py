"""Every number of random answers is how many people, sessions or events stand behind it, also after a change."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.kinds.behind import look_behind, with_dates
from analytics.kinds.graph.question import Graph
from analytics.kinds.kind import pinned_parameters
from analytics.kinds.registry import kind_of, parse, show
from analytics.questions.behind import BehindList, Looking, NumberPlace
from analytics.questions.conditions import BadQuery
from analytics.questions.parameters import as_lists
from analytics.questions.results import percent
from analytics.sql.context import QueryContext
from analytics.sql.dialect import POSTGRESQL
from tests.analytics import oracle_of_graphs
from tests.analytics.oracle import FakeEvent
from tests.analytics.random_questions import (
    graphs,
    lifecycles,
    paths_questions,
    sessions_questions,
    stickiness_questions,
    users_questions,
)
from tests.analytics.random_worlds import _environment_ids, ask, insert, insert_world, thorough, worlds

pytestmark = pytest.mark.django_db

some = settings(thorough, max_examples=max(thorough.max_examples // 2, 1))
QUESTIONS = (
    graphs,
    graphs,
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
    table = view.table
    return [
        (table.place(row, column), table.rows[row][column])
        for row in range(len(table.rows))
        for column in range(1, len(table.columns))
        if table.place(row, column) and table.rows[row][column]
    ]


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
@given(worlds(), st.data())
def test_a_number_is_how_many_stand_behind_it(world, data):
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("analytics.sql.time_counts.TOP_GROUPS", 3)
        patch.setattr("analytics.sql.time_counts.OTHER", 4)
        patch.setattr("analytics.kinds.graph.answer.OTHER", 4)
        for module in ("answer", "sql"):
            patch.setattr(f"analytics.kinds.paths.{module}.MOST_BRANCHES", 1)
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


def check(query, place, groups, number, world):
    first = behind(query, place, groups, world)
    if first.found.parts:  # a formula or a share: what it is made of is there
        parts = [behind(query, part.at, groups, world) for part in first.found.parts]
        assert all(each.found.define for each in parts)
        if query.kind != "graph":
            assert percent(*(each.total for each in parts)) == number, (query, place)
        return
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
@given(worlds(), st.data())
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
