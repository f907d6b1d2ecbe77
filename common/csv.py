"""CSV that is safe to open in a spreadsheet, streamed row by row. For every app."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.http import StreamingHttpResponse

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # what a spreadsheet would calculate
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def safe(value: Any) -> str:
    """A value as text; with an apostrophe before it where a spreadsheet would take it for a formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    text = str(value)
    if text.lstrip(" ").startswith(FORMULA) and not NUMBER.fullmatch(text):
        return "'" + text
    return text


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The CSV's lines, header first, every cell made safe."""
    writer = csv.writer(_Echo())
    yield writer.writerow([safe(cell) for cell in header])
    for row in rows:
        yield writer.writerow([safe(cell) for cell in row])


def response(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A download named for `name`; of the name only letters, digits, dots and dashes are kept."""
    file_name = re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.") or "export"
    answer = StreamingHttpResponse(lines(header, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{file_name}.csv"'
    return answer
