"""Slow questions in the log, and all of them in the metrics."""

import io
import json
import logging
from datetime import timedelta
from uuid import uuid4

import pytest

from accounts import current_request
from analytics.kinds import watch
from analytics.kinds.registry import run
from analytics.questions.conditions import BadQuery, Condition, Field, Group, Operator, Source
from analytics.questions.query import PAGEVIEW, EventReference, RefersTo, Scope
from analytics.store.failures import QueryTimeout
from common.metrics import REGISTRY
from common.request_ids import RequestNote, working_for
from heapadmin.log_limits import LimitedHandler
from heapadmin.log_lines import JsonFormatter
from tests.analytics.factories import DefinitionFactory, graph_of
from tests.factories import EnvironmentFactory

SECRET = "ann@example.com"


@pytest.fixture
def environment(db):
    return EnvironmentFactory()


@pytest.fixture
def scope(environment):
    return Scope.of(environment)


@pytest.fixture
def lines():
    """What the log says, as JSON, as it is written."""
    stream = io.StringIO()
    handler = LimitedHandler(stream, 3_600)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("analytics.kinds.watch")
    logger.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)
    handler.close()


@pytest.fixture
def asked_by():
    token = current_request._person.set(42)
    yield 42
    current_request._person.reset(token)


def counted(outcome, kind="graph"):
    return REGISTRY.get_sample_value("heapadmin_questions_total", {"kind": kind, "outcome": outcome}) or 0


def made_slow(monkeypatch):
    monkeypatch.setattr(
        "analytics.kinds.graph.counting.counting_sql",
        lambda statement, *_: statement.text("select 0, null, null, 0, pg_sleep(20)"),
    )


def test_a_slow_question_is_told_with_who_what_and_how_long(environment, scope, lines, settings, asked_by):
    settings.SLOW_QUESTION_SECONDS = 0
    definition = DefinitionFactory(environment=environment)
    personal = Group((Condition(Field(Source.USER, "email"), Operator.IS, SECRET),))
    event = EventReference(RefersTo.DEFINITION, str(definition.lineage))

    with working_for(RequestNote("slow-page")):
        run(graph_of(scope, event, where=personal))

    [line] = lines()
    assert line["request_id"] == "slow-page"
    assert (line["kind"], line["environment_id"], line["user_id"]) == ("graph", scope.environment_id, asked_by)
    assert (line["outcome"], line["conditions"], line["segments"]) == ("answered", 1, "")
    assert line["events"] == f"definition:{definition.lineage}"
    assert line["range"] and line["seconds"] >= 0
    assert str(definition.lineage) in line["message"]
    assert SECRET not in json.dumps(line)


def test_a_quick_one_is_not_told(scope, lines, settings):
    settings.SLOW_QUESTION_SECONDS = 3_600
    run(graph_of(scope, PAGEVIEW))

    assert lines() == []


def test_one_that_was_stopped_is_told_too(scope, lines, settings, monkeypatch):
    settings.SLOW_QUESTION_SECONDS = 0.1
    made_slow(monkeypatch)
    with pytest.raises(QueryTimeout):
        run(graph_of(scope, PAGEVIEW), limit=timedelta(seconds=0.2))

    [line] = lines()
    assert line["outcome"] == "put_off" and line["seconds"] >= 0.2


def test_many_of_one_person_are_one_line_and_those_of_others_another(scope, lines, settings, asked_by):
    settings.SLOW_QUESTION_SECONDS = 0
    for _ in range(3):
        run(graph_of(scope, PAGEVIEW))
    current_request._person.set(43)
    run(graph_of(scope, PAGEVIEW))

    assert [line["user_id"] for line in lines()] == [42, 43]


def test_a_hostile_name_of_an_event_is_one_line(scope, lines, settings):
    settings.SLOW_QUESTION_SECONDS = 0
    run(graph_of(scope, EventReference(RefersTo.CUSTOM, "a\nERROR \x1b[2J" + "x" * 900)))

    [line] = lines()
    assert not set("\n\x1b") & set(line["message"] + line["events"])


def test_outcomes_are_counted(scope, monkeypatch):
    before = {outcome: counted(outcome) for outcome in ("answered", "bad", "put_off", "too_slow")}
    seconds = REGISTRY.get_sample_value("heapadmin_question_seconds_count", {"kind": "graph"}) or 0

    run(graph_of(scope, PAGEVIEW))
    with pytest.raises(BadQuery):
        run(graph_of(scope, EventReference(RefersTo.DEFINITION, str(uuid4()))))
    made_slow(monkeypatch)
    for usual in (timedelta(seconds=30), timedelta(milliseconds=50)):
        monkeypatch.setattr(watch, "TIME_LIMIT", usual)
        with pytest.raises(QueryTimeout):
            run(graph_of(scope, PAGEVIEW), limit=timedelta(milliseconds=50))

    assert {outcome: counted(outcome) - count for outcome, count in before.items()} == dict.fromkeys(before, 1)
    assert REGISTRY.get_sample_value("heapadmin_question_seconds_count", {"kind": "graph"}) == seconds + 4
