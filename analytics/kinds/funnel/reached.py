# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see sql/statement.py
"""How far each person came, as SQL: one sort, and one window for each step except the last.

Of all starts that reached a step, only the latest matters, because it leaves the most time for the next step. So for
each event of a person, s1 is their latest start before it, s2 the latest start that had reached step 2 before it, and
so on. An event is step n if it matches the step and s(n-1) is at most `within` ago. "Before" excludes the event
itself, so that one event is never two steps.

The rows that come out are events, with x1, x2, …: if the event is this step, the time of the start that it continues,
else null. Later events of a step never continue earlier starts. With values, p1, p2, … are the places of these starts.
"""

from dataclasses import dataclass
from datetime import datetime

from analytics.kinds.funnel.question import Funnel, Order
from analytics.questions.spans import Bucket
from analytics.sql.statement import Statement

MOST_SPREAD = 5_000_000  # events of a funnel over time, each once for each bucket to which it may belong


@dataclass(frozen=True)
class Attempts:
    """What is wanted of attempts beside how far they came: the `value` of their start, or those of each bucket.

    What happened since `known_until`, if it is given, is not looked at.
    """

    with_values: bool = False
    buckets: tuple[Bucket, ...] = ()
    known_until: datetime | None = None

    @property
    def partition(self) -> str:
        return "partition by actor, bucket" if self.buckets else "partition by actor"

    @property
    def before(self) -> str:
        return f"over ({self.partition} order by time, id rows between unbounded preceding and 1 preceding)"

    @property
    def up_to(self) -> str:
        return f"over ({self.partition} order by time, id rows between unbounded preceding and current row)"


def reached_in_order(statement: Statement, funnel: Funnel, end: datetime, attempts: Attempts) -> str:
    source = "matched"
    if attempts.buckets:
        source = _of_buckets(statement, "is_1", funnel, end, attempts)
    if attempts.with_values or funnel.without:
        source = _placed(statement, source, attempts)
    is_start = f"is_1 and time {_until(statement, end, attempts)}"
    columns = f"case when {is_start} then time end as x1"
    if attempts.with_values:
        columns += f", case when {is_start} then place end as p1"
    source = statement.define("reached_1", f"select *, {columns} from {source}")
    window = statement.bind(funnel.within)
    for step in range(2, len(funnel.steps) + 1):
        source = _step(statement, funnel, step, source, window, attempts)
    return source


def _until(statement: Statement, end: datetime, attempts: Attempts) -> str:
    return "<= last_start" if attempts.buckets else f"< {statement.bind(end)}"


def _step(statement: Statement, funnel: Funnel, step: int, source: str, window: str, attempts: Attempts) -> str:
    """Define the rows with x<step>."""
    last = step - 1
    before = f"s{last}"
    columns = [f"{_latest(f'x{last}', funnel, attempts)} as {before}"]
    if attempts.with_values:
        columns.append(f"{_latest(f'p{last}', funnel, attempts)} as q{last}")
    in_time = f"is_{step} and time <= {statement.dialect.later(before, window)}"
    excluded = [len(funnel.steps) + number for number, each in enumerate(funnel.without, 1) if each.after == last]
    if excluded:
        reached = f"case when x{last} is not null then place end"
        any_of = " or ".join(f"is_{number}" for number in excluded)
        columns.append(f"{_latest(reached, funnel, attempts)} as r{last}")
        columns.append(f"max(case when {any_of} then place end) {attempts.before} as e{last}")
        in_time += f" and (e{last} is null or e{last} <= r{last})"  # what is excluded may be the step itself
    started = statement.define(f"before_{step}", f"select *, {', '.join(columns)} from {source}")
    columns = [f"case when {in_time} then {before} end as x{step}"]
    if attempts.with_values:
        columns.append(f"case when {in_time} then q{last} end as p{step}")
    return statement.define(f"reached_{step}", f"select *, {', '.join(columns)} from {started}")


def _latest(expression: str, funnel: Funnel, attempts: Attempts) -> str:
    """The greatest of all events before; in strict order that of the very last one of those that are seen."""
    if funnel.order is Order.STRICT:
        return f"lag({expression}) over ({attempts.partition}, is_seen order by time, id)"
    return f"max({expression}) {attempts.before}"


def _placed(statement: Statement, source: str, attempts: Attempts) -> str:
    """Define the rows with `place`, the event's number among its person's (and bucket's)."""
    place = f"row_number() over ({attempts.partition} order by time, id)"
    return statement.define("placed", f"select *, {place} as place from {source}")


def _of_buckets(statement: Statement, is_start: str, funnel: Funnel, end: datetime, attempts: Attempts) -> str:
    """Define the rows once for each bucket in which their person began and to whose attempts they may belong.

    A start belongs to its own `bucket` alone, which ends after `last_start`. There are at most MOST_SPREAD + 1 rows, so
    that somebody who begins every hour, with a window of months, takes neither minutes nor gigabytes.
    """
    bucket = statement.dialect.bucket("time", attempts.buckets, statement.bind)
    statement.define(
        "starts",
        f"select actor, {bucket} as bucket, min(time) as first_start, max(time) as last_start from matched "
        f"where {is_start} and time < {statement.bind(end)} group by 1, 2",
    )
    latest = statement.dialect.later("s.last_start", statement.bind(funnel.within))
    return statement.define(
        "spread",
        "select s.bucket as bucket, s.last_start as last_start, m.* from starts s "
        f"join matched m on m.actor = s.actor and m.time >= s.first_start and m.time <= {latest} "
        f"limit {MOST_SPREAD + 1}",
    )


def reached_in_any_order(statement: Statement, funnel: Funnel, end: datetime, attempts: Attempts) -> str:
    """The same rows, where x<n> says that n different steps were done from that start up to this event.

    l1, l2, … are the places of the latest event of each step. From the n-th latest of them on, n steps were done; if
    it is after the span's end, from the last start before.
    """
    steps = range(1, len(funnel.steps) + 1)
    source = "matched"
    if attempts.buckets:
        any_step = f"({' or '.join(f'is_{step}' for step in steps)})"
        source = _of_buckets(statement, any_step, funnel, end, attempts)
    source = _placed(statement, source, attempts)
    meant = " ".join(f"when is_{step} then {step}" for step in steps)
    source = statement.define("meant", f"select *, case {meant} end as step from {source}")
    until = _until(statement, end, attempts)
    columns = [
        f"max(case when {condition} then {column} end) {attempts.up_to} as {name}{suffix}"
        for suffix, condition in [(step, f"step = {step}") for step in steps] + [("_start", f"time {until}")]
        for column, name in (("place", "l"), ("time", "t"))
    ]
    source = statement.define("latest", f"select *, {', '.join(columns)} from {source}")
    ranks = (
        " + ".join(f"case when l{other} >= l{step} then 1 else 0 end" for other in steps) + f" as rank_{step}"
        for step in steps
    )
    source = statement.define("ordered", f"select *, {', '.join(ranks)} from {source}")
    columns = [_begun("t", "y", n, steps) for n in steps]
    if attempts.with_values:
        columns += [_begun("l", "z", n, steps) for n in steps]
    source = statement.define("begun", f"select *, {', '.join(columns)} from {source} where l_start is not null")
    window = statement.bind(funnel.within)
    in_time = {n: f"time <= {statement.dialect.later(f'y{n}', window)}" for n in steps}
    columns = [f"case when {in_time[n]} then y{n} end as x{n}" for n in steps]
    if attempts.with_values:
        columns += [f"case when {in_time[n]} then z{n} end as p{n}" for n in steps]
    return statement.define("reached", f"select *, {', '.join(columns)} from {source}")


def _begun(column: str, name: str, n: int, steps: range) -> str:
    """The last start from which n steps were done."""
    whens = " ".join(f"when rank_{step} = {n} then least({column}{step}, {column}_start)" for step in steps)
    return f"case {whens} end as {name}{n}"
