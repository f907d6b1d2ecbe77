"""Any table as CSV, line by line, safe against formulas: in cells, in the header row and in the file's name."""

import csv
import re
import unicodedata
from collections.abc import Iterator

from analytics.questions.results import Cell, Result, Table

# What a spreadsheet may take for the beginning of a formula. Some skip white space and quotes before they look.
FORMULA = re.compile(r"[\s\"']*[=+\-@\t\r|＝＋－＠]")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
MAX_NAME = 80


class Echo:
    """A file that hands back what is written: so csv.writer makes one line at a time."""

    def write(self, line: str) -> str:
        return line


def csv_lines(result: Result) -> Iterator[str]:
    """The result's table as CSV, the header first. Begins with a byte order mark, or Excel takes it for Latin-1."""
    yield "\ufeff"
    yield from table_lines(result.table())


def table_lines(table: Table) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield writer.writerow([safe(column.name) for column in table.columns])
    for row in table.rows:
        yield writer.writerow([safe(cell) for cell in row])


def safe(cell: Cell) -> str:
    """The cell as text; one that could be read as a formula begins with an apostrophe. Numbers stay numbers."""
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return str(cell)
    is_risky = FORMULA.match(cell) is not None and NUMBER.fullmatch(cell) is None
    return f"'{cell}" if is_risky else cell


def file_name(name: str) -> str:
    """A name for the file from any text: letters, digits, dashes; never empty, never hidden, never a formula."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Za-z0-9]+", plain)
    return f"{'-'.join(words)[:MAX_NAME].strip('-').lower() or 'export'}.csv"
