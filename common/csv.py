"""CSV that is safe to open in a spreadsheet, streamed row by row."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import StreamingHttpResponse

BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for Latin-1
# What a spreadsheet may take for the beginning of a formula. Some skip white space and quotes before they look.
FORMULA = re.compile(r"[\s\"']*[=+\-@\t\r\n|＝＋－＠]")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")  # with a plus sign it is a telephone number, which would lose the sign
MAX_NAME = 80


def safe(cell: Any) -> str:
    """The cell as text; one that could be read as a formula begins with an apostrophe. Numbers stay numbers."""
    if cell is None:
        return ""
    if isinstance(cell, int | float | Decimal):
        return str(cell)
    text = cell.isoformat() if isinstance(cell, datetime) else str(cell)
    is_risky = FORMULA.match(text) is not None and NUMBER.fullmatch(text) is None
    return f"'{text}" if is_risky else text


class _Echo:
    """A file that hands back what is written: so csv.writer makes one line at a time."""

    def write(self, line: str) -> str:
        return line


def lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The whole file line by line, the header first, every cell made safe."""
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK + writer.writerow([safe(cell) for cell in header])
    for row in rows:
        yield writer.writerow([safe(cell) for cell in row])


def file_name(name: str) -> str:
    """A name for the file from any text: letters, digits, dashes; never empty, never hidden, never a formula."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Za-z0-9]+", plain)
    return f"{'-'.join(words)[:MAX_NAME].strip('-').lower() or 'export'}.csv"


def response(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A download that is called after `name`."""
    answer = StreamingHttpResponse(lines(header, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{file_name(name)}"'
    return answer
