"""A new kind needs its file, its templates and a line in the list. No other module has to know it.

(It also needs two things that a test cannot add: the constraint in the database, and the URL of its page.)
"""

import re

import pytest
from django.db import connection
from django.template import engines
from django.urls import reverse

from analytics import actions
from analytics.dashboards.kept import OVERVIEW
from analytics.environments.carry import things
from analytics.environments.differences import lines, names_only
from analytics.kinds.registry import KINDS, parse, run
from analytics.models import Report
from analytics.questions.query import Scope
from tests.analytics.kept import make_definition, make_report, make_segment, pin
from tests.analytics.made_up_kind import TEMPLATES, TOTAL
from tests.analytics.rows import add_event


@pytest.fixture
def listed(monkeypatch, tmp_path, environment):
    """Adds the kind to the list, makes its templates, and lets the database accept its reports."""
    monkeypatch.setitem(KINDS, TOTAL.name, TOTAL)
    engine = engines["django"].engine
    monkeypatch.setattr(engine, "dirs", [*engine.dirs, tmp_path])
    folder = tmp_path / "analytics" / "kinds" / TOTAL.name
    folder.mkdir(parents=True)
    for name, text in TEMPLATES.items():
        (folder / name).write_text(text)
    with connection.cursor() as cursor:
        cursor.execute("alter table analytics_report drop constraint report_kind_known")


@pytest.fixture
def joined(environment):
    """A definition, two events that it matches, and one that it does not."""
    for name in ("Signed up", "Signed up", "Paid"):
        add_event(environment, name=name)
    selection = {"event": "event:Signed up", "where": {"match": "all", "conditions": []}}
    return make_definition(environment, "Joined", {"alternatives": [selection]})


def words(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_it_is_read_asked_and_written(listed, environment, joined):
    query = parse("total", {"event": [f"definition:{joined.lineage}"]}, Scope.of(environment)).query

    assert run(query).total == 2
    assert list(query.parameters()) == [("event", f"definition:{joined.lineage}")]


def test_it_is_saved_opened_pinned_and_exported(listed, environment, joined, full):
    question = f"event=definition:{joined.lineage}"
    full.post(
        reverse("analytics:report_create", args=[environment.app_id]),
        {"name": "All who joined", "kind": "total", "question": question, "dashboard": str(OVERVIEW)},
    )
    report = Report.objects.get()

    page = full.get(reverse("analytics:report", args=[environment.app_id, report.lineage]))
    dashboard = full.get(reverse("analytics:dashboard", args=[environment.app_id]), {"all": "1"})
    export = full.get(f"{reverse('analytics:export', args=[environment.app_id])}?kind=total&{question}")

    assert f"Made up: 2 of {environment.name}" in words(page)
    assert "All of Joined" in words(page) and "2 events" in words(page)
    assert re.search(r'<select id="id-event"', page.content.decode())
    assert "Tile: 2, All of Joined" in words(dashboard)
    assert b"".join(export.streaming_content).decode().splitlines()[1:] == ["All,2"]


def test_what_it_refers_to_cannot_be_deleted_unnoticed(listed, environment, joined, full):
    query = parse("total", {"event": [f"definition:{joined.lineage}"]}, Scope.of(environment)).query
    report = actions.create_report(environment=environment, name="Total", query=query, by=full.user)

    with pytest.raises(actions.InUse) as refused:
        actions.delete_definition(definition=joined, by=full.user)

    assert refused.value.users.reports == [report]


def test_it_is_compared_with_another_environments(listed, environment, joined):
    segment = make_segment(environment, "Known")
    parameters = [["event", f"definition:{joined.lineage}"], ["segment", str(segment.lineage)]]
    pin(make_report(environment, kind="total", parameters=parameters))
    kept = things(environment)

    (report,) = (each for each in kept if each.noun == "report")

    assert lines(report, names_only(kept)) == ["All of Joined", "Since the beginning", "Only people in Known"]
