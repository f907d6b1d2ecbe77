"""The catalogue of an environment: the names of events and properties, with how often they came."""

from collections.abc import Iterable
from itertools import islice

from django.http import HttpRequest, HttpResponse

from analytics.questions.query import Scope
from analytics.store.catalogue import KnownEvent, KnownProperty
from analytics.views.catalogue import Known, known_events, known_properties
from analytics.views.read_api.answers import asking
from analytics.views.read_api.paging import JsonRow, WantedPage, page
from projects.api_tokens.door import Caller, environment_api
from projects.models import Environment, TokenScope


@environment_api(TokenScope.DEFINITIONS)
def events(request: HttpRequest, caller: Caller, environment: Environment) -> HttpResponse:
    with asking():
        found = known_events(Scope.of(environment))
    return _page(request, found)


@environment_api(TokenScope.DEFINITIONS)
def properties(request: HttpRequest, caller: Caller, environment: Environment) -> HttpResponse:
    with asking():
        found = known_properties(Scope.of(environment))
    return _page(request, found)


def _page(request: HttpRequest, found: Iterable[Known]) -> HttpResponse:
    """All names were read, some thousands at most, and are ordered by their text."""
    wanted = WantedPage.of(request)
    by_key = {_key(each): each for each in found}
    keys = list(islice((key for key in sorted(by_key) if key > wanted.after), wanted.limit + 1))
    rows, more = keys[: wanted.limit], keys[wanted.limit :]
    return page(request, (_row(by_key[key]) for key in rows), rows[-1] if more else None)


def _key(known: Known) -> str:
    if isinstance(known, KnownProperty):
        return f"{known.source}:{known.key}"
    return f"{known.kind}:{known.name}"


def _row(known: Known) -> JsonRow:
    """`reference` is how questions name it; None if they cannot."""
    said, called = known.said, known.called
    return {
        "reference": str(called) if called else None,
        "name": known.name if isinstance(known, KnownEvent) else known.key,
        "description": said.description,
        "is_hidden": said.is_hidden,
        "is_verified": said.is_verified,
        "first_at": known.first_at,
        "last_at": known.last_at,
        **_counts(known),
    }


def _counts(known: Known) -> JsonRow:
    if isinstance(known, KnownEvent):
        return {"kind": known.kind, "events": known.events}
    return {
        "of_people": known.is_of_people,
        "count": known.events,
        "numbers": known.numbers,
        "texts": known.texts,
        "booleans": known.booleans,
    }
