"""Helpers that keep each entry short: write a row twice, change one, insert one into a table without a model."""

import uuid
from collections.abc import Callable
from functools import partial

from django.db import connection
from psycopg import sql

from tests.analytics.factories import SegmentFactory
from tests.factories import EnvironmentFactory

Way = Callable[[], object]  # writes a row that the database must refuse
Breaks = dict[str, Way | list[Way]]  # {name of the constraint: the ways to break it}

MOMENT, LATER = "2026-01-01 00:00:00+00", "2026-01-02 00:00:00+00"
TABLE_OF = "select conrelid::regclass::text from pg_constraint where conname = %s"


def each(way, *values) -> list[Way]:
    """`way` with each of these values, for a rule that one value does not cover."""
    return [partial(way, value) for value in values]


def again(row, **different):
    """Write the row a second time, with a new primary key and what is `different`."""
    for name, value in {"pk": None, **different}.items():
        setattr(row, name, value)
    row.save(force_insert=True)


def change(row, **fields):
    """Update the row in the database, past the code that saves it."""
    type(row).objects.filter(pk=row.pk).update(**fields)


def without(name: str, way: Way) -> Way:
    """`way` after the constraint `name` is dropped, which forbids the same and more."""

    def stripped():
        with connection.cursor() as cursor:
            cursor.execute(TABLE_OF, [name])
            (table,) = cursor.fetchone()
            cursor.execute(f"alter table {table} drop constraint {name} cascade")
        way()

    return stripped


def check_now():
    """Check deferred constraints now, not at the commit."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")


# --- Tables that SQL made -----------------------------------------------------------------------------------------

DAY = {"starts": MOMENT, "ends": LATER, "has_names": True, "is_empty": False}
SEEN = {"first_seen_at": MOMENT, "last_seen_at": MOMENT}
MONTH = "2026-01-01"
COUNTED = {"month": MONTH, "events": 1, "numbers": 0, "texts": 0, "booleans": 0, "first_at": MOMENT, "last_at": MOMENT}
LEFT_OUT = {"events": 1, "property_values": 1}


def _member():
    segment = SegmentFactory()
    return {"environment_id": segment.environment_id, "lineage": segment.lineage, "actor_id": 5}


LEAST = {  # {table: the least that is valid}
    "cache_entries": lambda: {"cache_key": "k", "value": "v", "expires": MOMENT},
    "events": lambda: {"environment_id": 7, "time": MOMENT, "id": 1, "actor_id": 5},
    "people": lambda: {"environment_id": 7, "actor_id": 5, **SEEN},
    "merges": lambda: {"environment_id": 7, "from_actor": 5, "to_actor": -5},
    "customers": lambda: {"environment_id": 7, "account_id": "acme", **SEEN},
    "idempotency_keys": lambda: {"environment_id": 7, "digest": uuid.UUID(int=1)},
    "catalogue_marks": lambda: {"environment_id": EnvironmentFactory().pk, "mark": MOMENT},
    "catalogue_names": lambda: {"environment_id": EnvironmentFactory().pk, "id": 1, "kind": "custom", "name": "Paid"},
    "catalogue_keys": lambda: {"environment_id": EnvironmentFactory().pk, "id": 1, "key": "plan"},
    "catalogue_counts": lambda: {"environment_id": EnvironmentFactory().pk, "name_id": 1, "key_id": 0, **COUNTED},
    "catalogue_left_out": lambda: {"environment_id": EnvironmentFactory().pk, "month": MONTH, **LEFT_OUT},
    "catalogue_gone": lambda: {"environment_id": 7, "id": 1, "month": MONTH},
    "analytics_segmentmember": _member,
    "rollup_marks": lambda: {"environment_id": EnvironmentFactory().pk, "mark": MOMENT},
    "rollup_days": lambda: {"environment_id": EnvironmentFactory().pk, **DAY},
    "rollup_counts": lambda: {**_counted_day(), "kind": "any", "name": "", "events": 1, "people": b"\1"},
    "rollup_values": lambda: {**_counted_day(), "kind": "any", "field": "os", "labels": "{}"},
    "rollup_positions": lambda: {"environment_id": EnvironmentFactory().pk, "actor_id": 5, "position": 0},
    "rollup_pending": lambda: {"environment_id": 7, "from_actor": 5, "to_actor": -5},
}


def _counted_day() -> dict[str, object]:
    """Insert a day, and return its key."""
    key = {"environment_id": EnvironmentFactory().pk, "starts": MOMENT}
    insert("rollup_days", **key)
    return key


def insert(table: str, **columns):
    _insert(table, LEAST[table]() | columns)


def insert_twice(table: str, **different):
    row = LEAST[table]()
    _insert(table, row)
    _insert(table, row | different)


def required(table: str, columns: str) -> Breaks:
    """An entry for each of the columns, which must not be null."""
    return {f"{table}.{column}": partial(insert, table, **{column: None}) for column in columns.split()}


def _insert(table, row):
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Placeholder, row)),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, row)
