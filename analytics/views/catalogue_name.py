"""The page of one event or one property, and what people say of names: describing, hiding and verifying them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.door import signed_in_user
from accounts.policy import Can
from analytics import actions
from analytics.definitions.catalogue_names import CatalogueName
from analytics.definitions.name_uses import users_of_name
from analytics.models import MAX_DESCRIPTION, MOST_NOTES, NameNote
from analytics.questions.conditions import BadQuery, Field
from analytics.questions.query import ANY_EVENT, RefersTo, Scope
from analytics.store.catalogue import KnownEvent, KnownProperty
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from analytics.views.analyze import answer_context
from analytics.views.answers import answer, understand
from analytics.views.catalogue import ALL, WantedNames, types_of
from analytics.views.chart_notes import TileNotes
from analytics.views.pages import TOO_SLOW, page
from common.counted import counted
from projects.door import environment_view
from projects.models import Environment

MOST = 100  # properties of an event, events with a property
MOST_NAMES = 100  # ticked at once
MOST_VALUES = 20
K = TypeVar("K", KnownEvent, KnownProperty)
DONE = {"hide": "hidden", "show": "offered again", "verify": "verified", "unverify": "no longer marked as verified"}


@dataclass(frozen=True)
class PropertyOfEvent:
    """What an event's property is, in the events of that name alone."""

    known: KnownProperty
    types: list[str]
    values: list[str]


@require_safe
@environment_view(Can.VIEW)
def catalogue_name(request: HttpRequest, environment: Environment) -> HttpResponse:
    """What is known of one name, `?of=event:Signed up`. Without one it leads to the list."""
    if not request.GET.get("of"):
        return redirect("analytics:catalogue", environment.app_id)
    called = _called(request.GET["of"])
    scope = Scope.of(environment)
    note = NameNote.objects.filter(environment=environment, kind=called.kind, name=called.name)
    context: dict[str, Any] = {
        "called": called,
        "of": "properties" if called.field else "events",
        "note": note.select_related("verified_by", "changed_by").first(),
        "users": users_of_name(environment, called),
        "graph": urlencode(_question(called)),
        "most_description": MAX_DESCRIPTION,
    }
    try:
        context |= _about(scope, called)
    except QueryTimeout:
        context["failure"] = TOO_SLOW
    return page(request, environment, "analytics/catalogue_name.html", context)


@require_safe
@environment_view(Can.VIEW)
def catalogue_chart(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The volume of one name by day, as a graph answers it; loaded by its page."""
    called = _called(request.GET.get("of", ""))
    asked = understand(environment, "graph", {name: [value] for name, value in _question(called)})
    context = answer_context(answer(environment, asked), "") | {"in_tile": True, "url": request.get_full_path()}
    context["marks"] = TileNotes(environment).marks(context["answer"])
    return page(request, environment, "analytics/tile_body.html", context)


@require_POST
@environment_view(Can.EDIT)
def catalogue_note(request: HttpRequest, environment: Environment) -> HttpResponse:
    """Describe a name, or hide, show, verify or unverify all those in `of`: `do` says which.

    `back` is the query of the list from which it was sent, and `list` which one.
    """
    names = [_called(text) for text in request.POST.getlist("of")[:MOST_NAMES]]
    try:
        _note(request, environment, names)
    except actions.TooManyNotes:
        messages.error(request, f"{counted(MOST_NOTES, 'name')} have notes already. Nothing was changed.")
    return redirect(_back(request, environment, names))


def _note(request: HttpRequest, environment: Environment, names: list[CatalogueName]) -> None:
    """Do what was asked for, and say so. Raises TooManyNotes."""
    by, do = signed_in_user(request), request.POST.get("do", "")
    if not names:
        messages.error(request, "Nothing was ticked, nothing was changed.")
    elif do == "describe":
        text = request.POST.get("description", "").replace("\0", "").replace("\r\n", "\n").strip()
        if len(text) > MAX_DESCRIPTION:
            messages.error(
                request, f"A description has at most {counted(MAX_DESCRIPTION, 'character')}. Nothing was changed."
            )
        else:
            actions.describe_name(environment=environment, name=names[0], description=text, by=by)
            messages.success(request, "Description saved.")
    elif do in ("hide", "show"):
        count = actions.hide_names(environment=environment, names=names, hidden=do == "hide", by=by)
        messages.success(request, f"{counted(count, 'name')} {DONE[do]}.")
    elif do in ("verify", "unverify"):
        count = actions.verify_names(environment=environment, names=names, verified=do == "verify", by=by)
        messages.success(request, f"{counted(count, 'name')} {DONE[do]}.")


def _called(text: str) -> CatalogueName:
    try:
        return CatalogueName.parse(text)
    except BadQuery:
        raise Http404 from None


def _back(request: HttpRequest, environment: Environment, names: list[CatalogueName]) -> str:
    if "back" not in request.POST and names:
        return f"{reverse('analytics:catalogue_name', args=[environment.app_id])}?{urlencode({'of': str(names[0])})}"
    sent = QueryDict(request.POST.get("back", ""))
    number = {"page": sent["page"]} if sent.get("page", "").isdecimal() else {}
    query = "&".join(part for part in (WantedNames.of(sent.dict()).query, urlencode(number)) if part)
    view = "catalogue_properties" if request.POST.get("list") == "properties" else "catalogue"
    return reverse(f"analytics:{view}", args=[environment.app_id]) + (f"?{query}" if query else "")


def _question(called: CatalogueName) -> list[tuple[str, str]]:
    """The graph of an event, or of the events (or people) that have a property."""
    if called.event:
        return [("event", str(called.event))]
    counts = "users" if called.is_of_people else "events"
    return [("event", str(ANY_EVENT)), ("counts", counts), ("where.0.field", str(called)), ("where.0.op", "exists")]


def _about(scope: Scope, called: CatalogueName) -> dict[str, Any]:
    """What the catalogue knows of the name: of an event its properties, of a property its events and some values."""
    store = event_store()
    if called.event:
        part = called.name if called.event.to is RefersTo.CUSTOM else ""
        known = _itself(called, store.known_events(scope, part, ALL, hidden=True))
        properties = store.properties_of(scope, called.event, MOST) if known else []
        values = store.values_of(scope, called.event) if known else {}
        rows = [PropertyOfEvent(each, types_of(each), values.get(each.key, [])) for each in properties]
        return {"known": known, "properties": rows, "is_cut": len(rows) == MOST}
    field = Field.parse(str(called))
    of_property = _itself(called, store.known_properties(scope, field.source, called.name, (), ALL, hidden=True))
    if of_property is None:
        return {"known": None}
    events = [] if called.is_of_people else store.events_with(scope, called.name, MOST)
    values_of_it = store.field_values(scope, field)[:MOST_VALUES]
    return {
        "known": of_property,
        "types": types_of(of_property),
        "events": events,
        "values": values_of_it,
        "is_cut": len(events) == MOST,
    }


def _itself(called: CatalogueName, found: Iterable[K]) -> K | None:
    return next((each for each in found if each.called == called), None)
