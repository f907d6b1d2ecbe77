"""SQL for days that are not counted beforehand. analytics/rollups adds its rows to those of counted days."""

from collections.abc import Sequence

from analytics.questions.conditions import Match
from analytics.questions.query import Counting, Selection
from analytics.questions.spans import Bucket
from analytics.sql.rows import Rows, joined
from analytics.sql.selections import Limits, event_rows, selected
from analytics.sql.statement import Statement
from analytics.sql.time_counts import found_sql


def active_sql(statement: Statement, selection: Selection, days: Sequence[Bucket]) -> str:
    """Rows (day's start, person, events) of consecutive days."""
    limits = Limits(days[0].start, days[-1].end)
    rows, where = event_rows(statement, limits, sessions=selection.event.is_session)
    where.append(selected(rows, selection))
    bucket = statement.dialect.bucket("e.time", days, statement.bind)
    statement.define(
        "pairs",
        f"select {bucket} as bucket, e.actor_id as actor_id, count(*) as n {rows.from_()} "
        f"where {joined(Match.ALL, where)} group by 1, 2",
    )
    pairs = Rows(statement, "pairs e")
    actor = pairs.actor
    return statement.text(f"select e.bucket as bucket, {actor} as actor, sum(e.n) as n {pairs.from_()} group by 1, 2")


def groups_sql(statement: Statement, counting: Counting, days: Sequence[Bucket]) -> str:
    """Rows (day's start, encoded key, events) of consecutive days."""
    statement.define("found", found_sql(statement, counting, Limits(days[0].start, days[-1].end), days))
    return statement.text("select bucket, key, n from found")
