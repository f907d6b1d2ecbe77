# this SQL is built only from fixed texts and placeholders; see statement.py
"""Who was active, and when, as SQL; and the events that make them so."""

from collections.abc import Sequence

from analytics.questions.conditions import Match
from analytics.questions.query import Query, Selection
from analytics.questions.spans import Bucket
from analytics.sql.rows import Rows, joined
from analytics.sql.segments import in_segments
from analytics.sql.selections import Limits, event_rows, selected
from analytics.sql.statement import Statement


def active(statement: Statement, query: Query, selection: Selection, buckets: Sequence[Bucket], name: str) -> str:
    """Define `name`: rows (actor, bucket), the people of the query who did it, and when: the start of the bucket."""
    return _distinct(statement, query, selection, Limits(buckets[0].start, buckets[-1].end), name, buckets)


def people(statement: Statement, query: Query, selection: Selection, limits: Limits, name: str) -> str:
    """Define `name`: rows (actor), the people of the query who did it within the limits."""
    return _distinct(statement, query, selection, limits, name)


def _distinct(
    statement: Statement,
    query: Query,
    selection: Selection,
    limits: Limits,
    name: str,
    buckets: Sequence[Bucket] = (),
) -> str:
    """Define `name`. Merges are looked up for its rows, not for each event."""
    rows, where = matching(statement, query, selection, limits)
    when = f", {statement.dialect.bucket('e.time', buckets, statement.bind)} as bucket" if buckets else ""
    found = statement.define(
        f"{name}_{'pairs' if buckets else 'actors'}",
        f"select distinct e.actor_id as actor_id{when} {rows.from_()} where {joined(Match.ALL, where)}",
    )
    resolved = Rows(statement, f"{found} e")
    actor, when = resolved.actor, ", e.bucket as bucket" if buckets else ""
    return statement.define(name, f"select distinct {actor} as actor{when} {resolved.from_()}")


def matching(statement: Statement, query: Query, selection: Selection, limits: Limits) -> tuple[Rows, list[str]]:
    """The selected events within the limits that the query's filters and segments let through: FROM and conditions."""
    rows, where = event_rows(statement, limits, sessions=selection.event.is_session)
    return rows, [*where, selected(rows, selection), rows.group(query.where), *in_segments(rows, query.segments)]
