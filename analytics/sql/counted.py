# ruff: noqa: S608  # text is put together from fixed pieces and placeholders only; see statement.py
"""SQL beside counted days (analytics/rollups): groups from their kept values, and who was there on other days."""

from collections.abc import Sequence
from datetime import datetime

from analytics.conditions import Match
from analytics.query import Graph, Selection
from analytics.spans import Bucket
from analytics.sql.graph import encoded, found_sql, ranked_sql
from analytics.sql.rows import Rows, joined
from analytics.sql.selecting import Limits, event_rows, selected
from analytics.sql.statement import Statement


def active_sql(statement: Statement, selection: Selection, days: Sequence[Bucket]) -> str:
    """Rows (day's start, person, their position or null, events) of days one after the other."""
    limits = Limits(days[0].start, days[-1].end)
    rows, where = event_rows(statement, limits, sessions=selection.event.is_session)
    where.append(selected(rows, selection))
    bucket = statement.dialect.bucket("e.time", days, statement.bind)
    statement.define(
        "pairs",
        f"select {bucket} as bucket, e.actor_id, count(*) as n {rows.from_()} "
        f"where {joined(Match.ALL, where)} group by 1, 2",
    )
    pairs = Rows(statement, "pairs e")
    actor = pairs.actor
    statement.define("people_by_day", f"select e.bucket, {actor} as actor, sum(e.n) as n {pairs.from_()} group by 1, 2")
    return statement.text(
        "select a.bucket, a.actor, r.position, a.n from people_by_day a "
        f"left join rollup_positions r on r.environment_id = {statement.environment} and r.actor_id = a.actor"
    )


def counted_groups_sql(
    statement: Statement,
    graph: Graph,
    kind: str,
    cut: Sequence[Bucket],
    usable: set[datetime],
    gaps: Sequence[Sequence[Bucket]],
) -> str:
    """The rows of a grouped graph of events: usable days from their kept values, gaps from events."""
    assert graph.by is not None
    bind = statement.bind
    bucket = statement.dialect.bucket("r.starts", cut, bind)
    parts = [
        f"select {bucket} as bucket, {encoded('v.label')} as key, 0 as who, v.n "
        "from rollup_values r cross join lateral unnest(r.labels, r.counts) as v(label, n) "
        f"where r.environment_id = {statement.environment} and r.kind = {bind(kind)} "
        f"and r.field = {bind(graph.by.key)} and r.starts = any({bind(sorted(usable))}::timestamptz[])"
    ]
    parts += [found_sql(statement, graph, Limits(gap[0].start, gap[-1].end), cut) for gap in gaps]
    statement.define("pieces", " union all ".join(f"({part})" for part in parts))
    statement.define("found", "select bucket, key, who, sum(n) as n from pieces group by 1, 2, 3")
    return ranked_sql(statement, graph)
