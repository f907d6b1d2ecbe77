"""An answer as a file. Every format streams the rows, because they may be those of many pages.

CSV is made safe for spreadsheets. JSON and Parquet keep texts as they are, and numbers as numbers.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import chain, islice
from typing import Any

from analytics.questions.results import Cell, Column, Result, Shown
from common import csv
from common.downloads import Pieces

ROWS_AT_ONCE = 10_000  # of a Parquet file's row group
NO_PARQUET = "This server cannot write Parquet files, because the package pyarrow is not installed. Take CSV or JSON."
Cells = Iterable[tuple[Cell, ...]]


class FormatMissing(Exception):
    """The format needs a package that is not installed. The message is for people."""


@dataclass(frozen=True)
class ExportFormat:
    label: str
    content_type: str
    pieces: Callable[[Result, str, Cells], Pieces]  # takes the result, the question in words, and the table's rows


def has_parquet() -> bool:
    return find_spec("pyarrow") is not None


def csv_lines(result: Result, question: str, rows: Cells) -> Iterator[str]:
    """In the end, what the page says in its head."""
    note = [(result.ran.note,)] if result.ran.note else []
    return csv.lines([column.name for column in result.table().columns], chain(rows, note))


def json_lines(result: Result, question: str, rows: Cells) -> Iterator[str]:
    """One object; each of its rows is a line."""
    head = {
        "question": question,
        "kind": result.query.kind,
        "as_of": result.ran.as_of.isoformat(),
        "start": result.ran.start.isoformat(),
        "end": result.ran.end.isoformat(),
        "note": result.ran.note,
        "columns": [{"name": column.name, "type": column.shown.value} for column in result.table().columns],
    }
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "rows": ['
    before = "\n"
    for row in rows:
        yield before + json.dumps(row, ensure_ascii=False, default=float)  # decimals
        before = ",\n"
    yield "\n]}\n"


def parquet_groups(result: Result, question: str, rows: Cells) -> Iterator[bytes]:
    """A group of rows at a time. Numbers are doubles, all else is text. Raises FormatMissing."""
    if not has_parquet():
        raise FormatMissing(NO_PARQUET)
    about = {"question": question, "note": result.ran.note}
    return _parquet_groups(result.table().columns, about, iter(rows))


def _parquet_groups(
    columns: tuple[Column, ...], about: dict[str, str], rows: Iterator[tuple[Cell, ...]]
) -> Iterator[bytes]:
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    names = _different([column.name for column in columns])
    is_text = [column.shown in (Shown.TEXT, Shown.TIME) for column in columns]
    schema = arrow.schema(
        [(name, arrow.string() if text else arrow.float64()) for name, text in zip(names, is_text, strict=True)],
        metadata=about,
    )
    sink = _Taken()
    with parquet.ParquetWriter(arrow.PythonFile(sink, mode="w"), schema) as writer:
        while group := list(islice(rows, ROWS_AT_ONCE)):
            cells = [[_cell(row[place], text=text) for row in group] for place, text in enumerate(is_text)]
            writer.write_table(arrow.table(cells, schema=schema))
            yield sink.take()
    yield sink.take()


def _cell(cell: Cell, *, text: bool) -> str | float | None:
    if cell is None:
        return None
    return str(cell) if text else float(cell)


def _different(names: list[str]) -> list[str]:
    """Columns of a Parquet file need names of their own: "plan", "plan (2)"."""
    found: dict[str, None] = {}
    for name in names:
        number, new = 1, name
        while new in found:
            number += 1
            new = f"{name} ({number})"
        found[new] = None
    return list(found)


class _Taken:
    """A file to write to, whose bytes are taken out again and again."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(self._pieces[-1])

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


FORMATS = {  # by name in URLs, which is also the file's extension
    "csv": ExportFormat("CSV", "text/csv; charset=utf-8", csv_lines),
    "json": ExportFormat("JSON", "application/json", json_lines),
    "parquet": ExportFormat("Parquet", "application/vnd.apache.parquet", parquet_groups),
}


def offered() -> list[tuple[str, str]]:
    """Names and labels of the formats that this server can write."""
    return [(name, each.label) for name, each in FORMATS.items() if name != "parquet" or has_parquet()]
