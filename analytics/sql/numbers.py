# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see statement.py
"""What the numbers of a property come to, as SQL. Python divides and rounds, so that every store gives the same.

n        how many events
numbers  how many of them have a number
low      their sum (also of an average), the smallest or the largest; of a percentile, the number just below it
high     of a percentile, the number just above it; else null
"""

from collections.abc import Mapping, Sequence

from analytics.questions.conditions import Match
from analytics.questions.query import PERCENTILES, Counting, Counts
from analytics.sql.dialect import Dialect
from analytics.sql.rows import Rows, joined

KEY = "key"  # the columns that a slot has besides itself begin so
LOW = {Counts.SMALLEST: "min", Counts.LARGEST: "max"}  # else the sum


def found_numbers(counting: Counting, rows: Rows, where: list[str], columns: Mapping[str, str]) -> str:
    """Rows (*columns, n, numbers, low), one for each; for a percentile (*columns, who), one for each event.

    `who` is its number, or null.
    """
    assert counting.of is not None
    dialect = rows.statement.dialect
    number = rows.number(counting.of)
    chosen = ", ".join(f"{expression} as {column}" for column, expression in columns.items())
    read = dialect.once(f"select {chosen}, {number} as value {rows.from_()} where {joined(Match.ALL, where)}")
    names, value = ", ".join(columns), dialect.decimal("value")
    if counting.counts in PERCENTILES:
        return f"select {names}, {value} as who from ({read}) v"
    low = f"{LOW.get(counting.counts, 'sum')}({value})"
    return f"select {names}, count(*) as n, count({value}) as numbers, {low} as low from ({read}) v group by {names}"


def size_of_numbers(counts: Counts) -> str:
    """How large a group of the rows of `found_numbers` is."""
    if counts is Counts.SUM:
        return "coalesce(sum(low), 0)"
    return "count(*)" if counts in PERCENTILES else "sum(n)"


def measured_numbers(dialect: Dialect, counts: Counts, source: str, columns: str, by: Sequence[str]) -> str:
    """Rows (*columns, n, numbers, low, high), one for all rows of `source` that are equal in `by`.

    `source` has rows as `found_numbers`. `columns` are made of `by`.
    """
    names = ", ".join(by)
    group = f" group by {names}" if by else ""
    if counts not in PERCENTILES:
        low = f"{LOW.get(counts, 'sum')}(low)"
        return (
            f"select {columns}, sum(n) as n, sum(numbers) as numbers, {low} as low, null as high from {source}{group}"
        )
    known = f"select {', '.join([*by, 'count(*) as n', 'count(who) as numbers'])} from {source}{group}"
    same = "".join(f" and s.{name} = c.{name}" for name in by if not name.startswith(KEY))
    low, high = dialect.neighbours("s.who", "c.numbers", PERCENTILES[counts])
    theirs = ", ".join(f"c.{name} as {name}" for name in (*by, "n", "numbers"))
    together = ", ".join(f"c.{name}" for name in (*by, "n", "numbers"))
    placed = f"{low} as low, {high} as high from ({known}) c left join {source} s on s.who is not null{same}"
    return f"select {columns}, n, numbers, low, high from (select {theirs}, {placed} group by {together}) p"
