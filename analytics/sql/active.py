# this SQL is built only from fixed texts and placeholders; see statement.py
"""Who was active when, as SQL: rows (actor, bucket), each once."""

from collections.abc import Sequence

from analytics.questions.conditions import Match
from analytics.questions.query import Counting, Selection
from analytics.questions.spans import Bucket
from analytics.sql.rows import Rows, joined
from analytics.sql.segments import in_segments
from analytics.sql.selections import Limits, event_rows, selected
from analytics.sql.statement import Statement


def active(statement: Statement, counting: Counting, buckets: Sequence[Bucket]) -> str:
    """Define `active`: the people of the counted events, and the starts of the buckets in which they did one.

    Merges are looked up per pair, not per event.
    """
    rows, where = matching(statement, counting, Limits(buckets[0].start, buckets[-1].end))
    bucket = statement.dialect.bucket("e.time", buckets, statement.bind)
    pairs = statement.define(
        "active_pairs",
        f"select distinct e.actor_id as actor_id, {bucket} as bucket {rows.from_()} where {joined(Match.ALL, where)}",
    )
    resolved = Rows(statement, f"{pairs} e")
    actor = resolved.actor
    return statement.define("active", f"select distinct {actor} as actor, e.bucket as bucket {resolved.from_()}")


def matching(statement: Statement, counting: Counting, limits: Limits) -> tuple[Rows, list[str]]:
    """The counted events within the limits, as a FROM and its conditions."""
    rows, where = event_rows(statement, limits, sessions=counting.event.is_session)
    where.append(selected(rows, Selection(counting.event, counting.where)))
    return rows, where + in_segments(rows, counting.segments)
