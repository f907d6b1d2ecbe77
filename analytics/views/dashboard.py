"""Looking at dashboards. Each tile that asks loads by itself and shows its own error."""

from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.policy import Can
from analytics.dashboards.forms import range_form
from analytics.dashboards.kept import dashboards, find, question_of, tiles_with_reports
from analytics.dashboards.tiles import RANGE, Shows, Size, Tile, range_of
from analytics.dashboards.words import range_words
from analytics.models import Dashboard, Report
from analytics.questions.parameters import Reader
from analytics.shared_links.listed import shared_count
from analytics.views.analyze import answer_context, has_events
from analytics.views.answers import AnsweredQuestion, answer, understand
from analytics.views.chart_notes import TileNotes
from analytics.views.first_steps import first_steps
from analytics.views.pages import page, rendered
from common.htmx import comes_by_itself
from projects.door import environment_view
from projects.models import Environment

EACH_ITS_OWN = {"days": [""]}  # in a URL, where the dashboard has a range
KEPT_SECONDS = 60  # an answer for screens that refresh by themselves, so that many of them ask as often as one


@dataclass(frozen=True)
class ShownTile:
    """A tile on the page: what it is called, and where it leads and loads from if it asks."""

    tile: Tile
    title: str
    link: str = ""
    url: str = ""
    html: str = ""


def find_dashboard(environment: Environment, lineage: UUID) -> Dashboard:
    """Raises Http404."""
    try:
        return find(environment, lineage)
    except Dashboard.DoesNotExist as gone:
        raise Http404 from gone


@require_safe
@environment_view(Can.VIEW)
def dashboard(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The first one."""
    return _shown(request, environment, dashboards(environment), None)


@require_safe
@environment_view(Can.VIEW)
def dashboard_page(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    return _shown(request, environment, dashboards(environment), lineage)


def _shown(
    request: HttpRequest, environment: Environment, everything: list[Dashboard], lineage: UUID | None
) -> HttpResponse:
    """The frame of the page. `?days=` and `?before=` give all tiles another range.

    With `?all` every tile is drawn at once, for browsers without JavaScript; `?wall` is for a screen on a wall.
    """
    found = next((each for each in everything if lineage in (None, each.lineage)), None)
    if found is None:
        raise Http404
    chosen = chosen_range(request, found)
    notes = TileNotes(environment)
    arrived = has_events(environment)
    tiles = [
        _tile(request, environment, found, tile, report, chosen, notes) for tile, report in tiles_with_reports(found)
    ]
    page_url = reverse("analytics:dashboard_page", args=[environment.app_id, found.lineage])
    context = {
        "dashboard": found,
        "dashboards": everything,
        "tiles": tiles,
        "has_events": arrived,
        "first_steps": first_steps(request, environment) if arrived else [],
        "range": range_form(Reader(chosen)),
        "range_words": range_words(chosen),
        "is_own_range": chosen != range_of(found.body),
        "range_pairs": [(name, value) for name, values in chosen.items() for value in values],
        "is_chosen": "tiles" in found.body,
        "removed": removed_title(request, found),
        "page_url": page_url,
        "query": _query(EACH_ITS_OWN | chosen) if chosen != range_of(found.body) else "",
        "sizes": list(Size),
        "shared_count": shared_count(environment, "dashboard", found.lineage),
    }
    template = "analytics/dashboard_wall.html" if "wall" in request.GET else "analytics/dashboard.html"
    return page(request, environment, template, context)


def chosen_range(request: HttpRequest, dashboard: Dashboard) -> dict[str, list[str]]:
    """The parameters of the range for all tiles: those in the URL, or else the dashboard's own; {} if it has none."""
    if any(name in request.GET for name in RANGE):
        asked = Reader(request.GET)
        return {name: values for name in RANGE if (values := asked.all(name))}
    return range_of(dashboard.body)


REMOVED = "removed_tile"
"""In the session: what was removed last and can be put back, {"dashboard", "tile", "place", "title"}."""


def removed_title(request: HttpRequest, dashboard: Dashboard) -> str:
    """What was removed from this dashboard a moment ago is called so; empty if nothing was."""
    removed = request.session.get(REMOVED) if "removed" in request.GET else None
    return removed["title"] if removed and removed["dashboard"] == str(dashboard.lineage) else ""


def _query(parameters: dict[str, list[str]]) -> str:
    return urlencode(parameters, doseq=True)


def _tile(
    request: HttpRequest,
    environment: Environment,
    dashboard: Dashboard,
    tile: Tile,
    report: Report | None,
    chosen: dict[str, list[str]],
    notes: TileNotes,
) -> ShownTile:
    if not tile.asks:
        return ShownTile(tile, tile.heading or "Text")
    kind, parameters = question_of(tile, report, chosen)
    page_url = (
        reverse("analytics:report", args=[environment.app_id, report.lineage])
        if report
        else reverse(f"analytics:{kind}", args=[environment.app_id])
    )
    link = page_url if report and not chosen else f"{page_url}?{_query(parameters)}"
    url = reverse("analytics:tile", args=[environment.app_id, dashboard.lineage, tile.id])
    html = ""
    if "all" in request.GET:
        context = _tile_context(answer(environment, understand(environment, kind, parameters)), tile, notes)
        html = rendered(request, environment, "analytics/tile_body.html", context)
    query = _query(EACH_ITS_OWN | chosen | ({"wall": ["1"]} if "wall" in request.GET else {}))
    return ShownTile(tile, report.name if report else tile.name, link, f"{url}?{query}", html)


def _tile_context(asked: AnsweredQuestion, tile: Tile, notes: TileNotes) -> dict[str, Any]:
    context = answer_context(asked, "")
    marks = partial(notes.marks, context["answer"])  # called where the chart is drawn, so not for a number alone
    return context | {"is_number": tile.shows is Shows.NUMBER, "marks": marks}


@require_safe
@environment_view(Can.VIEW)
def tile(request: HttpRequest, environment: Environment, lineage: UUID, tile: UUID) -> HttpResponse:
    """The answer of one tile. Pages that refresh by themselves share it for KEPT_SECONDS."""
    dashboard = find_dashboard(environment, lineage)
    for each, report in tiles_with_reports(dashboard):
        if each.id == tile and each.asks:
            return _answered(request, environment, dashboard, each, report)
    raise Http404


def _answered(
    request: HttpRequest, environment: Environment, dashboard: Dashboard, tile: Tile, report: Report | None
) -> HttpResponse:
    kind, parameters = question_of(tile, report, chosen_range(request, dashboard))
    asked = understand(environment, kind, parameters)
    shares = "wall" in request.GET and comes_by_itself(request) and asked.query is not None
    key = f"tile:{environment.pk}:{_digest(kind, tile.shows, asked.querystring)}"
    html = cache.get(key) if shares else None
    if html is None:
        asked = answer(environment, asked)
        context = _tile_context(asked, tile, TileNotes(environment)) | {"url": request.get_full_path()}
        html = rendered(request, environment, "analytics/tile_body.html", context)
        if shares and asked.result is not None:
            cache.set(key, html, KEPT_SECONDS)
    return HttpResponse(html)


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()
