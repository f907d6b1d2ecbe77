"""Definitions, segments and reports with the least that is valid."""

from analytics.models import Definition, Pin, Report, Segment

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


def pin(report, position=0) -> Pin:
    return Pin.objects.create(environment=report.environment, report=report, position=position)
