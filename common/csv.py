"""CSV that is safe to open in a spreadsheet, streamed row by row."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http.response import HttpResponseBase

from common import downloads

BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads UTF-8 as Latin-1
# Text that a spreadsheet may read as the start of a formula. Some skip leading white space and quotes.
FORMULA = re.compile(r"[\s\"']*[=+\-@\t\r\n|＝＋－＠]")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")  # a plus sign means a telephone number, which would lose the sign
MAX_NAME = 80


def safe(cell: Any) -> str:
    """The cell as text. Text that could be read as a formula gets an apostrophe in front. Numbers stay numbers."""
    if cell is None:
        return ""
    if isinstance(cell, int | float | Decimal):
        return str(cell)
    text = cell.isoformat() if isinstance(cell, datetime) else str(cell)
    is_risky = FORMULA.match(text) is not None and NUMBER.fullmatch(text) is None
    return f"'{text}" if is_risky else text


class _Echo:
    """A file whose `write` returns the line, so that csv.writer produces one line at a time."""

    def write(self, line: str) -> str:
        return line


def lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The whole file line by line, the header first. Every cell is made safe."""
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK + writer.writerow([safe(cell) for cell in header])
    for row in rows:
        yield writer.writerow([safe(cell) for cell in row])


def file_name(name: str, extension: str = "csv") -> str:
    """A file name from any text: letters, digits and dashes only; never empty, hidden or a formula."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Za-z0-9]+", plain)
    return f"{'-'.join(words)[:MAX_NAME].strip('-').lower() or 'export'}.{extension}"


def response(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], user_id: int) -> HttpResponseBase:
    """A CSV download for this user, whose file name is made from `name`; 429 where too many are running."""
    return downloads.response(
        lines(header, rows), user_id, content_type="text/csv; charset=utf-8", file_name=file_name(name)
    )
