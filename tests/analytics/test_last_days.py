""" "Last 7 days" is one thing on every page: days of the project's calendar, today included."""

import csv
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from analytics.definitions.bodies import DefinitionBody
from analytics.questions.query import EventReference, RefersTo, Selection
from analytics.questions.spans import Span
from tests.analytics.factories import ReportFactory
from tests.analytics.kept import make_definition, make_segment, pin
from tests.analytics.rows import add_event, add_person

SIGNED_UP = EventReference(RefersTo.CUSTOM, "Signed up")
COUNTED = 5


def zone_at_noon() -> str:
    """A zone where it is about noon, so that neither border of the days is near a border of 24 hours."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}"  # POSIX writes zones ahead of UTC with a minus


@pytest.fixture
def environment(environment):
    """Five people came in the last 7 days, the others just before or after. A robot came too."""
    environment.project.time_zone = zone_at_noon()
    environment.project.leaves_out_robots = True
    environment.project.save()
    now = timezone.now()
    start, end = Span(7).bounds(now, ZoneInfo(environment.project.time_zone))
    moment = timedelta(microseconds=1)
    inside = [start, start + timedelta(hours=1), now, end - timedelta(hours=1), end - moment]
    outside = [now - timedelta(days=7) + timedelta(minutes=1), start - moment, end, end + timedelta(days=3)]
    assert len(inside) == COUNTED
    for actor, at in enumerate([*inside, *outside], 1):
        add_event(environment, at=at, actor_id=actor)
        add_person(environment, actor)
    add_event(environment, at=now, actor_id=99, device="robot")
    add_person(environment, 99, is_robot=True)
    return environment


def page(browser, name, *arguments, **query):
    response = browser.get(reverse(f"analytics:{name}", args=arguments), query)
    assert response.status_code == 200
    return response


def table(browser, app_id, **query) -> list[list[str]]:
    lines = page(browser, "export", app_id, **query).getvalue().decode("utf-8-sig").splitlines()
    return list(csv.reader(lines))


def words(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def number(pattern: str, response) -> int:
    found = re.search(pattern, words(response))
    assert found, words(response)
    return int(found[1])


def test_every_page_counts_the_same_last_7_days(environment, full):
    app_id = environment.app_id
    definition = make_definition(environment, name="Came", body=DefinitionBody((Selection(SIGNED_UP),)).to_json())
    did = {"did": {"event": str(SIGNED_UP), "where": {"match": "all", "conditions": []}}}
    clause = did | {"comparison": "at_least", "times": 1, "days": 7}
    segment = make_segment(environment, body={"match": "all", "groups": [{"match": "all", "clauses": [clause]}]})
    counting = {"event": f"definition:{definition.lineage}", "days": "7"}
    report = ReportFactory(environment=environment, body={"parameters": [*counting.items()]})
    typed = {"group.0.did.0.event": str(SIGNED_UP), "group.0.did.0.times": "1", "group.0.did.0.days": "7"}
    people = page(full, "graph", app_id, event=str(SIGNED_UP), counts="users", days="90", segment=segment.lineage)
    cohorts = table(full, app_id, kind="retention", days="7", **{"start.event": str(SIGNED_UP)})
    steps = {"step.0.event": str(SIGNED_UP), "step.1.event": "builtin:pageview"}

    found = {
        "a definition's page": number(
            r"(\d+) events in the last 7 days", page(full, "definition", app_id, definition.lineage)
        ),
        "the preview of a definition": number(
            r"(\d+) events in the last 7 days",
            page(full, "definition_preview", app_id, **{"any.0.event": str(SIGNED_UP)}),
        ),
        "a graph": number(r"(\d+) events", page(full, "graph", app_id, **counting)),
        "a tile": number(r"(\d+) events", page(full, "tile", app_id, pin(report).lineage, report.lineage)),
        "the CSV of a graph": int(table(full, app_id, kind="graph", **counting)[-1][1]),
        "the list of projects": int(
            re.search(
                r'<td class="number">(\d+)</td>',
                full.get(reverse("projects:project_list", args=[environment.project.account_id])).content.decode(),
            )[1]
        ),
        "a segment's page": number(r"(\d+) people right now", page(full, "segment", app_id, segment.lineage)),
        "the preview of a segment": number(r"(\d+) people right now", page(full, "segment_preview", app_id, **typed)),
        "users of a segment": number(r"(\d+) people", page(full, "users", app_id, segment=segment.lineage)),
        "a graph of a segment": number(r"(\d+) people", people),
        "retention": sum(int(row[1]) for row in cohorts[1:]),
        "a funnel": int(table(full, app_id, kind="funnel", days="7", **steps)[1][1]),
    }

    assert found == dict.fromkeys(found, COUNTED)
