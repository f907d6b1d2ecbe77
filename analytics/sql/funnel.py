# ruff: noqa: S608  # text is put together from fixed pieces and placeholders only; see statement.py
"""A funnel as SQL: one scan where steps look at the same events, one sort, one window level per step.

The latest start that still reaches a step is the one that leaves most time for the next, so each level keeps only
that: s1 is the person's latest start so far, s2 the latest start that reached step 2 in time, and so on.
"""

from datetime import datetime

from analytics.conditions import Match
from analytics.query import Funnel, Selection
from analytics.sql.rows import Rows, joined
from analytics.sql.segments import in_segments
from analytics.sql.selecting import Key, Limits, event_rows, keys_of, selected
from analytics.sql.statement import Statement

Numbered = tuple[int, Selection]


def funnel_sql(statement: Statement, funnel: Funnel, start: datetime, end: datetime) -> str:
    """One row: for each step how many people came to it."""
    scans = [_scan(statement, funnel, steps, Limits(start, end)) for steps in _by_source(statement, funnel)]
    statement.define("matched", " union all ".join(scans))
    levels = len(funnel.steps)
    source = _first_level(statement, end)
    for level in range(2, levels + 1):
        source = _level(statement, level, source, statement.bind(funnel.within))
    reached = " ".join(f"when s{level} is not null then {level}" for level in range(levels, 0, -1))
    statement.define("reached", f"select actor, max(case {reached} else 0 end) as level from {source} group by actor")
    counts = ", ".join(f"sum(case when level >= {level} then 1 else 0 end)" for level in range(1, levels + 1))
    return statement.text(f"select {counts} from reached")


OVER = "over (partition by actor order by time, id, step desc)"  # one event is never two steps of a person's way


def _first_level(statement: Statement, end: datetime) -> str:
    is_start = f"step = 1 and time < {statement.bind(end)}"
    return statement.define("level_1", f"select *, max(case when {is_start} then time end) {OVER} as s1 from matched")


def _level(statement: Statement, level: int, source: str, window: str) -> str:
    before = f"s{level - 1}"
    in_time = f"step = {level} and time <= {statement.dialect.later(before, window)}"
    return statement.define(
        f"level_{level}", f"select *, max(case when {in_time} then {before} end) {OVER} as s{level} from {source}"
    )


def _by_source(statement: Statement, funnel: Funnel) -> list[list[Numbered]]:
    """Steps that look at the same kinds and names are found in one scan; others each by their own part of the index."""
    groups: dict[tuple[bool, frozenset[Key] | None], list[Numbered]] = {}
    for number, step in enumerate(funnel.steps, 1):
        source = (step.event.is_session, keys_of(statement, step.event))
        groups.setdefault(source, []).append((number, step))
    return list(groups.values())


def _scan(statement: Statement, funnel: Funnel, steps: list[Numbered], limits: Limits) -> str:
    """Rows (actor, time, id, step). Later steps may lie after the span's end, within the window."""
    assert limits.end is not None
    starts_here = steps[0][0] == 1 and len(steps) == 1
    until = Limits(limits.start, limits.end if starts_here else limits.end + funnel.within)
    rows, where = event_rows(statement, until, sessions=steps[0][1].event.is_session)
    where.append(rows.group(funnel.where))
    where += in_segments(rows, funnel.segments)
    tests = [(number, selected(rows, step)) for number, step in steps]
    where.append(joined(Match.ANY, [test for _, test in tests]))
    actor = rows.actor
    if len(tests) == 1:
        return f"select {actor} as actor, e.time, e.id, {tests[0][0]} as step {_rest(rows, where)}"
    flags = ", ".join(f"{test} as is_{number}" for number, test in tests)
    numbers = " union all ".join(f"select {number} as step" for number, _ in tests)
    chosen = " or ".join(f"(n.step = {number} and f.is_{number})" for number, _ in tests)
    return (
        f"select f.actor, f.time, f.id, n.step from (select {actor} as actor, e.time, e.id, {flags} "
        f"{_rest(rows, where)}) f cross join ({numbers}) n where {chosen}"
    )


def _rest(rows: Rows, where: list[str]) -> str:
    return f"{rows.from_()} where {joined(Match.ALL, where)}"
