"""What was captured on a page, as a tree to click on: labelling without opening the site."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.policy import Can
from analytics.labelling import answers
from analytics.labelling.addresses import BadAddress, address_of, origin_of
from analytics.labelling.elements import MAX_TEXT, Element, PagePlace, storable
from analytics.labelling.proposal import DEEDS
from analytics.labelling.tree import tree
from analytics.store.failures import QueryFailed
from analytics.views.pages import page
from common.web_addresses import read_domain, read_path
from projects.door import environment_view
from projects.models import Environment

MOST_ELEMENTS = 300
TABS = {"click": "Clicks", "change": "Changes", "submit": "Submits"}


@dataclass(frozen=True)
class BusyPage:
    """A page where something was captured, and where its tree is."""

    words: str
    query: str
    events: int


@require_safe
@environment_view(Can.VIEW)
def label_page(request: HttpRequest, environment: Environment) -> HttpResponse:
    """Without a page in the URL: the pages where most happened."""
    typed = storable(request.GET.get("page", "")).strip()
    chosen = request.GET.get("kind", "")
    kind = chosen if chosen in DEEDS else "click"
    context: dict[str, Any] = {"typed": typed, "kind": kind, "root": None, "pages": [], "error": "", "failure": ""}
    try:
        if typed:
            place = _place(typed)
            kind, found = _elements(environment, place, [kind] if chosen in DEEDS else list(TABS))
            context["kind"] = kind
            context |= {"where": _words(place), "tabs": _tabs(typed, kind), "root": tree(kind, place, found)}
            context["is_cut"] = len(found) == MOST_ELEMENTS
        else:
            context["pages"] = [_busy(each, events) for each, events in answers.pages(environment)]
    except BadAddress as error:
        context["error"] = str(error)
    except QueryFailed as error:
        context["failure"] = error.message
    status = 422 if context["error"] else 200
    return page(request, environment, "analytics/label_page.html", context, status)


def _elements(environment: Environment, place: PagePlace, kinds: list[str]) -> tuple[str, list[tuple[Element, int]]]:
    """The elements to which the first of these kinds happened that did happen; none of the first kind if none did."""
    for kind in kinds:
        if found := answers.elements_on(environment, place, kind, MOST_ELEMENTS):
            return kind, found
    return kinds[0], []


def _place(typed: str) -> PagePlace:
    """The page of an address, or of a path on whichever domain. Raises BadAddress."""
    is_path = typed.startswith("/") and not typed.startswith("//")
    address = address_of(f"https://a.example{typed}" if is_path else typed)
    parts = urlsplit(address)
    domain = "" if is_path else urlsplit(origin_of(address)).hostname or ""
    fragment = f"#{parts.fragment}"[:MAX_TEXT] if parts.fragment else ""
    return PagePlace(domain, parts.path[:MAX_TEXT], hash=fragment)


def _tabs(typed: str, kind: str) -> list[dict[str, object]]:
    return [
        {"label": label, "url": "?" + urlencode({"page": typed, "kind": each}), "current": each == kind}
        for each, label in TABS.items()
    ]


def _busy(place: PagePlace, events: int) -> BusyPage:
    address = f"https://{place.domain}{place.path}" if place.domain else place.path
    return BusyPage(_words(place), urlencode({"page": address}), events)


def _words(place: PagePlace) -> str:
    return read_domain(place.domain) + read_path(place.path) + read_path(place.route)
