"""One search over everything in an environment: what is kept, what arrives, people by their identity, pages.

It is bounded: some rows of each sort, and the events are read for so many seconds and no longer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, Q, Value, When
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import Truncator
from django.views.decorators.http import require_safe

from accounts.policy import Can
from analytics.dashboards.kept import tiles_of_all
from analytics.definitions.lineages import DASHBOARD
from analytics.forms.search import about
from analytics.models import MODELS, NameNote
from analytics.questions.conditions import Source
from analytics.questions.query import ANY_EVENT, RefersTo, Scope
from analytics.store.catalogue import SaidOfName
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from analytics.views.pages import page
from common.htmx import is_part, varying
from events.identity import actor_of
from projects.door import environment_view
from projects.models import Environment

MOST = 10  # results of one sort
MAX_TEXT = 255  # characters, as many as an identity has
SECONDS = 2.0  # after which no further names are read from the events


@dataclass(frozen=True)
class Hit:
    name: str
    url: str
    note: str = ""


@dataclass(frozen=True)
class FoundGroup:
    """The results of one sort; `more_url` leads to all of them, if there are more."""

    title: str
    hits: list[Hit] = field(default_factory=list)
    more_url: str = ""


@require_safe
@environment_view(Can.VIEW)
def search(request: HttpRequest, environment: Environment) -> HttpResponse:
    """`?q=` is the text; htmx gets the results alone. The template adds the pages of the console, which it knows."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:MAX_TEXT]
    context: dict[str, Any] = {"text": text, "groups": [], "is_cut": False}
    if text:
        collected = _Collected(environment, text)
        kept = [*_kept(environment, text), *_dashboards(environment, text)]
        found = [*kept, *collected.found(), _people(environment, text)]
        context |= {"groups": [group for group in found if group.hits], "is_cut": collected.is_cut}
    template = "analytics/search_found.html" if is_part(request) else "analytics/search.html"
    return varying(page(request, environment, template, context))


def _kept(environment: Environment, text: str) -> Iterator[FoundGroup]:
    """Definitions, segments and reports with this in their name, or with this tag; names that begin with it first."""
    begins = Case(When(name__istartswith=text, then=Value(0)), default=Value(1))
    for noun, model in MODELS.items():
        if noun == DASHBOARD:
            continue  # without a list that can be narrowed; see _dashboards
        fits = Q(name__icontains=text) | Q(tags__contains=[text.lower()])
        rows = model._default_manager.filter(fits, environment=environment).order_by(begins, "name", "pk")
        found = list(rows.values_list("name", "lineage", "tags")[: MOST + 1])
        more = f"{_url(environment, f'{noun}_list')}?{urlencode({'q': text})}" if len(found) > MOST else ""
        hits = [Hit(name, _url(environment, noun, key), ", ".join(tags)) for name, key, tags in found[:MOST]]
        yield FoundGroup(f"{noun.capitalize()}s", hits, more)


def _dashboards(environment: Environment, text: str) -> Iterator[FoundGroup]:
    """Dashboards by their name, and the tiles that show a report or a question of this name, or say it."""
    found, tiles = [], []
    for each, shown in tiles_of_all(environment):
        url = _url(environment, "dashboard_page", each.lineage)
        if text.lower() in each.name.lower():
            found.append(Hit(each.name, url))
        for tile, name in shown:
            if text.lower() in name.lower():
                tiles.append(Hit(Truncator(name).chars(MAX_TEXT), f"{url}#tile-{tile}", each.name))
    yield FoundGroup("Dashboards", found[:MOST])
    yield FoundGroup("On dashboards", tiles[:MOST])


class _Collected:
    """Names that occur in the events, each with the question that shows it. `is_cut`: reading them took too long."""

    def __init__(self, environment: Environment, text: str) -> None:
        self.environment, self.text = environment, text
        self.is_cut = False

    def found(self) -> Iterator[FoundGroup]:
        ends = monotonic() + SECONDS
        store, scope = event_store(), Scope.of(self.environment)
        properties, of_people = Source.PROPERTY, Source.USER
        for title, kind, names, parameters in (
            ("Events", RefersTo.CUSTOM, lambda: store.event_names(scope, self.text), _event),
            ("Properties of events", properties, lambda: store.property_names(scope, properties, self.text), _property),
            (
                "Properties of people",
                of_people,
                lambda: store.property_names(scope, of_people, self.text),
                _property_of_people,
            ),
        ):
            found = self._read(names, ends)[:MOST]
            notes = self._notes(kind, found)
            yield FoundGroup(title, [self._hit(name, parameters(name), notes.get(name, "")) for name in found])

    def _read(self, names: Callable[[], list[str]], ends: float) -> list[str]:
        if monotonic() < ends:
            try:
                return names()
            except QueryTimeout:
                pass
        self.is_cut = True
        return []

    def _notes(self, kind: str, names: list[str]) -> dict[str, str]:
        """What people say of these names: "verified · What it means"."""
        notes = NameNote.objects.filter(environment=self.environment, kind=kind, name__in=names)
        said = notes.values_list("name", "verified_at", "description")
        return {name: about("", SaidOfName(text, is_verified=at is not None)) for name, at, text in said}

    def _hit(self, name: str, parameters: dict[str, str], note: str) -> Hit:
        return Hit(name, f"{_url(self.environment, 'graph')}?{urlencode(parameters)}", note)


def _event(name: str) -> dict[str, str]:
    return {"event": f"{RefersTo.CUSTOM}:{name}"}


def _property(name: str) -> dict[str, str]:
    return {"event": str(ANY_EVENT), "by": f"{Source.PROPERTY}:{name}"}


def _property_of_people(name: str) -> dict[str, str]:
    return {"event": str(ANY_EVENT), "counts": "users", "by": f"{Source.USER}:{name}"}


def _people(environment: Environment, text: str) -> FoundGroup:
    """The person with exactly this identity."""
    actor = actor_of(environment.pk, text)
    found = event_store().has_person(environment.pk, actor)
    return FoundGroup("People", [Hit(text, _url(environment, "person", actor))] if found else [])


def _url(environment: Environment, name: str, *args: object) -> str:
    return reverse(f"analytics:{name}", args=[environment.app_id, *args])
