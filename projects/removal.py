"""Removing every row of an environment or a project, in steps.

A step is one transaction: it removes some rows and adds their number to the removal's `rows`. So one that is killed
anywhere has counted exactly what it removed, and the next run goes on from what it finds. Tables are not listed here:
those with a column named like a key of the scope and no foreign key on it (the events tables) are found in the
schema and emptied in steps; what hangs on by foreign keys goes with the row itself, at the end.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone
from psycopg import sql

from accounts import activity
from projects.models import Environment, Project, Removal

STEP_ROWS = 5_000
SETTLE = timedelta(seconds=15)  # what was on its way to a worker when it was deleted is stored or refused by then
PAUSE = 0.5  # after a step, in steps: collecting and looking at other environments go on undisturbed

LOOSE_TABLES = """
select leaf.relid::regclass::text, class.relname, attribute.attname
  from pg_class class
  join pg_namespace space on space.oid = class.relnamespace and space.nspname = current_schema()
  join pg_attribute attribute on attribute.attrelid = class.oid and not attribute.attisdropped
   and attribute.attname = any(%s) and attribute.atttypid in ('bigint'::regtype, 'integer'::regtype)
 cross join lateral (
       select relid from pg_partition_tree(class.oid) where isleaf
        union all select class.oid where class.relkind = 'r') leaf
 where class.relkind in ('r', 'p') and not class.relispartition
   and not exists (select 1 from pg_constraint c
                    where c.conrelid = class.oid and c.contype = 'f' and attribute.attnum = any(c.conkey))
 group by 1, 2, 3 order by 2, 1
"""


@dataclass(frozen=True)
class Place:
    """Where rows of a scope lie: a table, or one partition of it, and the column that tells."""

    leaf: str  # as SQL text, quoted by PostgreSQL
    table: str  # the name to count it under
    column: str  # "environment_id"


def places(scope: dict[str, list[int]]) -> list[Place]:
    """Everything that no foreign key leads to, for the keys of `scope`."""
    with connection.cursor() as cursor:
        cursor.execute(LOOSE_TABLES, [list(scope)])
        return [Place(*row) for row in cursor.fetchall()]


def count(scope: dict[str, list[int]]) -> int:
    """How many rows lie in those places now."""
    total = 0
    with connection.cursor() as cursor:
        for place in places(scope):
            cursor.execute(
                _statement("select count(*) from only {leaf} where {column} = any(%s)", place), [scope[place.column]]
            )
            total += cursor.fetchone()[0]
    return total


def run(removal_id: int, *, seconds: float, step_rows: int = STEP_ROWS) -> bool:
    """Go on with a removal for about `seconds`; True when it is done. Two that run at once do no harm."""
    deadline = time.monotonic() + seconds
    removal = Removal.objects.get(pk=removal_id)
    if removal.done_at is not None:
        return True
    for place in places(removal.scope):
        while True:
            started = time.monotonic()
            if started > deadline:
                return False
            if not _step(removal_id, place, step_rows):
                break
            time.sleep((time.monotonic() - started) * PAUSE)
    return _finish(removal_id)


def _step(removal_id: int, place: Place, rows: int) -> int:
    """Remove up to `rows` rows of one place, and count them; returns how many."""
    statement = _statement(
        "delete from only {leaf} where ctid = any(array("
        "select ctid from only {leaf} where {column} = any(%s) limit %s))",
        place,
    )
    with _locked(removal_id) as removal, connection.cursor() as cursor:
        if removal.done_at is not None:
            return 0
        cursor.execute(statement, [removal.scope[place.column], rows])
        removed: int = cursor.rowcount
        _add(removal, {place.table: removed})
    return removed


def _finish(removal_id: int) -> bool:
    """Remove the rows that foreign keys lead to, write the receipt. False when rows have arrived meanwhile."""
    with _locked(removal_id) as removal:
        if removal.done_at is not None:
            return True
        if timezone.now() - removal.asked_at < SETTLE or count(removal.scope):
            return False
        environments = Environment.objects.filter(pk__in=removal.scope["environment_id"])
        list(environments.order_by("pk").select_for_update())  # first: whoever counts for them locks in this order too
        _add(removal, _by_table(environments.delete()[1]))
        _add(removal, _by_table(Project.objects.filter(pk__in=removal.scope.get("project_id", [])).delete()[1]))
        removal.done_at = timezone.now()
        removal.save(update_fields=["done_at"])
        activity.record(
            account=removal.account,
            by=removal.asked_by,
            verb="project.removed" if "project_id" in removal.scope else "environment.removed",
            target=removal.name,
            details={"rows": removal.rows},
        )
    return True


@contextmanager
def _locked(removal_id: int) -> Iterator[Removal]:
    """A transaction that holds the removal's row, so that steps of two workers follow each other."""
    with transaction.atomic():
        rows = Removal.objects.select_for_update(of=("self",)).select_related("account", "asked_by")
        yield rows.get(pk=removal_id)


def _add(removal: Removal, counts: dict[str, int]) -> None:
    for table, number in counts.items():
        if number:
            removal.rows[table] = removal.rows.get(table, 0) + number
    removal.save(update_fields=["rows"])


def _by_table(counts: dict[str, int]) -> dict[str, int]:
    """{"projects.Environment": 1} as {"projects_environment": 1}."""
    return {name.lower().replace(".", "_"): number for name, number in counts.items()}


def _statement(text: str, place: Place) -> sql.Composed:
    return sql.SQL(text).format(leaf=sql.SQL(place.leaf), column=sql.Identifier(place.column))
