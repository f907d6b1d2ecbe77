# this SQL is built only from fixed texts and placeholders; see statement.py
"""Who was active when, as SQL: rows (actor, bucket), each once; and the events that make them so."""

from collections.abc import Sequence

from analytics.questions.conditions import Match
from analytics.questions.query import Query, Selection
from analytics.questions.spans import Bucket
from analytics.sql.rows import Rows, joined
from analytics.sql.segments import in_segments
from analytics.sql.selections import Limits, event_rows, selected
from analytics.sql.statement import Statement


def active(statement: Statement, query: Query, selection: Selection, buckets: Sequence[Bucket], name: str) -> str:
    """Define `name`: the people of the query who did it, and the starts of the buckets in which they did.

    Merges are looked up per pair, not per event.
    """
    rows, where = matching(statement, query, selection, Limits(buckets[0].start, buckets[-1].end))
    bucket = statement.dialect.bucket("e.time", buckets, statement.bind)
    pairs = statement.define(
        f"{name}_pairs",
        f"select distinct e.actor_id as actor_id, {bucket} as bucket {rows.from_()} where {joined(Match.ALL, where)}",
    )
    resolved = Rows(statement, f"{pairs} e")
    actor = resolved.actor
    return statement.define(name, f"select distinct {actor} as actor, e.bucket as bucket {resolved.from_()}")


def matching(statement: Statement, query: Query, selection: Selection, limits: Limits) -> tuple[Rows, list[str]]:
    """The selected events within the limits that the query's filters and segments let through: FROM and conditions."""
    rows, where = event_rows(statement, limits, sessions=selection.event.is_session)
    return rows, [*where, selected(rows, selection), rows.group(query.where), *in_segments(rows, query.segments)]
