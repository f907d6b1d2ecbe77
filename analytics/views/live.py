"""The live view: the newest events, and the part of the page that refreshes itself."""

from hashlib import blake2b
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.policy import Can
from analytics.questions.conditions import BadQuery
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from analytics.store.live import Position
from analytics.views.event_filter import EventFilter, read_filter
from analytics.views.pages import TOO_SLOW, page, rendered
from projects.door import environment_view
from projects.models import Environment


@require_safe
@environment_view(Can.VIEW)
def live(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The newest events, or with `?before=` earlier ones. Only the first page refreshes itself."""
    before, filter_ = Position.parse(request.GET.get("before", "")), read_filter(request)
    context: dict[str, Any]
    try:
        context = _feed(_rows(request, environment, before, filter_))
    except QueryTimeout:
        context = {"failure": TOO_SLOW}
    except BadQuery as error:
        filter_.raw.wrong("event", error.message)
        context = {"failure": error.message}
    context |= {"before": before, "filter": filter_, "filter_form": filter_.form(environment)}
    return page(request, environment, "analytics/live.html", context)


@require_safe
@environment_view(Can.VIEW)
def live_rows(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The newest events again: 204 if the page already shows them (`?version=`), 503 if the query takes too long."""
    filter_ = read_filter(request)
    try:
        feed = _feed(_rows(request, environment, None, filter_))
    except QueryTimeout:
        return HttpResponse(TOO_SLOW, status=503)
    except BadQuery:  # a definition was deleted meanwhile; the page says so when it is loaded again
        return HttpResponse(status=204)
    if request.GET.get("version") == feed["version"]:
        return HttpResponse(status=204)
    return page(request, environment, "analytics/live_feed.html", feed | {"filter": filter_})


def _rows(request: HttpRequest, environment: Environment, before: Position | None, filter_: EventFilter) -> str:
    found = event_store().newest_events(environment.pk, before, None, filter_.only)
    context = {"page": found, "before": before, "filter": filter_}
    return rendered(request, environment, "analytics/live_rows.html", context)


def _feed(rows: str) -> dict[str, Any]:
    return {"rows": rows, "version": blake2b(rows.encode(), digest_size=8).hexdigest()}
