"""Adding, ordering, changing and removing the tiles of a dashboard. It takes full access."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.door import signed_in_user
from accounts.policy import Can
from analytics.dashboards import actions
from analytics.dashboards.forms import read_fields, read_text
from analytics.dashboards.kept import tiles_with_reports
from analytics.dashboards.tiles import MAX_HEADING, MAX_TEXT, Tile
from analytics.models import Dashboard
from analytics.questions.conditions import BadQuery
from analytics.questions.parameters import Reader
from analytics.views.dashboard import REMOVED, find_dashboard
from analytics.views.reports import find_report
from common.htmx import is_part
from projects.door import environment_view
from projects.models import Environment


@require_POST
@environment_view(Can.EDIT)
def tile_add(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    """Add the `report`, the `heading` or the `text` that the form sends; with `undo`, the tile removed last."""
    dashboard, place = find_dashboard(environment, lineage), None
    try:
        if "undo" in request.POST:
            made, place = _removed(request, dashboard)
        else:
            made = _new_tile(environment, Reader(request.POST))
        added = actions.add_tile(dashboard=dashboard, tile=made, place=place, by=signed_in_user(request))
    except (BadQuery, actions.TooMany) as error:
        messages.error(request, f"Nothing was added. {error}")
        return _back(request, environment, lineage)
    except actions.Gone:
        raise Http404 from None
    request.session.pop(REMOVED, None)
    return _back(request, environment, lineage, added.id)


def _removed(request: HttpRequest, dashboard: Dashboard) -> tuple[Tile, int]:
    removed = request.session.get(REMOVED)
    if not removed or removed["dashboard"] != str(dashboard.lineage):
        raise BadQuery("It is back already, or too long ago.")
    return Tile.from_json(removed["tile"]), removed["place"]


def _new_tile(environment: Environment, raw: Reader) -> Tile:
    """Raises BadQuery."""
    if "heading" in raw.values:
        return Tile(uuid4(), heading=read_text(raw, "heading", MAX_HEADING))
    if "text" in raw.values:
        made = Tile(uuid4(), text=read_text(raw, "text", MAX_TEXT))
    else:
        made = Tile(uuid4(), report=_report(environment, raw.text("report")))
    return Tile(**vars(made) | read_fields(raw, made))


def _report(environment: Environment, text: str) -> UUID:
    """Raises BadQuery, and Http404 if this environment has no such report."""
    try:
        lineage = UUID(text)
    except ValueError:
        raise BadQuery("Choose a report.") from None
    return find_report(environment, lineage).lineage


@require_POST
@environment_view(Can.EDIT)
def tile_order(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    """Order the tiles as the repeated parameter `tile` lists them, or move the tile `move` `by` one place (-1 or 1)."""
    dashboard, by = find_dashboard(environment, lineage), signed_in_user(request)
    step = {"-1": -1, "1": 1}.get(request.POST.get("by", ""))
    try:
        moved = UUID(request.POST["move"]) if step else None
        if moved and step:
            actions.move_tile(dashboard=dashboard, tile=moved, places=step, by=by)
        else:
            actions.order_tiles(dashboard=dashboard, ids=map(UUID, request.POST.getlist("tile")), by=by)
    except (KeyError, ValueError, actions.Gone):
        raise Http404 from None
    return HttpResponse(status=204) if is_part(request) else _back(request, environment, lineage, moved)


@require_POST
@environment_view(Can.EDIT)
def tile_change(request: HttpRequest, environment: Environment, lineage: UUID, tile: UUID) -> HttpResponse:
    """Set the fields of the tile that the form sends: `size`, `shows`, `heading`, `text`."""
    dashboard, by = find_dashboard(environment, lineage), signed_in_user(request)
    found, _ = _find(dashboard, tile)
    try:
        fields: dict[str, Any] = read_fields(Reader(request.POST), found)
        actions.change_tile(dashboard=dashboard, tile=tile, by=by, **fields)
    except BadQuery as error:
        messages.error(request, f"Nothing was changed. {error}")
    except actions.Gone:
        raise Http404 from None
    return _back(request, environment, lineage, tile)


@require_POST
@environment_view(Can.EDIT)
def tile_remove(request: HttpRequest, environment: Environment, lineage: UUID, tile: UUID) -> HttpResponse:
    """Remove the tile. The page that follows offers to put it back."""
    dashboard = find_dashboard(environment, lineage)
    _, title = _find(dashboard, tile)
    try:
        removed = actions.remove_tile(dashboard=dashboard, tile=tile, by=signed_in_user(request))
    except actions.Gone:
        raise Http404 from None
    if removed:
        kept = {"dashboard": str(lineage), "tile": removed[0].to_json(), "place": removed[1], "title": title}
        request.session[REMOVED] = kept
    return _back(request, environment, lineage, query="?removed=1")


def _find(dashboard: Dashboard, tile: UUID) -> tuple[Tile, str]:
    """The tile and what it is called. Raises Http404."""
    for each, report in tiles_with_reports(dashboard):
        if each.id == tile:
            return each, report.name if report else "The text" if each.text else each.title
    raise Http404


def _back(
    request: HttpRequest, environment: Environment, lineage: UUID, tile: UUID | None = None, query: str = ""
) -> HttpResponse:
    """To the page from which the form was sent: the dashboard, or with `back` the page where it is arranged."""
    view = "analytics:dashboard_edit" if request.POST.get("back") == "edit" else "analytics:dashboard_page"
    return redirect(reverse(view, args=[environment.app_id, lineage]) + query + (f"#tile-{tile}" if tile else ""))
