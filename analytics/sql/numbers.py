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


def grouped_by(sets: Sequence[Sequence[str]]) -> str:
    each = ", ".join(f"({', '.join(names)})" for names in sets)
    return f"group by grouping sets ({each})"


def measured_numbers(dialect: Dialect, counts: Counts, source: str, sets: Sequence[Sequence[str]]) -> str:
    """Rows (*columns, n, numbers, low, high), for each of the `sets` one for all rows that are equal in its columns.

    `source` has rows as `found_numbers`. The first set has all columns; null are those that another lacks.
    """
    if counts in PERCENTILES:
        return " union all ".join(_percentile(dialect, counts, source, sets[0], by) for by in sets)
    low = f"{LOW.get(counts, 'sum')}(low)"
    measures = f"sum(n) as n, sum(numbers) as numbers, {low} as low, {dialect.constant_number('null')} as high"
    return f"select {', '.join([*sets[0], measures])} from {source} {grouped_by(sets)}"


def _percentile(dialect: Dialect, counts: Counts, source: str, columns: Sequence[str], by: Sequence[str]) -> str:
    """The rows of one set."""
    group = f" group by {', '.join(by)}" if by else ""
    known = f"select {', '.join([*by, 'count(*) as n', 'count(who) as numbers'])} from {source}{group}"
    same = "".join(f" and s.{name} = c.{name}" for name in by)
    low, high = dialect.neighbours("s.who", "c.numbers", PERCENTILES[counts])
    shown = [f"c.{name} as {name}" if name in by else f"null as {name}" for name in columns]
    together = ", ".join(f"c.{name}" for name in (*by, "n", "numbers"))
    return (
        f"select {', '.join(shown)}, c.n as n, c.numbers as numbers, {low} as low, {high} as high "
        f"from ({known}) c left join {source} s on s.who is not null{same} group by {together}"
    )


def padded_numbers(dialect: Dialect, counted: str, columns: Sequence[str]) -> str:
    """Rows (*columns, n, people) as rows of numbers: `people` in the place of `numbers`, the others null."""
    nothing = dialect.constant_number("null")
    shown = ", ".join(f"p.{name} as {name}" for name in (*columns, "n"))
    return f"select {shown}, p.people as numbers, {nothing} as low, {nothing} as high from ({counted}) p"
