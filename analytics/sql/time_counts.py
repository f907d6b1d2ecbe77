# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see statement.py
"""Counting over time as SQL. Every statement gives rows (slot, *keys, bucket, n, people).

slot    0 without grouping; else the rank of the group by size, from 1, and OTHER for all other groups together; null
        for everything together
keys    one for each property: the group's value, encoded (decode_key); null if the slot is not a group. Without
        grouping there is one. The first one of everything is the number of groups, as text, if they were ranked here
bucket  start of the bucket; null for the whole span
n       how many: events, people, sessions or different values
people  how many people, if events per person are counted

Of a property's numbers (counting.counts.is_of_numbers) the rows are those of analytics/sql/numbers.py.
"""

from collections.abc import Sequence

from analytics.questions.conditions import Match
from analytics.questions.query import PERCENTILES, TOP_GROUPS, Counting, Counts, Selection
from analytics.questions.spans import Bucket
from analytics.sql.numbers import found_numbers, measured_numbers, size_of_numbers
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
    limits = Limits(buckets[0].start, buckets[-1].end)
    if counting.by:
        statement.define("found", found_sql(statement, counting, limits, buckets))
        return ranked_sql(statement, counting, chosen)
    rows, where = counted_rows(statement, counting, limits)
    bucket = statement.dialect.bucket("e.time", buckets, statement.bind)
    if counting.counts.is_of_numbers:
        statement.define("found", found_numbers(counting, rows, where, {"bucket": bucket}))
        by_bucket = _measured(statement, counting.counts, "found", "0 as slot, null as key, bucket", ["bucket"])
        whole = _measured(statement, counting.counts, "found", "null as slot, null as key, null as bucket", [])
        return statement.text(f"{by_bucket} union all {whole}")
    if counting.counts is Counts.EVENTS:
        return statement.text(
            f"select 0 as slot, null as key, {bucket} as bucket, count(*) as n, 0 as people {rows.from_()} "
            f"where {joined(Match.ALL, where)} group by 3"
        )
    return _distinct(statement, counting, rows, where, bucket)


def counted_rows(statement: Statement, counting: Counting, limits: Limits) -> tuple[Rows, list[str]]:
    """The events that are counted within the limits, in all groups: FROM and conditions."""
    rows, where = event_rows(statement, limits, sessions=counting.event.is_session)
    where.append(selected(rows, Selection(counting.event, counting.where)))
    if counting.also:
        where.append(rows.group(counting.also))
    return rows, where + in_segments(rows, counting.segments)


def counted_once(counting: Counting, rows: Rows, where: list[str], actor: str) -> str:
    """The expression for what is counted once each. Adds the condition that there is one."""
    if counting.counts is Counts.SESSIONS:
        where.append("e.session_id is not null")
        return "e.session_id"
    if counting.counts is Counts.DIFFERENT:
        assert counting.of is not None
        value = rows.statement.dialect.cast_text(rows.field(counting.of))
        where.append(f"{value} is not null")
        return value
    return actor


def _distinct(statement: Statement, counting: Counting, rows: Rows, where: list[str], bucket: str) -> str:
    """People, sessions or values per bucket and in all. Finds the distinct pairs once, then counts them twice.

    Merges are looked up per pair, not per event.
    """
    who = counted_once(counting, rows, where, "e.actor_id")
    source = statement.define(
        "pairs",
        f"select {bucket} as bucket, {who} as actor_id, count(*) as n {rows.from_()} "
        f"where {joined(Match.ALL, where)} group by 1, 2",
    )
    if counting.counts in (Counts.USERS, Counts.PER_USER) and statement.glossary.has_merges:
        pairs = Rows(statement, "pairs e")
        actor = pairs.actor
        source = statement.define(
            "resolved", f"select e.bucket as bucket, {actor} as actor_id, sum(e.n) as n {pairs.from_()} group by 1, 2"
        )
    if counting.counts is Counts.PER_USER:
        measures, total = "sum(n) as n, count(*) as people", "sum(n) as n, count(distinct actor_id) as people"
    else:
        measures, total = "count(*) as n, 0 as people", "count(distinct actor_id) as n, 0 as people"
    buckets = f"({_first(source, ['actor_id'])}) f" if counting.cumulative else source
    return statement.text(
        f"select 0 as slot, null as key, bucket, {measures} from {buckets} group by 3 "
        f"union all select null as slot, null as key, null as bucket, {total} from {source}"
    )


def _first(source: str, columns: Sequence[str]) -> str:
    """Rows (*columns, bucket, n): what `columns` name only in the first bucket in which it was there."""
    names = ", ".join(columns)
    return f"select {names}, min(bucket) as bucket, sum(n) as n from {source} group by {names}"


# --- Groups ----------------------------------------------------------------------------------------------------------


def found_sql(statement: Statement, counting: Counting, limits: Limits, buckets: Sequence[Bucket]) -> str:
    """Rows (bucket, *keys, who, n) of events within the limits, one for each. `buckets` cover them.

    `who` is a person, a session or a value, 0 if only events are counted. Of a property's numbers: found_numbers.
    """
    rows, where = counted_rows(statement, counting, limits)
    dialect = statement.dialect
    columns = {
        "bucket": dialect.bucket("e.time", buckets, statement.bind),
        **dict(zip(key_columns(counting), keys_of_rows(rows, counting), strict=True)),
    }
    if counting.counts.is_of_numbers:
        return found_numbers(counting, rows, where, columns)
    who = "0" if counting.counts is Counts.EVENTS else counted_once(counting, rows, where, "") or rows.actor
    chosen = ", ".join(f"{value} as {column}" for column, value in columns.items())
    places = ", ".join(str(place) for place in range(1, len(columns) + 2))
    counted = f"select {chosen}, {who} as who, count(*) as n {rows.from_()}"
    return f"{counted} where {joined(Match.ALL, where)} group by {places}"


def _sizes(counting: Counting, found: str) -> str:
    """How large each group is: the number that is counted, and else its events."""
    keys = ", ".join(key_columns(counting))
    if counting.counts.is_of_numbers:
        return f"select {keys}, {size_of_numbers(counting.counts)} as size from {found} group by {keys}"
    size = "count(*)" if counting.counts.is_distinct else "sum(n)"
    people = f"(select {keys}, who, sum(n) as n from {found} group by {keys}, who) w"
    return f"select {keys}, {size} as size from {people} group by {keys}"


def choosing_sql(statement: Statement, countings: Sequence[Counting], buckets: Sequence[Bucket]) -> str:
    """The TOP_GROUPS largest groups of several series, largest first: rows (*keys, how many groups there are).

    Groups are ordered by their size in the first series, then in the second, and so on; 0 where one has none.
    """
    keys = key_columns(countings[0])
    limits = Limits(buckets[0].start, buckets[-1].end)
    sizes = [f"size_{number}" for number in range(len(countings))]
    parts = []
    for number, counting in enumerate(countings):
        found = statement.define(f"found_{number}", found_sql(statement, counting, limits, buckets))
        own = ", ".join(f"{'size' if each == number else '0'} as {size}" for each, size in enumerate(sizes))
        parts.append(f"select {', '.join(keys)}, {own} from ({_sizes(counting, found)}) s")
    statement.define("parts", " union all ".join(parts))
    summed = ", ".join(f"sum({size}) as {size}" for size in sizes)
    names = ", ".join(keys)
    order = ", ".join([*(f"{size} desc" for size in sizes), *(statement.dialect.bytewise(key) for key in keys)])
    return statement.text(
        f"select {names}, count(*) over () as groups from (select {names}, {summed} from parts group by {names}) g "
        f"order by {order} limit {TOP_GROUPS}"
    )


def ranked_sql(statement: Statement, counting: Counting, chosen: Sequence[Keys] | None = None) -> str:
    """The `chosen` or else the largest groups, and the rest, from the common table expression `found`.

    Every distinct count is a plain count over a grouping, so that PostgreSQL only hashes and never sorts.
    """
    columns = key_columns(counting)
    keys = ", ".join(columns)
    how_many = "null"
    if chosen is None:
        order = ", ".join(["size desc", *(statement.dialect.bytewise(key) for key in columns)])
        statement.define("sizes", _sizes(counting, "found"))
        how_many = statement.dialect.cast_text("select count(*) as groups from sizes")
        place = f"row_number() over (order by {order}) as place"
        largest = f"select {keys}, {place} from sizes order by {order} limit {TOP_GROUPS}"
    else:
        largest = " union all ".join(_written(statement, columns, each, place) for place, each in enumerate(chosen, 1))
    statement.define("largest", largest)
    parts = (
        _parts_of_numbers(statement, columns, counting.counts)
        if counting.counts.is_of_numbers
        else _parts(statement, counting)
    )
    nothing = "".join(f", null as {key}" for key in columns[1:])
    whole = f"null as slot, {how_many} as key{nothing}, null as bucket"
    by_bucket, by_slot, everything = parts
    slot = ["slot", *columns]
    measured = (
        _measured(statement, counting.counts, by_bucket, f"slot, {keys}, bucket", [*slot, "bucket"]),
        _measured(statement, counting.counts, by_slot, f"slot, {keys}, null as bucket", slot),
        _measured(statement, counting.counts, everything, whole, []),
    )
    return statement.text(" union all ".join(measured))


def _cells(columns: Sequence[str], values: str) -> str:
    """Rows (slot, *keys, bucket, …) of `found`, each in its slot."""
    shown = ", ".join(f"l.{key} as {key}" for key in columns)
    same = " and ".join(f"l.{key} = f.{key}" for key in columns)
    return (
        f"select coalesce(l.place, {OTHER}) as slot, {shown}, f.bucket as bucket, {values} "
        f"from found f left join largest l on {same}"
    )


def _parts_of_numbers(statement: Statement, columns: Sequence[str], counts: Counts) -> tuple[str, str, str]:
    values = "f.who as who" if counts in PERCENTILES else "f.n as n, f.numbers as numbers, f.low as low"
    cells = statement.define("cells", _cells(columns, values))
    return cells, cells, cells


def _parts(statement: Statement, counting: Counting) -> tuple[str, str, str]:
    """What to count by bucket, by slot and in all: each person, session or value once in each."""
    columns = key_columns(counting)
    keys = ", ".join(columns)
    places = ", ".join(str(place) for place in range(1, len(columns) + 4))
    cells = statement.define("cells", f"{_cells(columns, 'f.who as who, sum(f.n) as n')} group by {places}")
    statement.define("groups", f"select slot, {keys}, who, sum(n) as n from cells group by slot, {keys}, who")
    if counting.cumulative and counting.counts.is_distinct:
        cells = f"({_first(cells, ['slot', *columns, 'who'])}) f"
    return cells, "groups", "(select who, sum(n) as n from groups group by who) w"


def _written(statement: Statement, columns: Sequence[str], keys: Keys, place: int) -> str:
    values = (
        f"{statement.dialect.cast_text(statement.bind(value))} as {column}"
        for column, value in zip(columns, keys, strict=True)
    )
    return f"select {', '.join(values)}, {place} as place"


def _measured(statement: Statement, counts: Counts, source: str, columns: str, by: Sequence[str]) -> str:
    """Rows (*columns, n, people) of `source`, whose rows (who, n) are together if equal in `by`."""
    if counts.is_of_numbers:
        return measured_numbers(statement.dialect, counts, source, columns, by)
    measures = {
        Counts.EVENTS: "sum(n) as n, 0 as people",
        Counts.PER_USER: "sum(n) as n, count(*) as people",
    }.get(counts, "count(*) as n, 0 as people")
    return f"select {columns}, {measures} from {source}" + (f" group by {', '.join(by)}" if by else "")
