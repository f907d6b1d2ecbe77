# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see statement.py
"""The largest groups of people, and the rest. Keys are encoded (time_counts.encoded), also that of no value."""

from analytics.sql.statement import Statement


def ranked(statement: Statement, source: str, most: int) -> str:
    """Define the rows of `source`, one for each person with their `key`, with the group's `slot`.

    The slot is the group's place by size, from 1; `most` + 1 for all others together, whose `key` is null.
    """
    statement.define("sizes", f"select key, count(*) as size from {source} group by key")
    order = f"size desc, {statement.dialect.bytewise('key')}"
    statement.define(
        "largest", f"select key, row_number() over (order by {order}) as place from sizes order by {order} limit {most}"
    )
    return statement.define(
        "ranked",
        f"select coalesce(l.place, {most + 1}) as slot, l.key as group_key, f.* "
        f"from {source} f left join largest l on l.key = f.key",
    )
