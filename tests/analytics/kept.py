"""Definitions, segments and reports with the least that is valid."""

from django.urls import reverse

from analytics.dashboards.kept import OVERVIEW
from analytics.dashboards.tiles import Tile, write_tiles
from analytics.models import Dashboard, Definition, Report, Segment

EVERY = {"match": "all", "conditions": []}
PAGEVIEWS = {"alternatives": [{"event": "builtin:pageview", "where": EVERY}]}
KNOWN = {
    "match": "all",
    "groups": [{"match": "all", "clauses": [{"field": "person:identity", "op": "exists", "value": ""}]}],
}


def make_definition(environment, name="Viewed", body=None, **fields) -> Definition:
    return Definition.objects.create(environment=environment, name=name, body=body or PAGEVIEWS, **fields)


def make_segment(environment, name="Known", body=None, **fields) -> Segment:
    return Segment.objects.create(environment=environment, name=name, body=body or KNOWN, **fields)


def make_report(environment, name="Views", kind="graph", parameters=None, **fields) -> Report:
    parameters = parameters or [["event", "builtin:pageview"]]
    return Report.objects.create(
        environment=environment, name=name, kind=kind, body={"parameters": parameters}, **fields
    )


def pin(*reports, **fields) -> Dashboard:
    """The first dashboard of their environment, with these reports on it."""
    body = write_tiles({}, [Tile(report.lineage, report=report.lineage) for report in reports])
    environment = reports[0].environment
    return Dashboard.objects.create(
        **{"environment": environment, "lineage": OVERVIEW, "name": "Overview", "body": body, **fields}
    )


def pinned_tile(report) -> str:
    """Put the report on a dashboard; returns the address of its tile."""
    app_id, dashboard = report.environment.app_id, pin(report)
    return reverse("analytics:tile", args=[app_id, dashboard.lineage, report.lineage])
