# ruff: noqa: S608  # text is put together from fixed pieces and placeholders only; see statement.py
"""A funnel as SQL: one scan where steps look at the same events, one sort, one window per step but the last.

The latest start that still reaches a step leaves most time for the next, so that is all that is carried along: at
each event of a person, s1 is their latest start before it, s2 the latest start that had reached step 2 before it, and
so on. An event is step n when it is meant by it and s(n-1) is not too long ago. "Before" leaves the event itself out:
one event is never two steps.
"""

from datetime import datetime

from analytics.questions.conditions import Match
from analytics.questions.query import Funnel, Selection
from analytics.sql.rows import joined
from analytics.sql.segments import in_segments
from analytics.sql.selecting import Key, Limits, event_rows, keyed, keys_of, selected
from analytics.sql.statement import Statement

Numbered = tuple[int, Selection]
Source = frozenset[Key] | None  # kinds and names; None is any

BEFORE = "over (partition by actor order by time, id rows between unbounded preceding and 1 preceding)"


def funnel_sql(statement: Statement, funnel: Funnel, start: datetime, end: datetime) -> str:
    """One row: for each step how many people came to it."""
    _define_matched(statement, funnel, Limits(start, end))
    is_start = f"is_1 and time < {statement.bind(end)}"
    source = statement.define("reached_1", f"select *, case when {is_start} then time end as x1 from matched")
    window = statement.bind(funnel.within)
    last = len(funnel.steps)
    for step in range(2, last + 1):
        source = _step(statement, step, source, window)
    levels = " ".join(f"when x{step} is not null then {step}" for step in range(last, 0, -1))
    statement.define("levels", f"select actor, max(case {levels} else 0 end) as level from {source} group by actor")
    steps = range(1, last + 1)
    counts = ", ".join(f"sum(case when level >= {step} then 1 else 0 end) as step_{step}" for step in steps)
    return statement.text(f"select {counts} from levels")


def _step(statement: Statement, step: int, source: str, window: str) -> str:
    """Define the rows with x<step>: the start with which this event is the step, or null."""
    before = f"s{step - 1}"
    started = statement.define(f"before_{step}", f"select *, max(x{step - 1}) {BEFORE} as {before} from {source}")
    in_time = f"is_{step} and time <= {statement.dialect.later(before, window)}"
    return statement.define(
        f"reached_{step}", f"select *, case when {in_time} then {before} end as x{step} from {started}"
    )


def _define_matched(statement: Statement, funnel: Funnel, limits: Limits) -> None:
    """Rows (actor, time, id, is_1, is_2, …), each event once."""
    groups = _by_source(statement, funnel)
    scans = [_scan(statement, funnel, steps, limits) for steps in groups]
    if len(scans) == 1 or _are_apart(statement, groups):
        statement.define("matched", " union all ".join(scans))
        return
    statement.define("scanned", " union all ".join(scans))
    steps = range(1, len(funnel.steps) + 1)
    flags = ", ".join(f"max(case when is_{step} then 1 else 0 end) = 1 as is_{step}" for step in steps)
    statement.define("matched", f"select actor, time, id, {flags} from scanned group by actor, time, id")


def _by_source(statement: Statement, funnel: Funnel) -> list[list[Numbered]]:
    """Steps that look at the same kinds and names are found in one scan; others each by their own part of the index."""
    groups: dict[tuple[bool, Source], list[Numbered]] = {}
    for number, step in enumerate(funnel.steps, 1):
        groups.setdefault(_source(statement, step), []).append((number, step))
    return list(groups.values())


def _source(statement: Statement, step: Selection) -> tuple[bool, Source]:
    return step.event.is_session, keys_of(statement, step.event)


def _are_apart(statement: Statement, groups: list[list[Numbered]]) -> bool:
    """Whether no event can be found by two of the scans."""
    found: list[Key] = []
    for steps in groups:
        _, keys = _source(statement, steps[0][1])
        if keys is None:
            return False
        found += keys
    return len(found) == len(set(found))


def _scan(statement: Statement, funnel: Funnel, steps: list[Numbered], limits: Limits) -> str:
    """Rows of the events that are any of these steps. Later steps may lie after the span's end, within the window."""
    assert limits.end is not None
    is_start_alone = len(steps) == 1 and steps[0][0] == 1
    until = limits if is_start_alone else Limits(limits.start, limits.end + funnel.within)
    rows, where = event_rows(statement, until, sessions=steps[0][1].event.is_session)
    where.append(rows.group(funnel.where))
    where += in_segments(rows, funnel.segments)
    where.append(keyed(rows, keys_of(statement, steps[0][1].event)))  # which are the same for all of these steps
    tests = {number: selected(rows, step, of_its_keys=True) for number, step in steps}
    where.append(joined(Match.ANY, list(tests.values())))
    if len(tests) == 1:  # the WHERE says it
        tests = dict.fromkeys(tests, "true")
    flags = ", ".join(f"{tests.get(step, 'false')} as is_{step}" for step in range(1, len(funnel.steps) + 1))
    actor = rows.actor
    columns = f"{actor} as actor, e.time as time, e.id as id, {flags}"
    return f"select {columns} {rows.from_()} where {joined(Match.ALL, where)}"
