"""One list of an event's columns: what the database, and what each app says of them by hand, agrees with it."""

import re

import pytest
from msgspec import structs

from analytics.questions.conditions import EVENT_FIELDS
from analytics.store.live import FIELDS
from collector.protocol import beacons
from events import columns, models
from events.records import EventRecord, Properties
from tests.events.making import rows

STORED_AS = {int: "bigint", float: "timestamp with time zone", str: "text", Properties: "jsonb"}
TAKEN_AS = {int: "bigint", float: "float8", str: "text", Properties: "jsonb"}
FILLED_IN = {"id": "bigint", "received_at": "timestamp with time zone"}  # by the database


def sql_types(names, sql):
    """By column: what `sql` says of its type in Python, null or not."""
    by_type = sql | {optional | None: text for optional, text in sql.items()}
    return {field.name: by_type[field.type] for field in structs.fields(EventRecord) if field.name in names}


@pytest.fixture
def store_events(db):
    """The text of the SQL function that stores events."""
    return rows("select prosrc from pg_proc where proname = 'store_events'")[0][0]


@pytest.mark.django_db
def test_the_table_has_these_columns():
    found = rows("select column_name, data_type from information_schema.columns where table_name = 'events'")

    assert dict(found) == sql_types(columns.SENT, STORED_AS) | FILLED_IN


def test_the_model_has_these_columns():
    assert {field.column for field in models.Event._meta.concrete_fields} == {*columns.SENT, *FILLED_IN}


def test_collect_takes_what_is_sent(store_events):
    taken = re.search(r"json_to_recordset\(sent\) as r\((.*?)\)", store_events, re.DOTALL)[1]

    expected = sql_types([*columns.SENT, *columns.GIVEN, *columns.KEPT_ELSEWHERE], TAKEN_AS) | {"key": "uuid"}
    assert dict(each.split() for each in taken.split(",")) == expected


def test_collect_stores_what_is_sent(store_events):
    inserted, selected = re.search(
        r"insert into events \((.*?)\)\s+select (.*?)\s+from e\b", store_events, re.DOTALL
    ).groups()

    assert sorted(inserted.replace(",", " ").split()) == sorted([*columns.SENT, *columns.GIVEN])
    assert selected.split() == inserted.split()


def test_people_have_a_word_for_each_column_that_they_choose_by():
    assert set(EVENT_FIELDS) == {"kind", "name", *columns.TEXTS}


def test_the_live_view_shows_each_text():
    assert sorted(FIELDS) == sorted(columns.TEXTS)


def test_a_beacon_has_a_letter_for_each_column_of_a_target():
    assert sorted(beacons.TARGET.values()) == sorted(columns.TARGET)
