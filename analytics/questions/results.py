"""Answers. Charts, tables, tiles and CSV are renderings of one of these; none of them counts anything again.

`table()` gives the rows that the page's table and the CSV both show.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from analytics.questions.query import Compared, Cursor, Funnel, Graph, Retention, Users
from analytics.questions.spans import Bucket, Unit

Number = int | float
Cell = str | int | float | None


def percent(part: int, whole: int) -> float | None:
    """100 × part / whole with one decimal; None of nothing. The only place where a share is rounded."""
    return round(100 * part / whole, 1) if whole else None


class Shown(StrEnum):
    """How a column's cells are meant to be read."""

    TEXT = "text"
    NUMBER = "number"
    PERCENT = "percent"
    TIME = "time"


@dataclass(frozen=True)
class Column:
    name: str
    shown: Shown = Shown.NUMBER


@dataclass(frozen=True)
class Table:
    """`incomplete` are the places of rows whose time was cut by the range or is not over."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    incomplete: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Ran:
    """When and how long: `as_of` is the answer's `now`, `start`, `end` the span in UTC, `seconds` the time taken."""

    as_of: datetime
    start: datetime
    end: datetime
    seconds: float = 0.0


def bucket_label(bucket: Bucket, unit: Unit, zone: ZoneInfo) -> str:
    """ "2026-03-29", for a month "2026-03", for an hour "2026-03-29 14:00+02:00"."""
    local = bucket.start.astimezone(zone)
    if unit is Unit.HOUR:
        return local.isoformat(sep=" ", timespec="minutes")
    return f"{local:%Y-%m}" if unit is Unit.MONTH else f"{local:%Y-%m-%d}"


@dataclass(frozen=True)
class Series:
    """One line of a graph. `values` has one number per bucket; `total` is of the whole span, not their sum.

    (Somebody who came on two days is one user.) `key` is the group's value, None where events have none.
    """

    label: str
    values: tuple[Number, ...]
    total: Number
    key: str | None = None
    compared: Compared | None = None
    is_other: bool = False


@dataclass(frozen=True)
class GraphResult:
    """`series` in order of size, "other" last; `total` over all of them, None where segments are compared."""

    query: Graph
    ran: Ran
    buckets: tuple[Bucket, ...]
    series: tuple[Series, ...]
    total: Number | None

    def table(self) -> Table:
        """A row per bucket, a column per series, and a last row of totals."""
        zone = self.query.scope.zone
        columns = (Column(self.query.unit.capitalize(), Shown.TIME), *(Column(each.label) for each in self.series))
        rows = [
            (bucket_label(bucket, self.query.unit, zone), *(each.values[index] for each in self.series))
            for index, bucket in enumerate(self.buckets)
        ]
        incomplete = frozenset(index for index, bucket in enumerate(self.buckets) if not bucket.complete)
        return Table(columns, (*rows, ("Whole range", *(each.total for each in self.series))), incomplete)


@dataclass(frozen=True)
class FunnelSide:
    """`counts[n]`: people who came to step n, in order; never growing."""

    label: str
    counts: tuple[int, ...]
    compared: Compared | None = None

    def of_first(self, step: int) -> float | None:
        return percent(self.counts[step], self.counts[0])

    def of_previous(self, step: int) -> float | None:
        return percent(self.counts[step], self.counts[max(step - 1, 0)])

    @property
    def conversion(self) -> float | None:
        """From the first step to the last, in percent."""
        return self.of_first(len(self.counts) - 1)


@dataclass(frozen=True)
class FunnelResult:
    query: Funnel
    ran: Ran
    step_labels: tuple[str, ...]
    sides: tuple[FunnelSide, ...]

    def table(self) -> Table:
        columns = [Column("Step", Shown.TEXT)]
        for side in self.sides:
            prefix = f"{side.label}: " if side.compared else ""
            columns += [
                Column(f"{prefix}people" if prefix else "People"),
                Column(f"{prefix}of previous step" if prefix else "Of previous step", Shown.PERCENT),
                Column(f"{prefix}of first step" if prefix else "Of first step", Shown.PERCENT),
            ]
        rows = []
        for step, label in enumerate(self.step_labels):
            row: list[Cell] = [label]
            for side in self.sides:
                row += [side.counts[step], side.of_previous(step), side.of_first(step)]
            rows.append(tuple(row))
        return Table(tuple(columns), tuple(rows))


@dataclass(frozen=True)
class Cohort:
    """The `size` people whose first start event in the span fell into `bucket`.

    `returned[k]`: how many of them came back in the k-th period after it (k from 1; index 0 is the cohort itself);
    None for periods that have not begun or lie after the span.
    """

    bucket: Bucket
    size: int
    returned: tuple[int | None, ...]

    def rate(self, period: int) -> float | None:
        came = self.returned[period] if period < len(self.returned) else None
        return None if came is None else percent(came, self.size)


@dataclass(frozen=True)
class RetentionResult:
    """The triangle: a cohort per bucket, and in each how many people came back after 1, 2, … periods."""

    query: Retention
    ran: Ran
    buckets: tuple[Bucket, ...]
    cohorts: tuple[Cohort, ...]

    def is_running(self, cohort: int, period: int) -> bool:
        """Whether this period of this cohort has begun and is not over, so that its number may still grow."""
        return cohort + period < len(self.buckets) and not self.buckets[cohort + period].complete

    def average(self, period: int) -> float | None:
        """Of all cohorts for which the period is over: those who came back, in percent."""
        counted = [
            (came, each.size)
            for index, each in enumerate(self.cohorts)
            if (came := each.returned[period]) is not None and not self.is_running(index, period)
        ]
        return percent(sum(came for came, _ in counted), sum(size for _, size in counted))

    def table(self) -> Table:
        """A row per cohort: its start, its size, then how many people came back after 1, 2, … periods."""
        unit = self.query.unit
        columns = (
            Column("Cohort", Shown.TIME),
            Column("People"),
            *(Column(f"{unit.capitalize()} {period}") for period in range(1, len(self.buckets))),
        )
        zone = self.query.scope.zone
        rows = tuple((bucket_label(each.bucket, unit, zone), each.size, *each.returned[1:]) for each in self.cohorts)
        return Table(columns, rows)


@dataclass(frozen=True)
class PersonRow:
    """`actor_id` below 0: somebody identified; 0 and up: a visitor, with no identity."""

    actor_id: int
    identity: str | None
    properties: dict[str, Any]
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True)
class UsersResult:
    """One page of people, how many there are in all, and where the next page begins (None: this was the last)."""

    query: Users
    ran: Ran
    people: tuple[PersonRow, ...]
    total: int
    next: Cursor | None
    property_names: tuple[str, ...] = field(default=())  # of those shown, the most frequent first

    def table(self) -> Table:
        columns = (
            Column("Identity", Shown.TEXT),
            Column("First seen", Shown.TIME),
            Column("Last seen", Shown.TIME),
            *(Column(name, Shown.TEXT) for name in self.property_names),
        )
        return Table(columns, tuple(self._rows()))

    def _rows(self) -> Iterator[tuple[Cell, ...]]:
        zone = self.query.scope.zone
        for each in self.people:
            seen = (
                at.astimezone(zone).isoformat(sep=" ", timespec="seconds")
                for at in (each.first_seen_at, each.last_seen_at)
            )
            known = (as_text(each.properties.get(name)) for name in self.property_names)
            yield (each.identity or f"Visitor {each.actor_id}", *seen, *known)


def as_text(value: Any) -> str | None:
    """A property's value as conditions and groups compare it: what the database's `->>` gives."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")  # 0.00001, where Python would write 1e-05
    return json.dumps(value, ensure_ascii=False)


Result = GraphResult | FunnelResult | RetentionResult | UsersResult
