"""The base class of results, and their tables. Pages, charts, tiles and the CSV show a result and never count again."""

import json
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from analytics.questions.query import Query
from analytics.questions.spans import Bucket, Span, Unit

Number = int | float | Decimal
Cell = str | Number | None


def percent(part: int, whole: int) -> float | None:
    """100 × part / whole with one decimal; None if `whole` is 0. Shares are rounded nowhere else."""
    return round(100 * part / whole, 1) if whole else None


class Shown(StrEnum):
    """The format of a column's cells."""

    TEXT = "text"
    NUMBER = "number"
    PERCENT = "percent"
    TIME = "time"


@dataclass(frozen=True)
class Column:
    """`is_apart`: the name is no value, but says that it is missing or empty, or names all others together.

    `behind`: the column's part of the place of its numbers (Table.place), where a * stands for the row's if that is not
    its end; without it, nothing stands behind them.
    """

    name: str
    shown: Shown = Shown.NUMBER
    is_apart: bool = False
    behind: str = ""


@dataclass(frozen=True)
class Table:
    """The rows of the page's table and of the CSV. `incomplete` holds the rows whose time is cut or not over.

    `apart` holds the rows whose name is no value: it says that a value is missing or empty, or names several rows.
    `behind`: each row's part of the place of its numbers (kinds/behind.py), if something stands behind them.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    incomplete: frozenset[int] = frozenset()
    apart: frozenset[int] = frozenset()
    behind: tuple[str, ...] = ()

    def place(self, row: int, column: int) -> str:
        """The place of a number, such as "0.all.12"; empty if nothing stands behind it."""
        own, of_row = self.columns[column].behind, self.behind[row] if self.behind else ""
        if not own or not of_row:
            return ""
        return own.replace("*", of_row) if "*" in own else f"{own}.{of_row}"


@dataclass(frozen=True)
class Ran:
    """The time of a run: `as_of` is its "now", `start` and `end` the span in UTC, `seconds` how long it took.

    What was stored within the last `behind_seconds` may be missing; None if nothing is. `note` is a sentence that pages
    and the CSV show: where the span begins, if that is later than asked. `days` are the days that were asked for, of
    a kind that widens them to whole units: the wider ones may be more than anybody may ask for.
    """

    as_of: datetime
    start: datetime
    end: datetime
    seconds: float = 0.0
    behind_seconds: float | None = None
    note: str = ""
    days: Span | None = None

    @property
    def behind_words(self) -> str:
        """A sentence, if more than a second may be missing."""
        if self.behind_seconds is None or self.behind_seconds < 1:
            return ""
        return f"What came in the last {math.ceil(self.behind_seconds):,} seconds may be missing."


def bucket_label(bucket: Bucket, unit: Unit, zone: ZoneInfo) -> str:
    """ "2026-03-29", for a month "2026-03", for an hour "2026-03-29 14:00+02:00"."""
    local = bucket.start.astimezone(zone)
    if unit is Unit.HOUR:
        return local.isoformat(sep=" ", timespec="minutes")
    return f"{local:%Y-%m}" if unit is Unit.MONTH else f"{local:%Y-%m-%d}"


@dataclass(frozen=True)
class Result(ABC):
    """The answer to `query`. Each kind of question has its own subclass."""

    query: Query
    ran: Ran

    @abstractmethod
    def table(self) -> Table: ...


def as_text(value: Any) -> str | None:
    """A property's value as text, equal to what the database's `->>` gives to conditions and groups."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")  # 0.00001, where Python would write 1e-05
    return json.dumps(value, ensure_ascii=False)
