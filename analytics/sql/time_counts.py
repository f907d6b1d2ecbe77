# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see statement.py
"""Counting over time as SQL. Every statement gives rows (slot, key, bucket, n, people).

slot    0 without grouping; else the rank of the group by size, from 1, and TOP_GROUPS + 1 for all other groups
        together; null for everything together
key     the group's value, encoded (decode_key); null if the slot is not a group
bucket  start of the bucket; null for the whole span
n       how many: events, people or sessions
people  how many people, if events per person are counted
"""

from collections.abc import Sequence

from analytics.questions.conditions import Match
from analytics.questions.query import TOP_GROUPS, Counting, Counts, Selection
from analytics.questions.spans import Bucket
from analytics.sql.rows import Rows, joined
from analytics.sql.segments import in_segments
from analytics.sql.selections import Limits, event_rows, selected
from analytics.sql.statement import Statement

NO_VALUE = "-"  # the encoded key of events without the property; other keys are "=" and the value
OTHER = TOP_GROUPS + 1


def decode_key(encoded: str | None) -> str | None:
    return None if encoded is None or encoded == NO_VALUE else encoded[1:]


def encode_key(value: str | None) -> str:
    return NO_VALUE if value is None else f"={value}"


def encoded(value: str) -> str:
    """The SQL expression that encodes a key."""
    return f"coalesce('=' || {value}, '{NO_VALUE}')"


def counting_sql(statement: Statement, counting: Counting, buckets: Sequence[Bucket]) -> str:
    """The whole statement for these consecutive buckets."""
    limits = Limits(buckets[0].start, buckets[-1].end)
    if counting.by is not None:
        statement.define("found", found_sql(statement, counting, limits, buckets))
        return ranked_sql(statement, counting)
    rows, where = _matching(statement, counting, limits)
    bucket = statement.dialect.bucket("e.time", buckets, statement.bind)
    if counting.counts is Counts.EVENTS:
        return statement.text(
            f"select 0 as slot, null as key, {bucket} as bucket, count(*) as n, 0 as people {rows.from_()} "
            f"where {joined(Match.ALL, where)} group by 3"
        )
    return _distinct(statement, counting, rows, where, bucket)


def _matching(statement: Statement, counting: Counting, limits: Limits) -> tuple[Rows, list[str]]:
    rows, where = event_rows(statement, limits, sessions=counting.event.is_session)
    where.append(selected(rows, Selection(counting.event, counting.where)))
    return rows, where + in_segments(rows, counting.segments)


def _distinct(statement: Statement, counting: Counting, rows: Rows, where: list[str], bucket: str) -> str:
    """People or sessions per bucket and in all. Finds the distinct pairs once, then counts them twice.

    Merges are looked up per pair, not per event.
    """
    if counting.counts is Counts.SESSIONS:
        where.append("e.session_id is not null")
    column = "e.session_id" if counting.counts is Counts.SESSIONS else "e.actor_id"
    statement.define(
        "pairs",
        f"select {bucket} as bucket, {column} as actor_id, count(*) as n {rows.from_()} "
        f"where {joined(Match.ALL, where)} group by 1, 2",
    )
    source = "pairs"
    if counting.counts is not Counts.SESSIONS and statement.glossary.has_merges:
        pairs = Rows(statement, "pairs e")
        actor = pairs.actor
        source = statement.define(
            "resolved", f"select e.bucket as bucket, {actor} as actor_id, sum(e.n) as n {pairs.from_()} group by 1, 2"
        )
    if counting.counts is Counts.PER_USER:
        measures, total = "sum(n) as n, count(*) as people", "sum(n) as n, count(distinct actor_id) as people"
    else:
        measures, total = "count(*) as n, 0 as people", "count(distinct actor_id) as n, 0 as people"
    return statement.text(
        f"select 0 as slot, null as key, bucket, {measures} from {source} group by 3 "
        f"union all select null as slot, null as key, null as bucket, {total} from {source}"
    )


def found_sql(statement: Statement, counting: Counting, limits: Limits, buckets: Sequence[Bucket]) -> str:
    """Rows (bucket, key, who, n) of events within the limits, one for each (bucket, key, who). `buckets` cover them."""
    assert counting.by is not None
    rows, where = _matching(statement, counting, limits)
    who = {Counts.EVENTS: "0", Counts.SESSIONS: "e.session_id"}.get(counting.counts) or rows.actor
    if counting.counts is Counts.SESSIONS:
        where.append("e.session_id is not null")
    value = statement.dialect.cast_text(rows.field(counting.by))
    bucket = statement.dialect.bucket("e.time", buckets, statement.bind)
    return (
        f"select {bucket} as bucket, {encoded(value)} as key, {who} as who, count(*) as n "
        f"{rows.from_()} where {joined(Match.ALL, where)} group by 1, 2, 3"
    )


def ranked_sql(statement: Statement, counting: Counting) -> str:
    """The largest groups and the rest, from the common table expression `found`.

    Every distinct count is a plain count over a grouping, so that PostgreSQL only hashes and never sorts.
    """
    size = "sum(n)" if counting.counts in (Counts.EVENTS, Counts.PER_USER) else "count(*)"
    statement.define(
        "sizes", f"select key, {size} as size from (select key, who, sum(n) as n from found group by 1, 2) w group by 1"
    )
    order = f"size desc, {statement.dialect.bytewise('key')}"
    statement.define(
        "largest",
        f"select key, row_number() over (order by {order}) as place from sizes order by {order} limit {TOP_GROUPS}",
    )
    statement.define(
        "cells",
        f"select coalesce(l.place, {OTHER}) as slot, l.key as key, f.bucket as bucket, f.who as who, sum(f.n) as n "
        "from found f left join largest l on l.key = f.key group by 1, 2, 3, 4",
    )
    statement.define("groups", "select slot, key, who, sum(n) as n from cells group by 1, 2, 3")
    measures = {
        Counts.EVENTS: "sum(n) as n, 0 as people",
        Counts.PER_USER: "sum(n) as n, count(*) as people",
    }.get(counting.counts, "count(*) as n, 0 as people")
    return statement.text(
        f"select slot, key, bucket, {measures} from cells group by 1, 2, 3 "
        f"union all select slot, key, null as bucket, {measures} from groups group by 1, 2 "
        f"union all select null as slot, null as key, null as bucket, {measures} "
        "from (select who, sum(n) as n from groups group by 1) w"
    )
