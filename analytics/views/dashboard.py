"""The dashboard of an environment: pinned reports as tiles. Each tile loads by itself and shows its own error."""

from typing import Any
from uuid import UUID

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.door import signed_in_user
from accounts.policy import Can
from analytics import actions
from analytics.default_tiles import BUILTIN, BY_LINEAGE
from analytics.models import Report
from analytics.views.analyze import answer_context, has_events
from analytics.views.answers import Parameters, answer, understand
from analytics.views.chart_notes import TileNotes
from analytics.views.pages import page, rendered
from analytics.views.reports import find_report
from common.htmx import is_part
from projects.door import environment_view
from projects.models import Environment


@require_safe
@environment_view(Can.VIEW)
def dashboard(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The frame of the page. With `?all` every tile is drawn at once, for browsers without JavaScript."""
    tiles = _tiles(environment)
    if "all" in request.GET:
        notes = TileNotes(environment)
        for tile in tiles:
            context = _tile_context(environment, tile, notes)
            tile["html"] = rendered(request, environment, "analytics/tile_body.html", context)
    context = {
        "tiles": tiles,
        "is_builtin": tiles[0]["report"] is None,
        "has_events": has_events(environment),
    }
    return page(request, environment, "analytics/dashboard.html", context)


def _tiles(environment: Environment) -> list[dict[str, Any]]:
    """Each tile's title and the URL that loads it: the pinned reports, or the built-in tiles."""
    pinned = Report.objects.filter(environment=environment, pin__isnull=False).order_by(F("pin__position"))
    tiles: list[dict[str, Any]] = [
        {
            "lineage": each.lineage,
            "title": each.name,
            "kind": each.kind,
            "report": each,
            "parameters": actions.parameters_of(each),
            "url": reverse("analytics:tile", args=[environment.app_id, each.lineage]),
            "link": reverse("analytics:report", args=[environment.app_id, each.lineage]),
        }
        for each in pinned
    ]
    return tiles or [
        {
            "lineage": each.lineage,
            "title": each.title,
            "kind": each.kind,
            "report": None,
            "parameters": each.as_lists(),
            "url": reverse("analytics:tile", args=[environment.app_id, each.lineage]),
            "link": _question_link(environment, each.kind, each.as_lists()),
        }
        for each in BUILTIN
    ]


def _question_link(environment: Environment, kind: str, parameters: Parameters) -> str:
    asked = understand(environment, kind, parameters)
    return f"{reverse(f'analytics:{kind}', args=[environment.app_id])}?{asked.querystring}"


def _tile_context(environment: Environment, tile: dict[str, Any], notes: TileNotes) -> dict[str, Any]:
    asked = understand(environment, tile["kind"], tile["parameters"])
    context = answer_context(answer(environment, asked), "")
    return context | {"in_tile": True, "marks": notes.marks(context["answer"])}


@require_safe
@environment_view(Can.VIEW)
def tile(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    """Draw one pinned report or one built-in tile."""
    builtin = BY_LINEAGE.get(lineage)
    if builtin is not None:
        shown = {"kind": builtin.kind, "parameters": builtin.as_lists()}
    else:
        found = find_report(environment, lineage)
        shown = {"kind": found.kind, "parameters": actions.parameters_of(found)}
    context = _tile_context(environment, shown, TileNotes(environment)) | {"url": request.path}
    return page(request, environment, "analytics/tile_body.html", context)


@require_POST
@environment_view(Can.EDIT)
def dashboard_order(request: HttpRequest, environment: Environment) -> HttpResponse:
    """Order the tiles as the repeated parameter `lineage` lists them, or `move` one tile `by` one place (-1 or 1)."""
    reports = Report.objects.filter(environment=environment, pin__isnull=False).order_by("pin__position")
    order = [str(each) for each in reports.values_list("lineage", flat=True)]
    wanted = [each for each in request.POST.getlist("lineage") if each in order]
    if not wanted:
        wanted = _moved(order, request.POST.get("move", ""), request.POST.get("by", ""))
    actions.reorder(environment=environment, lineages=[UUID(each) for each in wanted], by=signed_in_user(request))
    if is_part(request):
        return HttpResponse(status=204)
    return redirect("analytics:dashboard", environment.app_id)


def _moved(order: list[str], lineage: str, by: str) -> list[str]:
    """The order with one tile moved one place to the front ("-1") or to the back ("1")."""
    if lineage not in order or by not in ("-1", "1"):
        return order
    here = order.index(lineage)
    there = min(max(here + int(by), 0), len(order) - 1)
    rest = [each for each in order if each != lineage]
    return [*rest[:there], lineage, *rest[there:]]
