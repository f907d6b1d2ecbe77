"""The live view: the newest events, and the part of the page that refreshes itself."""

from hashlib import blake2b
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.policy import Can
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from analytics.store.live import Position
from analytics.views.pages import TOO_SLOW, page, rendered
from projects.door import environment_view
from projects.models import Environment


@require_safe
@environment_view(Can.VIEW)
def live(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The newest events, or with `?before=` earlier ones. Only the first page refreshes itself."""
    before = Position.parse(request.GET.get("before", ""))
    context: dict[str, Any]
    try:
        context = _feed(_rows(request, environment, before))
    except QueryTimeout:
        context = {"failure": TOO_SLOW}
    return page(request, environment, "analytics/live.html", context | {"before": before})


@require_safe
@environment_view(Can.VIEW)
def live_rows(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The newest events again: 204 if the page already shows them (`?version=`), 503 if the query takes too long."""
    try:
        feed = _feed(_rows(request, environment, None))
    except QueryTimeout:
        return HttpResponse(TOO_SLOW, status=503)
    if request.GET.get("version") == feed["version"]:
        return HttpResponse(status=204)
    return page(request, environment, "analytics/live_feed.html", feed)


def _rows(request: HttpRequest, environment: Environment, before: Position | None) -> str:
    context = {"page": event_store().newest_events(environment.pk, before), "before": before}
    return rendered(request, environment, "analytics/live_rows.html", context)


def _feed(rows: str) -> dict[str, str]:
    return {"rows": rows, "version": blake2b(rows.encode(), digest_size=8).hexdigest()}
