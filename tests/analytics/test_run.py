"""Running queries: limits, cancelling, isolation and indexes, and numbers that are the same on all pages."""

import csv
import io
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction

from analytics.definitions.bodies import ClauseGroup, DefinitionBody, SegmentBody
from analytics.definitions.glossary import Glossary, glossary_for
from analytics.kinds import registry
from analytics.kinds.funnel.question import Funnel
from analytics.kinds.funnel.sql import funnel_sql
from analytics.kinds.lifecycle import Lifecycle
from analytics.kinds.paths.question import Paths
from analytics.kinds.registry import run
from analytics.kinds.retention.question import Retention
from analytics.kinds.sessions.question import Sessions
from analytics.kinds.stickiness import Stickiness
from analytics.kinds.users import Users
from analytics.questions.conditions import BadQuery, Condition, Field, Group, Operator, Source
from analytics.questions.query import (
    PAGEVIEW,
    SESSION,
    Compared,
    Counts,
    Did,
    EventReference,
    RefersTo,
    Scope,
    Selection,
)
from analytics.questions.results import Shown
from analytics.questions.spans import Span, Unit, buckets
from analytics.sql.dialect import POSTGRESQL
from analytics.sql.statement import Statement
from analytics.sql.time_counts import counting_sql
from analytics.store.current import event_store
from analytics.store.failures import QueryCancelled, QueryTimeout
from analytics.store.protocol import new_token
from common.csv import lines as csv_lines
from tests.analytics.factories import DefinitionFactory, SegmentFactory, graph_of, refers_to
from tests.factories import EnvironmentFactory

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
SIGNED_UP = EventReference(RefersTo.CUSTOM, "Signed up")


def rows(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else None


def make_events(environment_id, number, *, name="Signed up", groups=25):
    rows(
        "insert into events (environment_id, time, actor_id, session_id, kind, name, path, properties) "
        "select %s, timestamptz '2026-06-15 10:00+00' - n * interval '7 minutes', n %% 40, n / 5, 'custom', %s, "
        "'/' || n %% %s, jsonb_build_object('plan', 'plan ' || n %% %s) from generate_series(1, %s) n",
        environment_id, name, groups, groups, number,
    )  # fmt: skip


@pytest.fixture
def environment(db):
    return EnvironmentFactory()


@pytest.fixture
def scope(environment):
    return Scope.of(environment)


# --- Limits -------------------------------------------------------------------------------------------------------


@pytest.fixture
def slow(monkeypatch):
    """Makes every graph wait in the database."""
    monkeypatch.setattr(
        "analytics.kinds.graph.counting.counting_sql",
        lambda statement, *_: statement.text("select 0, null, null, 0, pg_sleep(20)"),
    )


def test_a_query_that_takes_too_long_is_stopped_and_says_how_to_narrow(scope, slow):
    began = time.monotonic()

    with pytest.raises(QueryTimeout) as caught:
        run(graph_of(scope, PAGEVIEW), limit=timedelta(milliseconds=100))

    assert time.monotonic() - began < 5
    assert "shorter range" in caught.value.message


def test_after_a_timeout_the_connection_is_as_before(scope, slow):
    before = rows("show statement_timeout"), rows("show application_name"), rows("show work_mem")

    with pytest.raises(QueryTimeout):
        run(graph_of(scope, PAGEVIEW), limit=timedelta(milliseconds=50), token=new_token())

    assert (rows("show statement_timeout"), rows("show application_name"), rows("show work_mem")) == before


@pytest.mark.django_db(transaction=True)
def test_a_running_query_can_be_cancelled_from_elsewhere(slow):
    scope, token, stopped = Scope.of(EnvironmentFactory()), new_token(), []

    def stop():
        for _ in range(300):  # nearly as long as the query takes, since a busy machine may start it late
            time.sleep(0.05)
            if event_store().cancel(scope.environment_id, token):
                stopped.append(True)
                break
        connection.close()

    other = threading.Thread(target=stop)
    other.start()
    with pytest.raises(QueryCancelled):
        run(graph_of(scope, PAGEVIEW), token=token)
    other.join()

    assert stopped


@pytest.mark.parametrize("token", ["", "nonsense", "' or true --", "0123456789abcdef0123456789abcdef"])
def test_nothing_is_cancelled_by_a_token_that_names_nothing(scope, token):
    assert event_store().cancel(scope.environment_id, token) is False


@pytest.mark.django_db(transaction=True)
def test_a_token_is_of_one_environment(slow):
    scope, token, answers = Scope.of(EnvironmentFactory()), new_token(), []

    def stop():
        time.sleep(0.5)
        answers.append(event_store().cancel(scope.environment_id + 1, token))
        answers.append(event_store().cancel(scope.environment_id, token))
        connection.close()

    other = threading.Thread(target=stop)
    other.start()
    with pytest.raises(QueryCancelled):
        run(graph_of(scope, PAGEVIEW), token=token)
    other.join()

    assert answers == [False, True]


@pytest.mark.django_db(transaction=True)
def test_a_query_runs_in_one_snapshot_that_cannot_write(monkeypatch):
    seen = []
    monkeypatch.setattr(
        registry,
        "_answer",
        lambda *_: seen.append((rows("show transaction_isolation"), rows("show transaction_read_only"))),
    )

    with pytest.raises(AttributeError):  # the made-up answer is None
        run(graph_of(Scope.of(EnvironmentFactory()), PAGEVIEW))

    assert seen == [([("repeatable read",)], [("on",)])]


# --- Isolation ----------------------------------------------------------------------------------------------------


def test_definitions_and_segments_of_another_environment_are_not_found(scope):
    lineage = uuid4()
    segment = SegmentFactory(lineage=lineage)
    definition = DefinitionFactory(environment=segment.environment)

    with pytest.raises(BadQuery):
        run(graph_of(scope, refers_to(definition)))
    with pytest.raises(BadQuery):
        run(graph_of(scope, PAGEVIEW, segments=(lineage,)))


def test_the_same_lineage_means_each_environments_own_definition(scope):
    elsewhere = DefinitionFactory(name="Theirs")
    DefinitionFactory(environment_id=scope.environment_id, lineage=elsewhere.lineage, name="Ours")

    assert run(graph_of(scope, refers_to(elsewhere))).lines[0].label == "Ours"


# --- One number on all pages ---------------------------------------------------------------------------------


def test_a_definition_reads_all_past_data(environment, scope):
    make_events(environment.pk, 100)
    where = Group((Condition(Field(Source.PROPERTY, "plan"), Operator.IS, "plan 3"),))
    definition = DefinitionFactory(
        environment=environment, body=DefinitionBody((Selection(SIGNED_UP, where),)).to_json(), name="Plan 3"
    )

    result = run(graph_of(scope, refers_to(definition), span=Span(90)), now=NOW)

    assert (result.total, result.lines[0].label) == (4, "Plan 3")


def test_the_largest_20_groups_have_a_line_and_the_rest_are_one(environment, scope):
    make_events(environment.pk, 110, groups=25)

    result = run(graph_of(scope, SIGNED_UP, by=Field(Source.PROPERTY, "plan"), span=Span(90)), now=NOW)

    assert [each.label for each in result.lines[:3]] == ["plan 1", "plan 10", "plan 2"]
    assert (len(result.lines), result.lines[20].is_other, result.lines[20].label) == (21, True, "everything else (5)")
    assert sum(each.total for each in result.lines) == result.total == 110


def test_people_in_several_groups_count_once_in_other_and_in_the_total(environment, scope):
    for n in range(23):
        make_events(environment.pk, 1, name="Signed up", groups=n + 1)
        rows(
            "update events set properties = jsonb_build_object('plan', %s::text) where not properties ? 'seen'", f"p{n}"
        )
        rows("update events set properties = properties || '{\"seen\": 1}'")

    result = run(graph_of(scope, SIGNED_UP, Counts.USERS, Span(90), by=Field(Source.PROPERTY, "plan")), now=NOW)

    assert (result.lines[20].total, result.total) == (1, 1)


QUESTIONS = {
    "graph": lambda scope: graph_of(scope, SIGNED_UP, Counts.PER_USER, Span(7)),
    "grouped": lambda scope: graph_of(scope, SIGNED_UP, Counts.USERS, Span(7), by=Field(Source.EVENT, "path")),
    "funnel": lambda scope: Funnel(scope, (Selection(SIGNED_UP), Selection(SIGNED_UP)), span=Span(7)),
    "retention": lambda scope: Retention(scope, Selection(SIGNED_UP), Selection(SIGNED_UP), Unit.DAY, Span(7)),
    "sessions": lambda scope: Sessions(scope),
    "stickiness": lambda scope: Stickiness(scope, SIGNED_UP, span=Span(7)),
    "paths": lambda scope: Paths(scope, Selection(SIGNED_UP), span=Span(7)),
    "lifecycle": lambda scope: Lifecycle(scope, SIGNED_UP, span=Span(7)),
    "users": lambda scope: Users(scope),
}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_the_csv_holds_the_tables_numbers(environment, scope, kind):
    make_events(environment.pk, 500)
    rows(
        "insert into people (environment_id, actor_id, properties, first_seen_at, last_seen_at) "
        "values (%s, 1, '{\"plan\": 5}', now(), now())",
        environment.pk,
    )

    result = run(QUESTIONS[kind](scope), now=NOW)

    table = result.table()
    header = [column.name for column in table.columns]
    text = "".join(csv_lines(header, table.rows)).removeprefix("\ufeff")
    lines = list(csv.reader(io.StringIO(text)))
    assert lines[0] == header
    assert lines[1:] == [["" if cell is None else str(cell) for cell in row] for row in table.rows]
    assert len(table.rows) > 0


def test_a_graphs_table_holds_the_charts_numbers(environment, scope):
    make_events(environment.pk, 500)

    result = run(QUESTIONS["grouped"](scope), now=NOW)

    *by_day, totals = result.table().rows
    assert [row[1] for row in by_day] == list(result.lines[0].values)
    assert list(totals[1:]) == [each.total for each in result.lines]
    assert [column.shown for column in result.table().columns[:2]] == [Shown.TIME, Shown.NUMBER]


def test_compared_segments_have_a_line_each(environment, scope):
    make_events(environment.pk, 80)
    rows(
        "insert into people (environment_id, actor_id, properties, first_seen_at, last_seen_at) "
        'values (%s, 1, \'{"plan": "team"}\', now(), now())',
        environment.pk,
    )
    segment = SegmentFactory(environment=environment, name="In team plan")

    compare = (Compared(None), Compared(segment.lineage))
    result = run(graph_of(scope, SIGNED_UP, span=Span(90), compare=compare), now=NOW)

    assert [(each.label, each.total) for each in result.lines] == [("Everyone", 80), ("In team plan", 2)]
    assert result.total is None


def test_a_segment_that_is_gone_is_said_in_words(scope):
    with pytest.raises(BadQuery, match="not there any more"):
        run(graph_of(scope, PAGEVIEW, segments=(uuid4(),)))


def test_definitions_that_contain_each_other_are_refused(environment, scope):
    first, second = uuid4(), uuid4()
    for one, other in ((first, second), (second, first)):
        body = DefinitionBody((Selection(EventReference(RefersTo.DEFINITION, str(other))),))
        DefinitionFactory(environment=environment, lineage=one, body=body.to_json())

    with pytest.raises(BadQuery, match="contains itself"):
        run(graph_of(scope, EventReference(RefersTo.DEFINITION, str(first))))


def test_definitions_that_multiply_are_refused(environment, scope):
    lineages = [uuid4() for _ in range(8)]
    for lineage, below in zip(lineages, [*lineages[1:], None], strict=True):
        event = EventReference(RefersTo.DEFINITION, str(below)) if below else PAGEVIEW
        DefinitionFactory(
            environment=environment, lineage=lineage, body=DefinitionBody((Selection(event),) * 3).to_json()
        )

    with pytest.raises(BadQuery, match="too many"):
        run(graph_of(scope, EventReference(RefersTo.DEFINITION, str(lineages[0]))))


# --- Plans --------------------------------------------------------------------------------------------------------


BY_NAME_ALONE = r"Index Only Scan using events_\w+_environment_id_kind_name_time"


def plan(statement, sql):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local max_parallel_workers_per_gather = 0")
        cursor.execute(f"explain (costs off) {sql}", statement.parameters)
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.fixture
def busy(transactional_db):
    """An environment with one rare event among many others, and a second environment, after a vacuum."""
    environment = EnvironmentFactory()
    make_events(environment.pk, 300)
    make_events(environment.pk, 20_000, name="everything else (5)")
    make_events(environment.pk + 1, 20_000)
    rows("vacuum analyze events")
    return environment


@pytest.mark.parametrize("counts", [Counts.EVENTS, Counts.USERS, Counts.SESSIONS, Counts.PER_USER])
def test_a_graph_of_a_named_event_reads_the_index_alone(busy, counts):
    graph = graph_of(Scope.of(busy), SIGNED_UP, counts, Span(30))
    statement = Statement(Scope.of(busy), Glossary(has_merges=False), NOW, POSTGRESQL)

    found = plan(
        statement,
        counting_sql(statement, graph.countings[0], buckets(graph.span, graph.unit, NOW, Scope.of(busy).zone)),
    )

    assert re.search(BY_NAME_ALONE, found)
    assert "Seq Scan" not in found


def test_a_funnel_of_named_events_reads_the_index_alone(busy):
    funnel = Funnel(Scope.of(busy), (Selection(SIGNED_UP), Selection(EventReference(RefersTo.CUSTOM, "Paid"))))
    statement = Statement(Scope.of(busy), Glossary(has_merges=False), NOW, POSTGRESQL)

    found = plan(statement, funnel_sql(statement, funnel, *funnel.span.bounds(NOW, Scope.of(busy).zone)))

    assert len(re.findall(BY_NAME_ALONE, found)) == 2
    assert "Seq Scan" not in found


def test_a_definition_of_several_events_uses_the_index(busy):
    body = DefinitionBody((Selection(SIGNED_UP), Selection(EventReference(RefersTo.CUSTOM, "Paid"))))
    definition = DefinitionFactory(environment=busy, body=body.to_json())
    graph = graph_of(Scope.of(busy), refers_to(definition))
    statement = Statement(Scope.of(busy), glossary_for(graph, has_merges=False), NOW, POSTGRESQL)

    found = plan(
        statement,
        counting_sql(statement, graph.countings[0], buckets(graph.span, graph.unit, NOW, Scope.of(busy).zone)),
    )

    assert re.search(BY_NAME_ALONE, found)
    assert "Seq Scan" not in found


def test_only_months_of_the_span_are_looked_at(busy):
    graph = graph_of(Scope.of(busy), SIGNED_UP, span=Span(7))
    statement = Statement(Scope.of(busy), Glossary(has_merges=False), NOW, POSTGRESQL)

    found = plan(
        statement,
        counting_sql(statement, graph.countings[0], buckets(graph.span, graph.unit, NOW, Scope.of(busy).zone)),
    )

    assert len(re.findall(r" on events_\w+", found)) == 1


def test_statements_carry_no_values_in_their_text(scope):
    odd = "Robert'); drop table events; --"
    where = Group((Condition(Field(Source.PROPERTY, odd), Operator.CONTAINS, odd),))
    graph = graph_of(scope, EventReference(RefersTo.CUSTOM, odd), where=where, by=Field(Source.USER, odd))
    statement = Statement(scope, Glossary(), NOW, POSTGRESQL)

    sql = counting_sql(statement, graph.countings[0], buckets(graph.span, graph.unit, NOW, scope.zone))

    assert odd not in sql
    assert run(graph, now=NOW).total == 0


def test_sessions_and_segments_of_sessions_can_be_asked(environment, scope):
    make_events(environment.pk, 60)

    body = SegmentBody((ClauseGroup((Did(Selection(SESSION), times=1),)),))
    segment = SegmentFactory(environment=environment, body=body.to_json())

    result = run(graph_of(scope, SESSION, span=Span(90), segments=(segment.lineage,)), now=NOW)

    assert result.total == 13  # sessions are n / 5
