# ruff: noqa: S608  # text is put together from fixed pieces and placeholders only; see statement.py
"""Retention as SQL: rows (cohort, period, people), both as bucket starts; period null is the cohort's size."""

from collections.abc import Sequence

from analytics.questions.conditions import Match
from analytics.questions.query import Retention, Selection
from analytics.questions.spans import Bucket
from analytics.sql.rows import Rows, joined
from analytics.sql.segments import in_segments
from analytics.sql.selecting import Limits, event_rows, selected
from analytics.sql.statement import Statement


def retention_sql(statement: Statement, retention: Retention, buckets: Sequence[Bucket]) -> str:
    starts = _active(statement, retention, retention.start, buckets, "started")
    same = retention.start == retention.returning
    returns = starts if same else _active(statement, retention, retention.returning, buckets, "returned")
    return retention_text(statement, starts, returns)


def retention_text(statement: Statement, starts: str, returns: str) -> str:
    """The triangle over two relations of (actor, bucket), each pair once."""
    statement.define("cohorts", f"select actor, min(bucket) as cohort from {starts} group by 1")
    return statement.text(
        "select cohort, null as period, count(*) as people from cohorts group by 1 "
        "union all select c.cohort as cohort, r.bucket as period, count(*) as people "
        f"from cohorts c join {returns} r on r.actor = c.actor "
        "where r.bucket > c.cohort group by 1, 2"
    )


def _active(
    statement: Statement, retention: Retention, selection: Selection, buckets: Sequence[Bucket], name: str
) -> str:
    """Define who did it in which bucket, each pair once; who is who is looked up for the pairs, not for every event."""
    limits = Limits(buckets[0].start, buckets[-1].end)
    rows, where = event_rows(statement, limits, sessions=selection.event.is_session)
    where += [selected(rows, selection), rows.group(retention.where), *in_segments(rows, retention.segments)]
    bucket = statement.dialect.bucket("e.time", buckets, statement.bind)
    pairs = statement.define(
        f"{name}_pairs",
        f"select distinct e.actor_id as actor_id, {bucket} as bucket {rows.from_()} where {joined(Match.ALL, where)}",
    )
    return resolved_pairs(statement, pairs, name)


def resolved_pairs(statement: Statement, pairs: str, name: str) -> str:
    """(actor, bucket) once each, after merging, from (actor_id, bucket)."""
    rows = Rows(statement, f"{pairs} e")
    actor = rows.actor
    return statement.define(name, f"select distinct {actor} as actor, e.bucket as bucket {rows.from_()}")
