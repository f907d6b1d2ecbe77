# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see statement.py
"""Counting over time as SQL. Every statement gives rows (slot, *keys, bucket, n, people).

slot    0 without grouping; else the rank of the group by size, from 1, and OTHER for all other groups together; null
        for everything together
keys    one for each property: the group's value, encoded (decode_key); null if the slot is not a group. Without
        grouping there is one. The first one of everything is the number of groups, as text
bucket  start of the bucket; null for the whole span
n       how many: events, people, sessions or different values
people  how many people, if events per person are counted

Of a property's numbers (counting.counts.is_of_numbers) the rows end like those of analytics/sql/numbers.py.

What is counted once is counted of the events themselves: to sort them takes less time than to group them first, from
90,000 events to three million. What a grouping set leaves out is null (in ClickHouse with group_by_use_nulls).
"""

from collections.abc import Mapping, Sequence

from analytics.questions.conditions import Match
from analytics.questions.query import TOP_GROUPS, Counting, Counts, Selection
from analytics.questions.spans import Bucket
from analytics.sql.numbers import found_numbers, grouped_by, measured_numbers, padded_numbers, size_of_numbers
from analytics.sql.rows import Rows, joined
from analytics.sql.segments import in_segments
from analytics.sql.selections import Limits, event_rows, selected
from analytics.sql.statement import Statement

NO_VALUE = "-"  # the encoded key of events without the property; other keys are "=" and the value
OTHER = TOP_GROUPS + 1
Keys = tuple[str, ...]  # the encoded values of a group


def decode_key(encoded: str | None) -> str | None:
    return None if encoded is None or encoded == NO_VALUE else encoded[1:]


def encode_key(value: str | None) -> str:
    return NO_VALUE if value is None else f"={value}"


def encoded(value: str) -> str:
    """The SQL expression that encodes a key."""
    return f"coalesce('=' || {value}, '{NO_VALUE}')"


def key_columns(counting: Counting) -> list[str]:
    return ["key", *(f"key_{number}" for number in range(2, len(counting.by) + 1))]


def keys_of_rows(rows: Rows, counting: Counting) -> list[str]:
    """The expressions of an event's keys, encoded."""
    return [encoded(rows.statement.dialect.cast_text(rows.field(field))) for field in counting.by]


def counting_sql(
    statement: Statement, counting: Counting, buckets: Sequence[Bucket], chosen: Sequence[Keys] | None = None
) -> str:
    """The whole statement for these consecutive buckets. `chosen`: the groups, if they are not to be ranked here."""
    if counting.by:
        return series_sql(statement, [counting], buckets, chosen)
    rows, where = counted_rows(statement, counting, Limits(buckets[0].start, buckets[-1].end))
    bucket = statement.dialect.bucket("e.time", buckets, statement.bind)
    if counting.counts is Counts.EVENTS:
        return statement.text(
            f"select 0 as slot, null as key, {bucket} as bucket, count(*) as n, 0 as people {rows.from_()} "
            f"where {joined(Match.ALL, where)} group by 3"
        )
    statement.define("found", _found(counting, rows, where, {"bucket": bucket}))
    counted = _counted(statement, counting, "found", [["bucket"], []])
    return statement.text(
        f"select case when c.bucket is not null then 0 end as slot, null as key, c.* from ({counted}) c"
    )


def counted_rows(statement: Statement, counting: Counting, limits: Limits) -> tuple[Rows, list[str]]:
    """The events that are counted within the limits, in all groups: FROM and conditions."""
    rows, where = event_rows(statement, limits, sessions=counting.event.is_session)
    where.append(selected(rows, Selection(counting.event, counting.where)))
    if counting.also:
        where.append(rows.group(counting.also))
    return rows, where + in_segments(rows, counting.segments)


def _found(counting: Counting, rows: Rows, where: list[str], columns: Mapping[str, str]) -> str:
    """Rows (*columns, who), one for each event. `who` is what is counted once: a person, a session or a value.

    Of events alone: (*columns, n), one for each. Of a property's numbers: found_numbers.
    """
    if counting.counts.is_of_numbers:
        return found_numbers(counting, rows, where, columns)
    chosen = ", ".join(f"{value} as {column}" for column, value in columns.items())
    if counting.counts is Counts.EVENTS:
        places = ", ".join(str(place) for place in range(1, len(columns) + 1))
        counted = f"select {chosen}, count(*) as n {rows.from_()}"
        return f"{counted} where {joined(Match.ALL, where)} group by {places}"
    who = counted_once(counting, rows, where)
    return f"select {chosen}, {who} as who {rows.from_()} where {joined(Match.ALL, where)}"


def counted_once(counting: Counting, rows: Rows, where: list[str]) -> str:
    """The expression for what is counted once each. Adds the condition that there is one."""
    if counting.counts is Counts.SESSIONS:
        where.append("e.session_id is not null")
        return "e.session_id"
    if counting.counts is Counts.DIFFERENT:
        assert counting.of is not None
        value = rows.statement.dialect.cast_text(rows.field(counting.of))
        where.append(f"{value} is not null")
        return rows.statement.dialect.bytewise(value)
    return rows.actor


def _counted(statement: Statement, counting: Counting, source: str, sets: Sequence[Sequence[str]]) -> str:
    """Rows (*columns, n, people) of `source`, which has rows as `_found`; by the `sets`, as in measured_numbers."""
    names = sets[0]
    if counting.counts.is_of_numbers:
        return measured_numbers(statement.dialect, counting.counts, source, sets)
    if counting.cumulative and counting.counts.is_distinct:
        source = f"({_first(source, names[:-1])}) f"
    measures = {
        Counts.EVENTS: "sum(n) as n, 0 as people",
        Counts.PER_USER: "count(*) as n, count(distinct who) as people",
    }.get(counting.counts, "count(distinct who) as n, 0 as people")
    return f"select {', '.join(names)}, {measures} from {source} {grouped_by(sets)}"


def _first(source: str, names: Sequence[str]) -> str:
    """Rows (*names, who, bucket): each only in the first bucket in which it was there."""
    columns = ", ".join([*names, "who"])
    return f"select {columns}, min(bucket) as bucket from {source} group by {columns}"


# --- Groups ----------------------------------------------------------------------------------------------------------


def series_sql(
    statement: Statement,
    countings: Sequence[Counting],
    buckets: Sequence[Bucket],
    chosen: Sequence[Keys] | None = None,
) -> str:
    """The statement for several series in groups: those that are `chosen`, or else the largest of all series together.

    If there are several series, the number of the series is the first column, from 0.
    """
    limits = Limits(buckets[0].start, buckets[-1].end)
    for number, counting in enumerate(countings):
        statement.define(f"found_{number}", found_sql(statement, counting, limits, buckets))
    columns = key_columns(countings[0])
    how_many = "null"
    by_group = [chosen is None and each.counts.is_distinct and not each.cumulative for each in countings]
    for number, counting in enumerate(countings):
        if by_group[number]:
            sets = [[*columns, "bucket"], columns, []]
            statement.define(f"counted_{number}", _counted(statement, counting, f"found_{number}", sets))
    if chosen is None:
        _rank(statement, countings, columns)
        how_many = statement.dialect.cast_text("select count(*) as groups from sizes")
    else:
        written = [_written(statement, columns, keys, place) for place, keys in enumerate(chosen, 1)]
        statement.define("largest", " union all ".join(written))
    any_numbers = any(counting.counts.is_of_numbers for counting in countings)
    parts = []
    for number, counting in enumerate(countings):
        if by_group[number]:
            counted = _of_largest(f"counted_{number}", f"found_{number}", columns)
        else:
            cells = statement.define(f"cells_{number}", _cells(f"found_{number}", columns))
            counted = _counted(statement, counting, cells, [["slot", "bucket"], ["slot"], []])
        if any_numbers and not counting.counts.is_of_numbers:
            counted = padded_numbers(statement.dialect, counted, ["slot", "bucket"])
        parts.append(f"select {number} as series, c.* from ({counted}) c")
    first, *others = columns
    keys = [f"case when c.slot is null then {how_many} else l.{first} end as {first}"]
    keys += [f"l.{key} as {key}" for key in others]
    measures = ["n", "numbers", "low", "high"] if any_numbers else ["n", "people"]
    shown = [*(["series"] if len(countings) > 1 else []), "slot", *keys, "bucket", *measures]
    listed = ", ".join(each if " " in each else f"c.{each} as {each}" for each in shown)
    return statement.text(
        f"select {listed} from ({' union all '.join(parts)}) c left join largest l on l.place = c.slot"
    )


def found_sql(statement: Statement, counting: Counting, limits: Limits, buckets: Sequence[Bucket]) -> str:
    """Rows as `_found` of events within the limits, with the columns (bucket, *keys). `buckets` cover the limits."""
    rows, where = counted_rows(statement, counting, limits)
    dialect = statement.dialect
    keys = dict(zip(key_columns(counting), keys_of_rows(rows, counting), strict=True))
    return _found(counting, rows, where, {"bucket": dialect.bucket("e.time", buckets, statement.bind), **keys})


def _rank(statement: Statement, countings: Sequence[Counting], columns: Sequence[str]) -> None:
    """Define `sizes`, all groups, and `largest`: the TOP_GROUPS largest, with their `place` from 1.

    Groups are ordered by their size in the first series, then in the second, and so on; 0 where one has none.
    """
    keys = ", ".join(columns)
    sizes = [f"size_{number}" for number in range(len(countings))]
    parts = []
    for number, counting in enumerate(countings):
        own = ", ".join(f"{'size' if each == number else '0'} as {size}" for each, size in enumerate(sizes))
        is_counted = f"counted_{number}" in statement.expressions
        size = _counted_sizes(f"counted_{number}", keys) if is_counted else _sizes(counting, f"found_{number}", keys)
        parts.append(f"select {keys}, {own} from ({size}) s")
    summed = ", ".join(f"sum({size}) as {size}" for size in sizes)
    several = f"select {keys}, {summed} from ({' union all '.join(parts)}) p group by {keys}"
    statement.define("sizes", parts[0] if len(parts) == 1 else several)
    order = ", ".join([*(f"{size} desc" for size in sizes), *(statement.dialect.bytewise(key) for key in columns)])
    place = f"row_number() over (order by {order}) as place"
    statement.define("largest", f"select {keys}, {place} from sizes order by {order} limit {TOP_GROUPS}")


def _sizes(counting: Counting, found: str, keys: str) -> str:
    """How large each group is: the number that is counted, and else its events."""
    size = "sum(n)" if counting.counts is Counts.EVENTS else "count(*)"
    if counting.counts.is_of_numbers:
        size = size_of_numbers(counting.counts)
    elif counting.counts.is_distinct:
        found = f"(select {keys}, who from {found} group by {keys}, who) w"
    return f"select {keys}, {size} as size from {found} group by {keys}"


def _counted_sizes(counted: str, keys: str) -> str:
    return f"select {keys}, n as size from {counted} where bucket is null and key is not null"


def _of_largest(counted: str, found: str, columns: Sequence[str]) -> str:
    """Rows (slot, bucket, n, people) from what is counted by group. All others together are counted anew.

    Nothing of `found` is read for that unless there are others. With few groups that takes a third less time than to
    count once for the ranking, and again in the slots.
    """
    same = " and ".join(f"l.{key} = c.{key}" for key in columns)
    others = f"l.place is null and (select count(*) as groups from sizes) > {TOP_GROUPS}"
    return (
        f"select l.place as slot, c.bucket as bucket, c.n as n, 0 as people from {counted} c join largest l on {same} "
        f"union all select null as slot, null as bucket, n, 0 as people from {counted} where key is null "
        f"union all select {OTHER} as slot, c.bucket as bucket, count(distinct c.who) as n, 0 as people "
        f"from {found} c left join largest l on {same} where {others} group by grouping sets ((c.bucket), ())"
    )


def _cells(found: str, columns: Sequence[str]) -> str:
    """The rows of `found`, each with its slot."""
    same = " and ".join(f"l.{key} = f.{key}" for key in columns)
    return f"select coalesce(l.place, {OTHER}) as slot, f.* from {found} f left join largest l on {same}"


def _written(statement: Statement, columns: Sequence[str], keys: Keys, place: int) -> str:
    values = (
        f"{statement.dialect.cast_text(statement.bind(value))} as {column}"
        for column, value in zip(columns, keys, strict=True)
    )
    return f"select {', '.join(values)}, {place} as place"
