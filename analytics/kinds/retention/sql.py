# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see sql/statement.py
"""Retention as SQL. Counted days give the same rows, where they can.

Rows (cohort, period, people): cohort and period are starts of buckets; a row with the period null has the cohort's
size. If whoever comes back later counts as well, the period is the last one in which they did. Grouped, (slot, key) of
sql/largest.py come before, and the number of all groups after.
"""

from collections.abc import Sequence

from analytics.kinds.retention.question import CohortEntry, Retention, Return
from analytics.questions.conditions import Match
from analytics.questions.spans import Bucket
from analytics.sql.active import active, matching
from analytics.sql.largest import ranked
from analytics.sql.rows import joined
from analytics.sql.selections import Limits
from analytics.sql.statement import Statement
from analytics.sql.time_counts import encoded


def retention_sql(statement: Statement, retention: Retention, buckets: Sequence[Bucket], most: int) -> str:
    """`most` is how many groups are counted by themselves."""
    cohorts, returns = define_cohorts(statement, retention, buckets)
    own, of_cohort, number, group, also_period = "", "", "", "1", "1, 2"
    if retention.by is not None:
        cohorts = ranked(statement, cohorts, most)
        own, of_cohort = "slot, group_key, ", "c.slot as slot, c.group_key as group_key, "
        number, group, also_period = ", (select count(*) as n from sizes) as groups", "1, 2, 3", "1, 2, 3, 4"
    came = f"from {cohorts} c join {returns} r on r.actor = c.actor where r.bucket > c.cohort group by {also_period}"
    if retention.counts_as is Return.OR_AFTER:
        last = f"select {of_cohort}c.cohort as cohort, c.actor as actor, max(r.bucket) as period {came}"
        lasts = statement.define("lasts", last)
        later = f"select {own}cohort, period, count(*) as people{number} from {lasts} group by {also_period}"
    else:
        later = f"select {of_cohort}c.cohort as cohort, r.bucket as period, count(*) as people{number} {came}"
    return statement.text(
        f"select {own}cohort, null as period, count(*) as people{number} from {cohorts} group by {group} "
        f"union all {later}"
    )


def define_cohorts(statement: Statement, retention: Retention, buckets: Sequence[Bucket]) -> tuple[str, str]:
    """Define who is in which cohort, rows (actor, cohort) and with a property `key`, and who came: (actor, bucket)."""
    is_of_pairs = retention.by is None and retention.entry is not CohortEntry.EVER
    if is_of_pairs:
        starts = active(statement, retention, retention.start, buckets, "started")
    if is_of_pairs and retention.start == retention.returning:
        returns = starts
    else:
        returns = active(statement, retention, retention.returning, buckets, "returned")
    if is_of_pairs:
        entered = "bucket" if retention.entry is CohortEntry.EVERY else "min(bucket)"
        grouped = "" if retention.entry is CohortEntry.EVERY else " group by 1"
        cohorts = statement.define("cohorts", f"select actor, {entered} as cohort from {starts}{grouped}")
    else:
        cohorts = _entered(statement, retention, buckets)
    return cohorts, returns


def _entered(statement: Statement, retention: Retention, buckets: Sequence[Bucket]) -> str:
    """Define rows (actor, cohort) or, with a property, (actor, cohort, key), from the event with which they entered."""
    start, end = buckets[0].start, buckets[-1].end
    is_ever = retention.entry is CohortEntry.EVER
    limits = Limits(None if is_ever else start, end)
    rows, where = matching(statement, retention, retention.start, limits)
    value = f", {encoded(statement.dialect.cast_text(rows.field(retention.by)))} as key" if retention.by else ""
    actor = rows.actor
    statement.define(
        "started",
        f"select {actor} as actor, e.time as time, e.id as id{value} {rows.from_()} where {joined(Match.ALL, where)}",
    )
    bucket = statement.dialect.bucket("time", buckets, statement.bind)
    within = f", {bucket}" if retention.entry is CohortEntry.EVERY else ""
    place = f"row_number() over (partition by actor{within} order by time, id)"
    statement.define("placed", f"select *, {place} as place from started")
    in_span = f" and time >= {statement.bind(start)}" if is_ever else ""
    key = ", key" if retention.by else ""
    return statement.define("cohorts", f"select actor, {bucket} as cohort{key} from placed where place = 1{in_span}")
