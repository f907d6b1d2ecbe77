"""Sample definitions, segments and reports about the made-up shop, with the reports on the dashboard."""

from datetime import timedelta
from uuid import uuid4

from django.db import transaction

from accounts.models import User
from analytics import actions
from analytics.dashboards.kept import OVERVIEW
from analytics.dashboards.tiles import Shows, Size, Tile, write_tiles
from analytics.definitions.bodies import Clause, ClauseGroup, DefinitionBody, SegmentBody
from analytics.kinds.funnel.question import Funnel
from analytics.kinds.graph.question import Chart, Graph, Series
from analytics.kinds.retention.question import Retention
from analytics.models import Dashboard
from analytics.questions.before import Before
from analytics.questions.conditions import Condition, Field, Group, Operator
from analytics.questions.query import PAGEVIEW, SESSION, Counts, Did, EventReference, Query, RefersTo, Scope, Selection
from analytics.questions.spans import Span, Unit
from projects.models import Environment

ORDER = EventReference(RefersTo.CUSTOM, "Order placed")
CLICK = EventReference(RefersTo.KIND, "click")


@transaction.atomic
def ask(environment: Environment, by: User) -> None:
    """Create definitions, segments and reports in `environment`, and a dashboard of the reports."""
    looked = _define(environment, by, "Product viewed", PAGEVIEW, "event:path", Operator.MATCHES, "/shop/*/*")
    added = _define(environment, by, "Added to cart", CLICK, "event:target_text", Operator.IS, "Add to cart")
    began = _define(environment, by, "Checkout started", PAGEVIEW, "event:path", Operator.IS, "/checkout")
    _segments(environment, by)
    scope = Scope.of(environment)
    payment = Field.parse("property:payment")
    steps = tuple(Selection(event) for event in (looked, added, began, ORDER))
    queries: dict[str, Query] = {
        "Visitors by day": Graph(scope, (Series(PAGEVIEW, Counts.USERS),), before=Before.PERIOD),
        "Orders by way of payment": Graph(
            scope, (Series(ORDER),), span=Span(90), unit=Unit.WEEK, by=(payment,), chart=Chart.BAR
        ),
        "From a product to an order": Funnel(scope, steps, within=timedelta(days=7), span=Span(90)),
        "Who comes back": Retention(scope, Selection(SESSION), Selection(SESSION)),
    }
    reports = {}
    for name, query in queries.items():
        reports[name] = actions.create_report(environment=environment, name=name, query=query, by=by).lineage
    visitors, *others = reports.values()
    tiles = [
        Tile(uuid4(), Size.MEDIUM, Shows.NUMBER, visitors),
        Tile(uuid4(), Size.MEDIUM, text="This shop is made up, like everybody in it."),
        Tile(uuid4(), Size.WIDE, report=visitors),
        Tile(uuid4(), heading="From looking to buying"),
        *(Tile(uuid4(), report=lineage) for lineage in others),
    ]
    body = write_tiles({}, tiles)
    Dashboard.objects.create(
        environment=environment, lineage=OVERVIEW, name="Overview", body=body, created_by=by, changed_by=by
    )


def _define(
    environment: Environment, by: User, name: str, event: EventReference, field: str, operator: Operator, value: str
) -> EventReference:
    """Create a definition with one condition; returns a reference to it."""
    body = DefinitionBody((Selection(event, Group((Condition(Field.parse(field), operator, value),))),))
    made = actions.create_definition(environment=environment, name=name, body=body, by=by)
    return EventReference(RefersTo.DEFINITION, str(made.lineage))


def _segments(environment: Environment, by: User) -> None:
    club = Condition(Field.parse("user:plan"), Operator.IS, "club")
    segments: dict[str, Clause] = {"Club members": club, "Bought something": Did(Selection(ORDER))}
    for name, clause in segments.items():
        body = SegmentBody((ClauseGroup((clause,)),))
        actions.create_segment(environment=environment, name=name, body=body, by=by)
