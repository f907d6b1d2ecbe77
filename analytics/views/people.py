"""The page of one person, with properties, sessions and timeline, and the page that deletes them."""

from datetime import timedelta
from itertools import islice
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from accounts.door import signed_in_user
from accounts.policy import Can
from analytics import erasure, person_file
from analytics.questions.conditions import BadQuery
from analytics.questions.sessions import SESSION_RULE
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from analytics.store.live import Position
from analytics.store.people import ActivityCounts, KnownPerson
from analytics.store.protocol import TIME_LIMIT
from analytics.views.answers import AT_ONCE
from analytics.views.event_filter import read_filter
from analytics.views.pages import TOO_SLOW, page
from common import csv, downloads
from common.counted import counted
from projects.door import environment_view
from projects.models import Environment

SHOWN_PROPERTIES = 100  # of a person, until all are asked for


def find_person(environment: Environment, actor_id: int) -> KnownPerson:
    known = event_store().known_person(environment.pk, actor_id)
    if known is None:
        raise Http404
    return known


@require_safe
@environment_view(Can.VIEW)
def person(request: HttpRequest, environment: Environment, actor_id: int) -> HttpResponse:
    """A merged visitor redirects to the identified person. Counting waits only AT_ONCE, unless the URL has `?wait`.

    The first properties are shown, with `?properties=all` all of them.
    """
    merged_into = event_store().merged_into(environment.pk, actor_id)
    if merged_into is not None:
        return redirect("analytics:person", environment.app_id, merged_into)
    known = find_person(environment, actor_id)
    before, is_patient = Position.parse(request.GET.get("before", "")), "wait" in request.GET
    most = None if request.GET.get("properties") == "all" else SHOWN_PROPERTIES
    shown = list(islice(known.properties.items(), most))
    context: dict[str, Any] = {"person": known, "shown": shown, "before": before, "is_patient": is_patient}
    context["session_rule"] = SESSION_RULE
    filter_ = read_filter(request)
    try:
        context["page"] = event_store().newest_events(environment.pk, before, known.actors, filter_.only)
    except QueryTimeout:
        context["failure"] = TOO_SLOW
    except BadQuery as error:
        filter_.raw.wrong("event", error.message)
        context["failure"] = error.message
    context |= {"filter": filter_, "filter_form": filter_.form(environment)}
    context["done"] = _count_done(environment, known, TIME_LIMIT if is_patient else AT_ONCE)
    return page(request, environment, "analytics/person.html", context)


def _count_done(environment: Environment, known: KnownPerson, limit: timedelta = AT_ONCE) -> ActivityCounts | None:
    """How much the person did; None if counting takes longer than `limit`."""
    try:
        return event_store().count_done(environment.pk, known, limit)
    except QueryTimeout:
        return None


@require_POST
@environment_view(Can.VIEW)
def person_download(request: HttpRequest, environment: Environment, actor_id: int) -> HttpResponseBase:
    """All that is stored of the person, as JSON lines; of a merged visitor, of the person they are. In Activity."""
    merged_into = event_store().merged_into(environment.pk, actor_id)
    known, by = find_person(environment, actor_id if merged_into is None else merged_into), signed_in_user(request)
    answer = downloads.response(
        person_file.lines(environment, known),
        by.pk,
        content_type="application/x-ndjson",
        file_name=csv.file_name(known.name, "ndjson"),
    )
    if answer.streaming:
        person_file.note(environment=environment, by=by)
    return answer


@environment_view(Can.MANAGE)
def person_delete(request: HttpRequest, environment: Environment, actor_id: int) -> HttpResponse:
    """Show what will be deleted, ask for the person's name, and start a job that deletes it."""
    known = find_person(environment, actor_id)
    done = _count_done(environment, known)
    context = {"person": known, "goes": _goes(known, done), "error": ""}
    if request.method != "POST":
        return page(request, environment, "analytics/person_delete.html", context)
    if request.POST.get("confirm", "").strip() != known.name:
        context["error"] = f"Type {known.name} exactly as it is written here."
        return page(request, environment, "analytics/person_delete.html", context)
    erasure.ask(environment=environment, person=known, done=done, by=signed_in_user(request))
    messages.success(
        request,
        f"{known.name} and {_events(done)} are being deleted. The receipt will be in Activity.",
    )
    return redirect("analytics:users", environment.app_id)


def _goes(known: KnownPerson, done: ActivityCounts | None) -> list[str]:
    visitors = len(known.visitors)
    return [
        f"{_events(done)} in {counted(done.sessions, 'session')}" if done else _events(done),
        counted(len(known.properties), "property"),
        *([f"{counted(visitors, 'visitor number')} that they came under before"] if visitors else []),
        "their part in every graph, funnel and report, also of the past",
    ]


def _events(done: ActivityCounts | None) -> str:
    return counted(done.events, "event") if done else "all their events, too many to count at once"
