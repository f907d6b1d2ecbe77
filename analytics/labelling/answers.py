"""What labelling tells of an element and of a page: counts, definitions, clicks. ElementCounts as reports count."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from analytics.definitions.bodies import DefinitionBody
from analytics.kinds.graph.question import Graph, Series
from analytics.kinds.registry import run
from analytics.labelling.elements import Element, PagePlace
from analytics.models import Definition
from analytics.questions.query import LAST_7_DAYS, LAST_30_DAYS, Counts, Scope, Selection
from analytics.questions.spans import Span
from analytics.store.current import event_store
from analytics.store.protocol import ElementEvent
from common import links
from projects.models import Environment

TIME_LIMIT = timedelta(seconds=10)  # of a count
NEWEST = 5
MOST_DEFINITIONS = 300  # of an environment, by name
MOST_SHOWN = 100  # definitions of one page
MOST_CLICKS = 200  # elements
MOST_PAGES = 50


@dataclass(frozen=True)
class ElementCounts:
    """`days` has the events of each of the last 30 days, today's last. `url` is the path of the same graph."""

    events_7: int
    people_7: int
    events_30: int
    people_30: int
    days: tuple[int, ...]
    newest: tuple[ElementEvent, ...]
    url: str


@dataclass(frozen=True)
class DefinitionOnPage:
    """A definition that may happen on a page. `events` of the last seven days were on it."""

    lineage: UUID
    name: str
    body: DefinitionBody
    events: int


def count(environment: Environment, selection: Selection) -> ElementCounts:
    """Raises BadQuery, and what `run` raises."""
    now = timezone.now()
    month, week = _graph(environment, selection, LAST_30_DAYS), _graph(environment, selection, LAST_7_DAYS)
    events, people = run(month, now=now, limit=TIME_LIMIT).lines
    events_7, people_7 = run(week, now=now, limit=_left(now)).lines
    newest = event_store().newest_of(Scope.of(environment), selection, NEWEST) if events.total else []
    return ElementCounts(
        int(events_7.total or 0),
        int(people_7.total or 0),
        int(events.total or 0),
        int(people.total or 0),
        tuple(int(each or 0) for each in events.values),
        tuple(newest),
        f"{reverse('analytics:graph', args=[environment.app_id])}?{urlencode(list(month.parameters()))}",
    )


def _graph(environment: Environment, selection: Selection, span: Span) -> Graph:
    series = tuple(Series(selection.event, counts, where=selection.where) for counts in (Counts.EVENTS, Counts.USERS))
    return Graph(Scope.of(environment), series=series, span=span)


def _left(since: datetime) -> timedelta:
    return max(TIME_LIMIT - (timezone.now() - since), timedelta(seconds=1))


def covered_by(environment: Environment, kind: str, element: Element, page: PagePlace) -> list[tuple[UUID, str]]:
    """The definitions to which such an event would belong: lineage and name."""
    names = {lineage: name for lineage, (name, _) in _definitions(environment).items()}
    event = {"kind": kind} | element.columns | page.columns
    return [(each, names[each]) for each in event_store().meanings_of(Scope.of(environment), event, list(names))]


def definitions_on(environment: Environment, page: PagePlace) -> list[DefinitionOnPage]:
    """The definitions of clicks, changes and submits that may happen on a page."""
    known = _definitions(environment)
    counts = event_store().counts_on_page(Scope.of(environment), _place(page), list(known), MOST_SHOWN)
    return [DefinitionOnPage(lineage, *known[lineage], events) for lineage, events in counts.items()]


def elements_on(environment: Environment, page: PagePlace, kind: str, most: int) -> list[tuple[Element, int]]:
    """The elements of a page to which this happened in the last seven days, and how often."""
    found = event_store().elements_of(Scope.of(environment), _place(page), kind, most)
    return [(Element(*each.texts), each.events) for each in found]


def pages(environment: Environment) -> list[tuple[PagePlace, int]]:
    """The pages where most happened in the last seven days, and how much."""
    found = event_store().busy_pages(Scope.of(environment), MOST_PAGES)
    return [(PagePlace(domain, path), events) for domain, path, events in found]


def absolute(environment: Environment, lineage: UUID) -> str:
    """The address of a definition's page."""
    return links.absolute(reverse("analytics:definition", args=[environment.app_id, lineage]))


def _place(page: PagePlace) -> dict[str, str]:
    """By which columns of its events a page is found: where its fragment is a route, by that too."""
    found = {"domain": page.domain, "path": page.path, "hash": page.route}
    return {name: value for name, value in found.items() if value}


def _definitions(environment: Environment) -> dict[UUID, tuple[str, DefinitionBody]]:
    """Name and body of each, without those that cannot be read any more and those that are made of them."""
    found = Definition.objects.filter(environment=environment).order_by("name", "pk")
    rows = found.values_list("lineage", "name", "body")[:MOST_DEFINITIONS]
    read = {lineage: (name, DefinitionBody.if_readable(body)) for lineage, name, body in rows}
    without = {lineage for lineage, (_, body) in read.items() if body is None}
    known = {lineage: (name, body) for lineage, (name, body) in read.items() if body is not None}
    while without:
        without = {lineage for lineage, (_, body) in known.items() if without.intersection(body.lineages())}
        known = {lineage: named for lineage, named in known.items() if lineage not in without}
    return known
