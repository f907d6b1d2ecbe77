# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see sql/statement.py
"""Funnels as SQL: one scan for all steps on the same events, how far each person came (reached.py), and the sums."""

from collections.abc import Sequence
from datetime import datetime

from analytics.kinds.funnel.question import BIN_EDGES, Funnel, Order
from analytics.kinds.funnel.reached import Attempts, reached_in_any_order, reached_in_order
from analytics.questions.conditions import Match
from analytics.questions.query import Selection
from analytics.questions.spans import Bucket
from analytics.sql.largest import ranked
from analytics.sql.rows import Rows, joined
from analytics.sql.segments import in_segments
from analytics.sql.selections import EventKey, Limits, event_rows, keyed, keys_of, selected
from analytics.sql.statement import Statement
from analytics.sql.time_counts import encoded

REACHED = -1  # no number of BIN_EDGES
Numbered = tuple[int, Selection]
MICROSECONDS = 60_000_000  # in a minute
KeySet = frozenset[EventKey] | None  # kinds and names; None is any
Scan = tuple[bool, KeySet]  # whether it is sessions, and of which kinds and names


def funnel_sql(
    statement: Statement, funnel: Funnel, start: datetime, end: datetime, known_until: datetime | None = None
) -> str:
    """Rows (level, people): how many came so far, and no further; before the moment `known_until`, if there is one."""
    source = _reached(statement, funnel, start, end, Attempts(known_until=known_until))
    statement.define("levels", f"select actor, {_level(len(funnel.steps))} as level from {source} group by actor")
    return statement.text("select level, count(*) as people from levels group by level")


def groups_sql(statement: Statement, funnel: Funnel, start: datetime, end: datetime, most: int) -> str:
    """Rows (slot, key, level, people, groups): how many people of a group came so far, and no further.

    `slot` and `key` are those of sql/largest.py; `groups` is the number of all groups.
    """
    ranked(statement, define_people(statement, funnel, start, end, with_times=False), most)
    return statement.text(
        "select slot, group_key as key, level, count(*) as people, (select count(*) as n from sizes) as groups "
        "from ranked group by 1, 2, 3"
    )


def times_sql(statement: Statement, funnel: Funnel, start: datetime, end: datetime, most: int) -> str:
    """Rows (slot, key, step, bin, number, groups): how many people took how long from the start to a step.

    `bin` is the number of BIN_EDGES up to this time, and `number` counts people. Where it is null, `number` is one of
    the one or two times in the middle, in microseconds. `slot` is 0 for everybody, else that of a group. Where `bin` is
    REACHED, the row is one of groups_sql: `number` people came to the step and no further; without groups in slot 0.
    """
    people = define_people(statement, funnel, start, end, with_times=True)
    steps = range(2, len(funnel.steps) + 1)
    sources, slot, key, groups = [("0", people)], "0", "null", "0"
    if funnel.by is not None:
        people = ranked(statement, people, most)
        sources.append(("slot", people))
        slot, key, groups = "slot", "group_key", "(select count(*) as n from sizes)"
    statement.define(
        "times",
        " union all ".join(
            f"select {slot} as slot, {step} as step, took_{step} as took from {source} where took_{step} is not null"
            for slot, source in sources
            for step in steps
        ),
    )
    statement.define(
        "placed_times",
        "select slot, step, took, row_number() over (partition by slot, step order by took) as place, "
        "count(*) over (partition by slot, step) as n from times",
    )
    edges = [statement.bind(minutes * MICROSECONDS) for minutes in BIN_EDGES]
    whens = " ".join(f"when took < {edge} then {number}" for number, edge in enumerate(edges))
    return statement.text(
        f"select {slot} as slot, {key} as key, level as step, {REACHED} as bin, count(*) as number, {groups} as groups "
        f"from {people} group by 1, 2, 3 "
        f"union all select slot, null as key, step, case {whens} else {len(edges)} end as bin, count(*) as number, "
        "0 as groups from times group by 1, 3, 4 "
        "union all select slot, null as key, step, null as bin, took as number, 0 as groups from placed_times "
        "where 2 * place >= n and 2 * place <= n + 2"
    )


def in_bin(statement: Statement, step: int, number: int) -> list[str]:
    """The conditions that somebody of `define_people` took a time of this bin to the step."""
    conditions = [f"took_{step} is not null"]
    if number > 0:
        conditions.append(f"took_{step} >= {statement.bind(BIN_EDGES[number - 1] * MICROSECONDS)}")
    if number < len(BIN_EDGES):
        conditions.append(f"took_{step} < {statement.bind(BIN_EDGES[number] * MICROSECONDS)}")
    return conditions


def trend_sql(statement: Statement, funnel: Funnel, buckets: Sequence[Bucket]) -> str:
    """Rows (bucket, level, people): of those who began in this bucket, how many came so far, and no further.

    Where `bucket` is null, `people` is the number of events that were read, each once for each bucket to which it may
    belong. If these are more than MOST_SPREAD, the other rows are wrong.
    """
    attempts = Attempts(buckets=tuple(buckets))
    source = _reached(statement, funnel, buckets[0].start, buckets[-1].end, attempts)
    level = _level(len(funnel.steps))
    statement.define("levels", f"select actor, bucket, {level} as level from {source} group by actor, bucket")
    return statement.text(
        "select bucket, level, count(*) as people from levels where level > 0 group by 1, 2 "
        "union all select null as bucket, 0 as level, count(*) as people from spread"
    )


def _level(last: int) -> str:
    """The furthest step that any row reached."""
    levels = " ".join(f"when x{step} is not null then {step}" for step in range(last, 0, -1))
    return f"max(case {levels} else 0 end)"


def define_people(statement: Statement, funnel: Funnel, start: datetime, end: datetime, *, with_times: bool) -> str:
    """Define rows (actor, level), one for each person; with a property `key`, with times `took_2`, `took_3`…

    The first event that reaches a step has the earliest start of all that reach it, because later events continue
    later starts. So the least of each are those of the attempt that counts.
    """
    by = funnel.by is not None
    source = _reached(statement, funnel, start, end, Attempts(with_values=by))
    last = len(funnel.steps)
    columns = [f"actor, {_level(last)} as level"]
    if by:
        columns += [f"min(p{step}) as begun_{step}" for step in range(1, last + 1)]
    if with_times:
        elapsed = statement.dialect.elapsed
        columns += [
            f"{elapsed(f'min(case when x{step} is not null then time end)', f'min(x{step})')} as took_{step}"
            for step in range(2, last + 1)
        ]
    levels = statement.define("levels", f"select {', '.join(columns)} from {source} group by actor")
    if not by:
        return levels
    begun = " ".join(f"when {step} then begun_{step}" for step in range(1, last + 1))
    return statement.define(
        "people_keys",
        "select l.*, v.value as key from levels l "
        f"join placed v on v.actor = l.actor and v.place = case l.level {begun} end",
    )


def _reached(statement: Statement, funnel: Funnel, start: datetime, end: datetime, attempts: Attempts) -> str:
    """Define the rows of reached.py."""
    _define_matched(statement, funnel, Limits(start, end), attempts)
    reached = reached_in_any_order if funnel.order is Order.ANY else reached_in_order
    return reached(statement, funnel, end, attempts)


def _define_matched(statement: Statement, funnel: Funnel, limits: Limits, attempts: Attempts) -> None:
    """Define the rows `matched` (actor, time, id, is_1, is_2, …), each event once.

    What is excluded is numbered after the steps. A strict order needs all events that its steps look at, and their
    `is_seen`; grouping needs the `value` of those that may be a start.
    """
    groups = _by_source(statement, funnel)
    scans = [_scan(statement, funnel, source, of_source, limits, attempts) for source, of_source in groups.items()]
    if len(scans) == 1 or _are_disjoint(groups):
        statement.define("matched", " union all ".join(scans))
        return
    statement.define("scanned", " union all ".join(scans))
    flags = [f"is_{number}" for number, _ in _numbered(funnel)] + ["is_seen"] * (funnel.order is Order.STRICT)
    columns = [f"max(case when {flag} then 1 else 0 end) = 1 as {flag}" for flag in flags]
    columns += ["max(value) as value"] * attempts.with_values
    statement.define("matched", f"select actor, time, id, {', '.join(columns)} from scanned group by actor, time, id")


def _numbered(funnel: Funnel) -> list[Numbered]:
    """The steps and, after them, what is excluded."""
    return list(enumerate([*funnel.steps, *(each.selection for each in funnel.without)], 1))


def _by_source(statement: Statement, funnel: Funnel) -> dict[Scan, list[Numbered]]:
    """Group the steps by their kinds and names. Each group is one scan, which reads its own part of the index."""
    groups: dict[Scan, list[Numbered]] = {}
    for number, step in _numbered(funnel):
        groups.setdefault((step.event.is_session, keys_of(statement, step.event)), []).append((number, step))
    if funnel.order is Order.STRICT:
        for step in funnel.steps:
            groups.setdefault((False, keys_of(statement, step.event)), [])
    return groups


def _are_disjoint(groups: dict[Scan, list[Numbered]]) -> bool:
    """Whether no two scans can find the same event."""
    found: list[EventKey] = []
    for _, keys in groups:
        if keys is None:
            return False
        found += keys
    return len(found) == len(set(found))


def _scan(
    statement: Statement, funnel: Funnel, source: Scan, steps: list[Numbered], limits: Limits, attempts: Attempts
) -> str:
    """Rows of the events that match any of these steps. Later steps may be up to `within` after the span's end."""
    assert limits.end is not None
    is_strict = funnel.order is Order.STRICT
    is_start_alone = len(steps) == 1 and steps[0][0] == 1 and funnel.order is Order.IN_ORDER
    ends = limits.end + funnel.within
    until = limits if is_start_alone else Limits(limits.start, min(ends, attempts.known_until or ends))
    is_session, keys = source
    rows, where = event_rows(statement, until, sessions=is_session)
    where.append(rows.group(funnel.where))
    where += in_segments(rows, funnel.segments)
    where.append(keyed(rows, keys))  # all of these steps have the same keys
    tests = {number: selected(rows, step, of_its_keys=True) for number, step in steps}
    if not is_strict:
        where.append(joined(Match.ANY, list(tests.values())))
        if len(tests) == 1:  # the WHERE already tests it
            tests = dict.fromkeys(tests, "true")
    flags = [f"{tests.get(number, 'false')} as is_{number}" for number, _ in _numbered(funnel)]
    if is_strict:
        flags.append(f"{'true' if _is_seen(source, statement, funnel) else 'false'} as is_seen")
    if attempts.with_values:
        may_begin = 1 in tests or funnel.order is Order.ANY
        flags.append(f"{_value(rows, funnel) if may_begin else 'null'} as value")
    actor = rows.actor
    columns = f"{actor} as actor, e.time as time, e.id as id, {', '.join(flags)}"
    return f"select {columns} {rows.from_()} where {joined(Match.ALL, where)}"


def _is_seen(source: Scan, statement: Statement, funnel: Funnel) -> bool:
    """Whether the steps look at the events of this scan, whatever the conditions of the steps."""
    is_session, keys = source
    return not is_session and keys in {keys_of(statement, step.event) for step in funnel.steps}


def _value(rows: Rows, funnel: Funnel) -> str:
    assert funnel.by is not None
    return encoded(rows.statement.dialect.cast_text(rows.field(funnel.by)))
