"""Analytics' rows with the least that is valid."""

from datetime import UTC, datetime
from typing import Any

import factory

from analytics.definitions.bodies import ClauseGroup, DefinitionBody, SegmentBody
from analytics.kinds.graph.question import Graph, Series
from analytics.models import Dashboard, Definition, Expiry, Pin, Report, Segment, SharedLink
from analytics.questions.conditions import Condition, Field, Operator, Source
from analytics.questions.query import (
    LAST_30_DAYS,
    PAGEVIEW,
    Builtin,
    Counts,
    EventReference,
    RefersTo,
    Scope,
    Selection,
)
from analytics.questions.spans import Span, Unit
from analytics.shared_links.secret import PURPOSE, digest_of, new_nonce
from common import links
from tests.factories import EnvironmentFactory, UserFactory

ANY_EVENT = EventReference(RefersTo.BUILTIN, Builtin.ANY)
ANY_PAGEVIEW = DefinitionBody((Selection(PAGEVIEW),))
IN_TEAM_PLAN = SegmentBody((ClauseGroup((Condition(Field(Source.USER, "plan"), Operator.IS, "team"),)),))


class KeptFactory(factory.django.DjangoModelFactory):
    class Meta:
        abstract = True

    environment = factory.SubFactory(EnvironmentFactory)
    created_by = factory.SubFactory(UserFactory)
    changed_by = factory.SelfAttribute("created_by")


class DefinitionFactory(KeptFactory):
    class Meta:
        model = Definition

    name = factory.Sequence(lambda n: f"Definition {n}")
    body = factory.LazyFunction(ANY_PAGEVIEW.to_json)


class SegmentFactory(KeptFactory):
    class Meta:
        model = Segment

    name = factory.Sequence(lambda n: f"Segment {n}")
    body = factory.LazyFunction(IN_TEAM_PLAN.to_json)


class ReportFactory(KeptFactory):
    class Meta:
        model = Report

    name = factory.Sequence(lambda n: f"Report {n}")
    kind = "graph"
    body = factory.LazyFunction(lambda: {"parameters": [["event", "builtin:pageview"]]})


class DashboardFactory(KeptFactory):
    class Meta:
        model = Dashboard

    name = factory.Sequence(lambda n: f"Dashboard {n}")
    body = factory.LazyFunction(lambda: {"tiles": []})


class PinFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Pin

    report = factory.SubFactory(ReportFactory)
    environment = factory.SelfAttribute("report.environment")
    position = 0


class SharedLinkFactory(factory.django.DjangoModelFactory):
    """A link to a new report, or to `shown`, which is no field. Its secret is `secret_of(link)`."""

    class Meta:
        model = SharedLink
        exclude = ("shown",)

    shown = factory.SubFactory(ReportFactory)
    environment = factory.SelfAttribute("shown.environment")
    noun = factory.LazyAttribute(lambda link: link.shown._meta.model_name)
    lineage = factory.SelfAttribute("shown.lineage")
    name = factory.Sequence(lambda n: f"Board {n}")
    nonce = factory.LazyFunction(new_nonce)
    digest = factory.LazyAttribute(lambda link: digest_of(links.secret(PURPOSE, link.nonce)))


def refers_to(definition: Definition) -> EventReference:
    return EventReference(RefersTo.DEFINITION, str(definition.lineage))


class ExpiryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Expiry

    environment = factory.SubFactory(EnvironmentFactory)
    before = datetime(2026, 1, 1, tzinfo=UTC)


def graph_of(
    scope: Scope,
    event: EventReference,
    counts: Counts = Counts.EVENTS,
    span: Span = LAST_30_DAYS,
    unit: Unit = Unit.DAY,
    by: Field | None = None,
    **more: Any,
) -> Graph:
    """A graph of one series without filters of its own, by one property at most."""
    return Graph(scope, (Series(event, counts),), span, unit, (by,) if by else (), **more)
