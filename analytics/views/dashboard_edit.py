"""Making, naming, ordering, arranging and deleting dashboards. It takes full access."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from accounts.door import signed_in_user
from accounts.policy import Can
from analytics.dashboards import actions
from analytics.dashboards.forms import read_range
from analytics.dashboards.kept import dashboards, tiles_with_reports
from analytics.dashboards.tiles import MAX_HEADING, MAX_TEXT, Size, read_tiles
from analytics.forms.definitions import name_and_notes
from analytics.models import MAX_DASHBOARDS, MAX_TILES, Report
from analytics.questions.parameters import Reader
from analytics.shared_links.listed import shared_count
from analytics.subscriptions.actions import running
from analytics.views.dashboard import find_dashboard, removed_title
from analytics.views.pages import page
from projects.door import environment_view
from projects.models import Environment

MAX_CHOICES = 500  # reports in a drop-down; others are added from their own page


@require_safe
@environment_view(Can.VIEW)
def dashboard_list(request: HttpRequest, environment: Environment) -> HttpResponse:
    return _listed(request, environment, Reader({}))


def _listed(request: HttpRequest, environment: Environment, raw: Reader) -> HttpResponse:
    found = dashboards(environment)
    context = {
        "dashboards": [(each, len(read_tiles(each.body) or [])) for each in found],
        "has_room": len(found) < MAX_DASHBOARDS,
        "most": MAX_DASHBOARDS,
        "name": raw.text("name"),
        "errors": raw.errors,
    }
    return page(request, environment, "analytics/dashboard_list.html", context, 422 if raw.errors else 200)


@require_POST
@environment_view(Can.EDIT)
def dashboard_create(request: HttpRequest, environment: Environment) -> HttpResponse:
    raw = Reader(request.POST)
    name, _ = name_and_notes(raw)
    if raw.errors:
        return _listed(request, environment, raw)
    try:
        made = actions.create_dashboard(environment=environment, name=name, by=signed_in_user(request))
    except actions.TooMany as error:
        messages.error(request, str(error))
        return redirect("analytics:dashboard_list", environment.app_id)
    messages.success(request, f"Dashboard {made.name} made. Add its first tile.")
    return redirect("analytics:dashboard_edit", environment.app_id, made.lineage)


@require_POST
@environment_view(Can.EDIT)
def dashboard_order(request: HttpRequest, environment: Environment) -> HttpResponse:
    """Move the dashboard `move` one place to the front (`by` is -1) or to the back (1)."""
    order = [str(each.lineage) for each in dashboards(environment)]
    moved, by = request.POST.get("move", ""), request.POST.get("by", "")
    if moved not in order or by not in ("-1", "1"):
        raise Http404
    here = order.index(moved)
    order.insert(max(here + int(by), 0), order.pop(here))
    actions.order_dashboards(environment=environment, lineages=map(UUID, order), by=signed_in_user(request))
    return redirect("analytics:dashboard_list", environment.app_id)


@environment_view(Can.EDIT)
def dashboard_edit(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    """Its name, and forms for each of its tiles. A POST renames it."""
    found = find_dashboard(environment, lineage)
    raw = Reader(request.POST if request.method == "POST" else {"name": [found.name]})
    name, _ = name_and_notes(raw)
    if request.method == "POST" and not raw.errors:
        try:
            actions.rename_dashboard(dashboard=found, name=name, by=signed_in_user(request))
        except actions.Gone:
            raise Http404 from None
        messages.success(request, f"The dashboard is called {name}.")
        return redirect("analytics:dashboard_edit", environment.app_id, lineage)
    tiles = tiles_with_reports(found)
    reports = Report.objects.filter(environment=environment).order_by("name", "pk")
    context: dict[str, Any] = {
        "dashboard": found,
        "name": name,
        "errors": raw.errors,
        "tiles": tiles,
        "has_room": len(tiles) < MAX_TILES,
        "most": MAX_TILES,
        "reports": reports.only("lineage", "name")[:MAX_CHOICES],
        "sizes": list(Size),
        "removed": removed_title(request, found),
        "longest_heading": MAX_HEADING,
        "longest_text": MAX_TEXT,
    }
    return page(request, environment, "analytics/dashboard_edit.html", context, 422 if raw.errors else 200)


@require_POST
@environment_view(Can.EDIT)
def dashboard_range(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    """Keep the range that the form sends for everybody who opens the dashboard."""
    found = find_dashboard(environment, lineage)
    raw = Reader(request.POST)
    parameters = read_range(raw)
    if raw.errors:
        messages.error(request, " ".join(raw.errors.values()))
    else:
        try:
            actions.set_range(dashboard=found, parameters=parameters, by=signed_in_user(request))
        except actions.Gone:
            raise Http404 from None
        messages.success(request, "Everybody sees this range first." if parameters else "Each tile has its own range.")
    return redirect("analytics:dashboard_page", environment.app_id, lineage)


@environment_view(Can.EDIT)
def dashboard_delete(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    found = find_dashboard(environment, lineage)
    if request.method != "POST":
        context = {
            "dashboard": found,
            "count": len(read_tiles(found.body) or []),
            "shared_count": shared_count(environment, "dashboard", found.lineage),
            "subscriptions": running(environment, "dashboard", [found.lineage]),
        }
        return page(request, environment, "analytics/dashboard_delete.html", context)
    try:
        actions.delete_dashboard(dashboard=found, by=signed_in_user(request))
    except actions.Gone:
        raise Http404 from None
    messages.success(request, f"Dashboard {found.name} deleted.")
    return redirect("analytics:dashboard_list", environment.app_id)
