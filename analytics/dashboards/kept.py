"""Which dashboards an environment has, and the tiles of each."""

from collections.abc import Iterator
from uuid import UUID

from analytics import actions
from analytics.dashboards.starters import starters
from analytics.dashboards.tiles import Tile, in_range, read_tiles, reports_of
from analytics.models import Dashboard, Report
from analytics.questions.parameters import as_lists
from projects.models import Environment

OVERVIEW = UUID("b1a55ed0-0000-4000-8000-000000000001")
"""The lineage of the first dashboard, the same in every environment."""


def dashboards(environment: Environment) -> list[Dashboard]:
    """All of them, in order. Without any there is one that is not saved yet, with the tiles of `starters`."""
    rows = Dashboard.objects.filter(environment=environment).select_related("environment__project")
    return list(rows.order_by("position", "pk")) or [_overview(environment)]


def saved_dashboards(environment: Environment) -> list[Dashboard]:
    """The same, and each is saved. The caller has locked the environment."""
    found = dashboards(environment)
    if found[0].pk is None:
        found[0].save(force_insert=True)
    return found


def _overview(environment: Environment) -> Dashboard:
    return Dashboard(environment=environment, lineage=OVERVIEW, name="Overview", position=0)


def find(environment: Environment, lineage: UUID) -> Dashboard:
    """One of them, without reading the others. Raises Dashboard.DoesNotExist."""
    rows = Dashboard.objects.filter(environment=environment)
    if (found := rows.filter(lineage=lineage).select_related("environment__project").first()) is not None:
        return found
    if lineage == OVERVIEW and not rows.exists():
        return _overview(environment)
    raise Dashboard.DoesNotExist


def report_or_dashboard(environment: Environment, noun: str, lineage: UUID) -> Report | Dashboard | None:
    """What subscriptions and shared links are about; None if it was deleted. `noun` is "report" or "dashboard"."""
    if noun == "report":
        return Report.objects.filter(environment=environment, lineage=lineage).first()
    try:
        return find(environment, lineage)
    except Dashboard.DoesNotExist:
        return None


def tiles_of(dashboard: Dashboard) -> list[Tile]:
    """Its tiles in order, without those of reports that are gone."""
    return [tile for tile, _ in tiles_with_reports(dashboard)]


def tiles_with_reports(dashboard: Dashboard) -> list[tuple[Tile, Report | None]]:
    """The same, each with the report that it shows, if it shows one: one statement."""
    return _with_reports([dashboard])[0]


def tiles_of_all(environment: Environment) -> Iterator[tuple[Dashboard, list[tuple[UUID, str]]]]:
    """Each dashboard with the ids of its tiles and what they are called, or say: three statements at most."""
    found = dashboards(environment)
    for dashboard, tiles in zip(found, _with_reports(found), strict=True):
        yield dashboard, [(tile.id, report.name if report else tile.title) for tile, report in tiles]


def _with_reports(found: list[Dashboard]) -> list[list[tuple[Tile, Report | None]]]:
    """The tiles of these dashboards of one environment."""
    read = [read_tiles(each.body) for each in found]
    starting = starters(found[0].environment) if None in read else []
    of_each = [starting if tiles is None else tiles for tiles in read]
    wanted = {lineage for tiles in of_each for lineage in reports_of(tiles)}
    rows = Report.objects.filter(environment_id=found[0].environment_id, lineage__in=wanted) if wanted else ()
    reports: dict[UUID | None, Report] = {report.lineage: report for report in rows}
    return [
        [(tile, reports.get(tile.report)) for tile in tiles if tile.report is None or tile.report in reports]
        for tiles in of_each
    ]


def reports_on(found: list[Dashboard]) -> dict[UUID, list[Dashboard]]:
    """On which of these dashboards each report is, in order."""
    on: dict[UUID, list[Dashboard]] = {}
    for dashboard in found:
        for lineage in dict.fromkeys(reports_of(read_tiles(dashboard.body) or [])):
            on.setdefault(lineage, []).append(dashboard)
    return on


def question_of(tile: Tile, report: Report | None, chosen: dict[str, list[str]]) -> tuple[str, dict[str, list[str]]]:
    """The kind and the parameters of what a tile asks, in the range of the dashboard."""
    kind, parameters = (
        (report.kind, actions.parameters_of(report)) if report else (tile.kind, as_lists(tile.parameters))
    )
    return kind, in_range(parameters, chosen, tile.shows)
