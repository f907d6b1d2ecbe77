"""Whole rows, page by page, in the order of their keys."""

from collections.abc import Sequence

from django.db import connection

from analytics.store.failures import QueryTimeout
from analytics.store.protocol import TIME_LIMIT, Collected
from common.database import TookTooLong, time_limit

# The row as JSON text, then its key as text; a page begins after the key that the one before ended with.
PAGE = """
select to_jsonb(t)::text as line, {keys} from {table} t
 where t.environment_id = %s and {whose} and {beyond} order by {order} limit %s
"""
KEYS = {
    Collected.EVENTS: {"time": "timestamptz", "id": "bigint"},
    Collected.PEOPLE: {"actor_id": "bigint"},
    Collected.MERGES: {"from_actor": "bigint"},
}


ACTOR = {Collected.EVENTS: "actor_id", Collected.PEOPLE: "actor_id", Collected.MERGES: "to_actor"}


def export_page(table: Collected, environment_id: int, after: Sequence[str] | None, most: int) -> list[tuple[str, ...]]:
    return _page(table, "true", environment_id, [], after, most)


def person_page(
    table: Collected, environment_id: int, actor_id: int, after: Sequence[str] | None, most: int
) -> list[tuple[str, ...]]:
    try:
        with time_limit(TIME_LIMIT.total_seconds()):
            return _page(table, f"t.{ACTOR[table]} = %s", environment_id, [actor_id], after, most)
    except TookTooLong as error:
        raise QueryTimeout from error


def _page(
    table: Collected, whose: str, environment_id: int, who: list[int], after: Sequence[str] | None, most: int
) -> list[tuple[str, ...]]:
    columns = KEYS[table]
    order = ", ".join(f"t.{column}" for column in columns)
    values = ", ".join(f"%s::{kind}" for kind in columns.values())
    text = PAGE.format(
        table=table.value,
        keys=", ".join(f"t.{column}::text as {column}" for column in columns),
        whose=whose,
        beyond="true" if after is None else f"({order}) > ({values})",
        order=order,
    )
    with connection.cursor() as cursor:
        cursor.execute(text, [environment_id, *who, *(after or ()), most])
        return list(cursor.fetchall())
