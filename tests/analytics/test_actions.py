"""Changes to definitions, segments, reports and the dashboard."""

from dataclasses import replace

import pytest

from accounts.models import Activity
from analytics import actions
from analytics.definitions.bodies import ClauseGroup, DefinitionBody, SegmentBody
from analytics.kinds.funnel.question import Funnel
from analytics.kinds.graph.question import Graph, Series
from analytics.kinds.registry import parse
from analytics.models import Definition, Report, Segment
from analytics.questions.conditions import BadQuery
from analytics.questions.query import PAGEVIEW, Did, Scope, Selection
from tests.analytics.factories import (
    ANY_PAGEVIEW,
    IN_TEAM_PLAN,
    DefinitionFactory,
    ReportFactory,
    SegmentFactory,
    refers_to,
)
from tests.factories import EnvironmentFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def environment():
    return EnvironmentFactory()


@pytest.fixture
def ada():
    return UserFactory()


def graph_of(environment, definition=None):
    return Graph(Scope.of(environment), (Series(refers_to(definition) if definition else PAGEVIEW),))


def test_a_definition_says_who_made_it_and_the_activity_tells(environment, ada):
    made = actions.create_definition(environment=environment, name="Signup", body=ANY_PAGEVIEW, by=ada)

    assert (made.created_by, made.changed_by, made.version) == (ada, ada, 1)
    assert Activity.objects.get().verb == "definition.create"


def test_a_change_writes_who_and_counts_the_version(environment, ada):
    definition = DefinitionFactory(environment=environment)

    changed = actions.change_definition(
        definition=definition, name="New", body=ANY_PAGEVIEW, notes="why", version=1, by=ada
    )

    assert (changed.name, changed.notes, changed.version, changed.changed_by) == ("New", "why", 2, ada)


def test_the_second_of_two_editors_is_told_and_overwrites_nothing(environment, ada):
    report = ReportFactory(environment=environment)
    actions.rename_report(report=report, name="First", notes="", version=1, by=ada)

    with pytest.raises(actions.Conflict) as caught:
        actions.rename_report(report=report, name="Second", notes="", version=1, by=UserFactory())

    assert (caught.value.current.name, caught.value.current.changed_by) == ("First", ada)
    assert Report.objects.get().name == "First"


def test_changing_what_was_deleted_meanwhile_says_so(environment, ada):
    segment = SegmentFactory(environment=environment)
    Segment.objects.all().delete()

    with pytest.raises(actions.Gone):
        actions.change_segment(segment=segment, name="New", body=IN_TEAM_PLAN, notes="", version=1, by=ada)


def test_a_definition_that_is_used_goes_only_when_asked_twice(environment, ada):
    definition = DefinitionFactory(environment=environment)
    report = actions.create_report(environment=environment, name="R", query=graph_of(environment, definition), by=ada)
    above = DefinitionFactory(
        environment=environment, body=DefinitionBody((Selection(refers_to(definition)),)).to_json()
    )
    did = SegmentBody((ClauseGroup((Did(Selection(refers_to(definition))),)),))
    segment = SegmentFactory(environment=environment, body=did.to_json())

    with pytest.raises(actions.InUse) as caught:
        actions.delete_definition(definition=definition, by=ada)
    actions.delete_definition(definition=definition, by=ada, although_used=True)

    users = caught.value.users
    assert (users.reports, users.definitions, users.segments) == ([report], [above], [segment])
    assert not Definition.objects.filter(pk=definition.pk).exists()


def test_a_segment_that_a_report_uses_goes_only_when_asked_twice(environment, ada):
    segment = SegmentFactory(environment=environment)
    query = replace(graph_of(environment), segments=(segment.lineage,))
    actions.create_report(environment=environment, name="R", query=query, by=ada)

    with pytest.raises(actions.InUse):
        actions.delete_segment(segment=segment, by=ada)

    assert Segment.objects.exists()


def test_a_definition_cannot_be_made_of_itself(environment, ada):
    inner = DefinitionFactory(environment=environment)
    outer = DefinitionFactory(environment=environment, body=DefinitionBody((Selection(refers_to(inner)),)).to_json())
    circle = DefinitionBody((Selection(refers_to(outer)),))

    with pytest.raises(BadQuery, match="itself"):
        actions.change_definition(definition=inner, name="X", body=circle, notes="", version=1, by=ada)


def test_nothing_can_refer_to_another_environments_definition(environment, ada):
    foreign = DefinitionFactory()

    with pytest.raises(BadQuery):
        actions.create_report(environment=environment, name="R", query=graph_of(environment, foreign), by=ada)
    with pytest.raises(BadQuery):
        body = DefinitionBody((Selection(refers_to(foreign)),))
        actions.create_definition(environment=environment, name="D", body=body, by=ada)
    with pytest.raises(BadQuery):
        did = SegmentBody((ClauseGroup((Did(Selection(refers_to(foreign))),)),))
        actions.create_segment(environment=environment, name="S", body=did, by=ada)


def test_a_query_of_another_environment_cannot_be_saved(environment, ada):
    with pytest.raises(BadQuery):
        actions.create_report(environment=environment, name="R", query=graph_of(EnvironmentFactory()), by=ada)


def test_a_report_gives_back_the_query_it_was_made_of(environment, ada):
    scope = Scope.of(environment)
    funnel = Funnel(scope, (Selection(PAGEVIEW), Selection(PAGEVIEW)))

    report = actions.create_report(environment=environment, name="R", query=funnel, by=ada)

    assert parse(report.kind, actions.parameters_of(report), scope).query == funnel
