"""An answer as JSON and Parquet: the numbers of its page, with texts as they are."""

import io
import json
from datetime import timedelta

import pytest
from django.urls import reverse

from analytics.views import export_formats
from tests.analytics.rows import add_event, add_person

pyarrow_parquet = pytest.importorskip("pyarrow.parquet")
BY_PLAN = {"kind": "graph", "event": "event:Signed up", "by": "property:plan", "days": "7"}


def exported(client, environment, **query):
    return client.get(reverse("analytics:export", args=[environment.app_id]), query)


def content(response) -> bytes:
    return b"".join(response.streaming_content)


def test_json_has_the_question_its_columns_and_rows(environment, read_only):
    add_event(environment, properties={"plan": "=1+1"})

    response = exported(read_only, environment, **BY_PLAN, format="json")
    file = json.loads(content(response))

    assert response["Content-Disposition"].endswith('.json"')
    assert file["question"] == "Count of Signed up by plan, last 7 days"
    assert file["columns"] == [{"name": "Day", "type": "time"}, {"name": "=1+1", "type": "number"}]
    assert file["rows"][-1] == ["Whole range", 1]
    assert len(file["rows"]) == 8


def test_parquet_has_the_same_rows(environment, read_only):
    add_event(environment, properties={"plan": "Ä, b"})
    add_event(environment, properties={})

    table = pyarrow_parquet.read_table(
        io.BytesIO(content(exported(read_only, environment, **BY_PLAN, format="parquet")))
    )
    rows = json.loads(content(exported(read_only, environment, **BY_PLAN, format="json")))["rows"]

    assert [list(row.values()) for row in table.to_pylist()] == rows
    assert table.schema.metadata[b"question"] == b"Count of Signed up by plan, last 7 days"


def test_what_the_page_says_of_the_range_is_beside_the_rows(environment, read_only):
    add_event(environment, ago=timedelta(days=5000), properties={"plan": "a"})
    asked = BY_PLAN | {"days": "all", "unit": "hour"}

    file = json.loads(content(exported(read_only, environment, **asked, format="json")))
    table = pyarrow_parquet.read_table(io.BytesIO(content(exported(read_only, environment, **asked, format="parquet"))))

    assert "more than 45 days cannot be shown by hour" in file["note"]
    assert file["rows"][-1][0] == "Whole range"
    assert table.schema.metadata[b"note"].decode() == file["note"]


def test_all_pages_of_a_list_are_in_every_format(environment, read_only, monkeypatch):
    monkeypatch.setattr(export_formats, "ROWS_AT_ONCE", 20)
    for actor in range(1, 61):
        add_person(environment, actor)

    file = content(exported(read_only, environment, kind="users", format="parquet"))
    rows = json.loads(content(exported(read_only, environment, kind="users", format="json")))["rows"]

    assert pyarrow_parquet.ParquetFile(io.BytesIO(file)).num_row_groups == 3
    assert len(rows) == pyarrow_parquet.read_table(io.BytesIO(file)).num_rows == 60


def test_columns_of_the_same_name_are_told_apart():
    assert export_formats._different(["a", "b", "a", "a (2)", "a"]) == ["a", "b", "a (2)", "a (2) (2)", "a (3)"]


def test_without_the_package_parquet_is_not_offered_and_says_why(environment, read_only, monkeypatch):
    monkeypatch.setattr(export_formats, "has_parquet", lambda: False)

    response = exported(read_only, environment, **BY_PLAN, format="parquet")

    assert ("parquet", "Parquet") not in export_formats.offered()
    assert (response.status_code, "pyarrow is not installed" in response.content.decode()) == (400, True)


def test_an_unknown_format_is_named(environment, read_only):
    response = exported(read_only, environment, **BY_PLAN, format="xls")

    assert (response.status_code, response.content.decode()) == (
        400,
        "Which format? Give format=csv, json or parquet.",
    )
