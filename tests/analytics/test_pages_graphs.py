"""The page of graphs: a list of series that needs no script, and what is no value is told apart."""

import json
import re

from django.urls import reverse

from tests.analytics.rows import add_event
from tests.analytics.test_pages_questions import ask, html, words


def test_everything_else_is_last_and_not_the_value_other(environment, read_only, monkeypatch):
    monkeypatch.setattr("analytics.sql.time_counts.TOP_GROUPS", 1)
    for plan in ("other", "other", "a", "b"):
        add_event(environment, properties={"plan": plan})

    page = html(ask(read_only, environment, "graph", {"event": "event:Signed up", "by": "property:plan"}))

    assert re.findall(r"<th scope=\"col\" class=\"(number[^\"]*)\">([^<]+)", page) == [
        ("number", "other"),
        ("number is-apart", "everything else (2)"),
    ]
    assert re.findall(r'data-series="(series-\w+)"', page) == ["series-1", "series-other"]


SERIES = {
    "series.0.event": "event:Signed up",
    "series.0.counts": "sum",
    "series.0.of": "property:amount",
    "series.0.where.0.field": "",  # as browsers without JavaScript send the spare rows
    "series.1.event": "builtin:any",
    "series.2.event": "",
    "series.2.counts": "events",
    "series.2.of": "",
    "by": "",
    "by.2": "",
    "formula": "A / B",
    "days": "7",
}


def test_several_series_are_asked_without_a_script(environment, read_only):
    for amount in (0.25, "x"):
        add_event(environment, properties={"amount": amount})

    page = ask(read_only, environment, "graph", SERIES)
    table = read_only.get(reverse("analytics:export", args=[environment.app_id]), SERIES | {"kind": "graph"})

    assert re.findall(r'<select id="id-series\.(\d)\.event"', html(page)) == ["0", "1", "2"]
    assert '<option value="property:amount" selected>' in html(page)
    shown = words(page)
    assert "A / B with A = Sum of amount of Signed up and B = Count of Any event, last 7 days" in shown
    assert "0.125 A / B" in shown
    assert "Series A: 1 of 2 events had a number." in shown
    lines = b"".join(table.streaming_content).decode("utf-8-sig").splitlines()
    as_json = read_only.get(
        reverse("analytics:export", args=[environment.app_id]), SERIES | {"kind": "graph", "format": "json"}
    )
    assert json.loads(b"".join(as_json.streaming_content))["rows"][-1] == ["Whole range", 0.125, 0.25, 2]
    assert lines[0] == "Day,A / B,A: Sum of amount of Signed up,B: Count of Any event"
    assert lines[-2:] == ["Whole range,0.125,0.25,2", "Series A: 1 of 2 events had a number."]


def test_the_only_series_of_an_old_link_is_the_first_row(environment, read_only):
    page = html(ask(read_only, environment, "graph", {"event": "event:Signed up", "counts": "largest"}))

    assert re.search(r'<select id="id-series.0.event".*?<option value="event:Signed up" selected>', page, re.DOTALL)
    assert re.search(r'<select id="id-series.0.of"[^>]* aria-invalid="true"', page)
    assert "Choose the property that is measured." in page
