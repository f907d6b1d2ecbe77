"""Removing every row of an environment or a project, in steps (common/steps.py).

Tables are not listed here. Tables with a column that is named like a key of the scope, but without a foreign key on it
(the events tables), are found in the schema (projects/tables.py) and emptied in steps. Rows that refer to the
environment or project by foreign keys are deleted together with it, at the end.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from django.db import connection
from django.utils import timezone
from psycopg import sql

from accounts import activity
from common import steps
from projects.models import Environment, Project, Removal
from projects.tables import deletion, leaves, one_of, read_schema

STEP_ROWS = 5_000


@dataclass(frozen=True)
class LooseRows:
    """The rows of a scope in one leaf of a table (a partition, or the table itself)."""

    table: str
    leaf: str
    condition: sql.Composed


def loose_rows(scope: dict[str, list[int]]) -> list[LooseRows]:
    """All rows that refer to the ids of `scope` without a foreign key."""
    keys = [key for key in read_schema().loose if key.column in scope]
    return [
        LooseRows(key.table, leaf, one_of(key.column, scope[key.column]))
        for key in sorted(keys, key=lambda key: (key.table, key.column))
        for leaf in leaves(key.table)
    ]


def count(scope: dict[str, list[int]]) -> int:
    """How many rows now refer to the ids of `scope` without a foreign key."""
    total = 0
    with connection.cursor() as cursor:
        for rows in loose_rows(scope):
            statement = sql.SQL("select count(*) from only {leaf} where {condition}")
            cursor.execute(statement.format(leaf=sql.Identifier(rows.leaf), condition=rows.condition))
            total += cursor.fetchone()[0]
    return total


def run(removal_id: int, *, seconds: float, step_rows: int = STEP_ROWS) -> bool:
    """Continue a removal for about `seconds`; True when it is done. Two workers may run it at once without harm."""
    removal = Removal.objects.get(pk=removal_id)
    if removal.done_at is not None:
        return True
    todo = (partial(_step, removal_id, rows, step_rows) for rows in loose_rows(removal.scope))
    return steps.run(todo, seconds=seconds) and _finish(removal_id)


def _step(removal_id: int, rows: LooseRows, most: int) -> int:
    """Remove up to `most` rows and add them to the count; returns how many."""
    with _locked(removal_id) as removal, connection.cursor() as cursor:
        if removal.done_at is not None:
            return 0
        cursor.execute(deletion(rows.leaf, rows.condition), [most])
        removed: int = cursor.rowcount
        _add(removal, {rows.table: removed})
    return removed


def _finish(removal_id: int) -> bool:
    """Delete the environments and project with the rows that refer to them by foreign keys, and write the receipt.

    False if rows may still arrive or have arrived meanwhile."""
    with _locked(removal_id) as removal:
        if removal.done_at is not None:
            return True
        if not steps.is_settled(removal.asked_at) or count(removal.scope):
            return False
        environments = Environment.objects.filter(pk__in=removal.scope["environment_id"])
        list(environments.order_by("pk").select_for_update())  # lock first, in the order of code that counts for them
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
            project_number=removal.project_number,
        )
    return True


def _locked(removal_id: int) -> AbstractContextManager[Removal]:
    return steps.locked(Removal.objects.select_related("account", "asked_by"), removal_id)


def _add(removal: Removal, counts: dict[str, int]) -> None:
    steps.count_in(removal.rows, {table: number for table, number in counts.items() if number})
    removal.save(update_fields=["rows"])


def _by_table(counts: dict[str, int]) -> dict[str, int]:
    """Turn {"projects.Environment": 1} into {"projects_environment": 1}."""
    return {name.lower().replace(".", "_"): number for name, number in counts.items()}
