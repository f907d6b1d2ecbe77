"""The SQL that differs between databases. PostgreSQL and ClickHouse both understand all other SQL here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from analytics.questions.spans import Bucket
from common.numbers import NUMBER

Bind = Callable[[object], str]  # puts a value among the statement's parameters and returns its placeholder

# A segment of a path that differs from visit to visit: a number, a UUID, or 16 and more hexadecimal digits.
ID_SEGMENT = "[0-9]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{16,}"
EQUAL_RUNS = 6  # more runs of equally long buckets than this (months), and a search in a list is the shorter way


class SqlType(StrEnum):
    """What a parameter is; the values are PostgreSQL's names."""

    INTEGER = "bigint"
    TEXT = "text"
    MOMENT = "timestamptz"
    MOMENTS = "timestamptz[]"
    SPAN = "interval"
    UUID = "uuid"


def sql_type(value: object) -> SqlType:
    """The type of a bound value. Raises TypeError for a value without one: None and booleans, above all."""
    match value:
        case bool():
            pass
        case int():
            return SqlType.INTEGER
        case str():
            return SqlType.TEXT
        case datetime():
            return SqlType.MOMENT
        case timedelta():
            return SqlType.SPAN
        case UUID():
            return SqlType.UUID
        case [_, *_] if all(isinstance(each, datetime) for each in value):
            return SqlType.MOMENTS
    raise TypeError(f"nothing to bind: {value!r}")


class Dialect(Protocol):
    """Pieces of SQL. `text` and `time` are expressions, names and values are placeholders."""

    def placeholder(self, name: str, kind: SqlType) -> str:
        """The text that stands for the parameter `name` of this type."""
        ...

    def property(self, column: str, name: str) -> str:
        """A property as text; null where there is none or it is null."""
        ...

    def no_properties(self) -> str:
        """The properties of an event that has none."""
        ...

    def contains(self, text: str, part: str) -> str: ...

    def number(self, text: str) -> str:
        """The text as a number; null where it is none (common/numbers.py)."""
        ...

    def number_property(self, column: str, name: str) -> str:
        """A property as a number, as `number` of its text, which takes longer."""
        ...

    def decimal(self, number: str) -> str:
        """The number cut towards zero after 9 decimals; null from 10^20 on. Sums of it stay exact in every store."""
        ...

    def neighbours(self, number: str, numbers: str, percent: int) -> tuple[str, str]:
        """The numbers around a percentile of a group, which is (numbers - 1) * percent / 100 places behind the first.

        `numbers` is how many the group has, a column by which it is grouped. Null where it has none.
        """
        ...

    def once(self, select: str) -> str:
        """A sub-select whose expressions are computed once per row, however often they are used."""
        ...

    def constant_number(self, value: str) -> str: ...

    def bytewise(self, text: str) -> str:
        """For ordering by code point, whatever the database's language."""
        ...

    def bucket(self, time: str, buckets: Sequence[Bucket], bind: Bind) -> str:
        """The start of the bucket that `time` is in; `time` is known to be in one."""
        ...

    def place(self, time: str, buckets: Sequence[Bucket], bind: Bind) -> str:
        """The number of the bucket that `time` is in, from 1; `time` is known to be in one."""
        ...

    def later(self, time: str, span: str) -> str: ...

    def elapsed(self, later: str, earlier: str) -> str:
        """The microseconds from the earlier to the later time, as an integer."""
        ...

    def without_ids(self, path: str) -> str:
        """The path with * for each segment that is a number or an id (ID_SEGMENT)."""
        ...

    def cast_text(self, expression: str) -> str: ...

    def digest(self, text: str) -> str:
        """The first half of the SHA-256 of the text, in hexadecimal digits."""
        ...

    def or_epoch(self, time: str) -> str:
        """The time, or 1970 where it is null: before all others, and in the order of the index `people_by_activity`."""
        ...


class PostgreSQL:
    """PostgreSQL 14 and up."""

    def placeholder(self, name: str, kind: SqlType) -> str:
        """Casts all others, whose type PostgreSQL cannot always infer; it infers numbers and texts."""
        return f"%({name})s" if kind in (SqlType.INTEGER, SqlType.TEXT) else f"%({name})s::{kind}"

    def property(self, column: str, name: str) -> str:
        return f"{column} ->> {name}"

    def no_properties(self) -> str:
        return "'{}'::jsonb"

    def contains(self, text: str, part: str) -> str:
        return f"strpos({text}, {part}) > 0"

    def number(self, text: str) -> str:
        return f"(case when {text} ~ '^{NUMBER}$' then ({text})::numeric end)"

    def number_property(self, column: str, name: str) -> str:
        value, text = f"({column} -> {name})", f"({column} ->> {name})"
        of_text = f"when 'string' then {self.number(text)}"
        return f"(case jsonb_typeof({value}) when 'number' then {value}::numeric {of_text} end)"

    def decimal(self, number: str) -> str:
        return f"(case when abs({number}) < 1e20 then trunc({number}, 9) end)"

    def neighbours(self, number: str, numbers: str, percent: int) -> tuple[str, str]:
        """`percentile_disc` gives the first number whose place is at least its share of all: here half a place less."""
        below = f"({numbers} - 1) * {percent} / 100"  # whole, since both are

        def at(place: str) -> str:
            share = f"least(({below} + {place}) / nullif({numbers}, 0), 1)"
            return f"percentile_disc({share}) within group (order by {number})"

        return at("0.5"), at("1.5")

    def once(self, select: str) -> str:
        return f"{select} offset 0"

    def constant_number(self, value: str) -> str:
        return f"{value}::numeric"

    def bytewise(self, text: str) -> str:
        return f'{text} collate "C"'

    def later(self, time: str, span: str) -> str:
        return f"{time} + {span}"

    def elapsed(self, later: str, earlier: str) -> str:
        return f"(extract(epoch from {later} - {earlier}) * 1000000)::bigint"

    def without_ids(self, path: str) -> str:
        return f"regexp_replace({path}, '(^|/)({ID_SEGMENT})(?=/|$)', '\\1*', 'g')"

    def cast_text(self, expression: str) -> str:
        return f"({expression})::text"

    def digest(self, text: str) -> str:
        return f"left(encode(sha256(convert_to({text}, 'UTF8')), 'hex'), 32)"

    def or_epoch(self, time: str) -> str:
        return f"coalesce({time}, timestamptz '1970-01-01 00:00:00+00')"

    def bucket(self, time: str, buckets: Sequence[Bucket], bind: Bind) -> str:
        """`date_bin` costs a third of a search in a list, but knows equally long buckets only: one per run of them."""
        runs = equal_runs(buckets)
        if len(runs) > EQUAL_RUNS:
            starts = bind([bucket.start for bucket in buckets])
            return f"({starts})[width_bucket({time}, {starts})]"
        pieces = [f"date_bin({bind(run.length)}, {time}, {bind(run.start)})" for run in runs]
        if len(pieces) == 1:
            return pieces[0]
        whens = (
            f"when {time} < {bind(after.start)} then {piece}" for piece, after in zip(pieces, runs[1:], strict=False)
        )
        return f"case {' '.join(whens)} else {pieces[-1]} end"

    def place(self, time: str, buckets: Sequence[Bucket], bind: Bind) -> str:
        return f"width_bucket({time}, {bind([bucket.start for bucket in buckets])})"


@dataclass(frozen=True)
class Run:
    """Buckets one after the other, each `length` long, the last perhaps shorter."""

    start: datetime
    length: timedelta


def equal_runs(buckets: Sequence[Bucket]) -> list[Run]:
    """Cut the buckets into runs of equal length: one without a change of clocks, some with."""
    runs: list[Run] = []
    ended = True  # a shorter bucket ends its run
    for bucket in buckets:
        length = bucket.end - bucket.start
        if ended or length > runs[-1].length:
            runs.append(Run(bucket.start, length))
            ended = False
        elif length < runs[-1].length:
            ended = True
    return runs


POSTGRESQL: Dialect = PostgreSQL()
