"""Tables as CSV: complete, and safe to open in a spreadsheet."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.csv import BYTE_ORDER_MARK, file_name, lines, response, safe

FORMULAS = [
    "=1+1",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "|cmd",
    "＝1",
    "＋1",
    "－1",
    "＠SUM(1)",
    " =1",
    "  =1",
    "\u00a0=1",
    "'=1",
    '"=1+1',
    "\t=1",
    "\r=1",
    "\n=1",
    "\thello",
    "\rhello",
    "\nhello",
    "\n",
    "-5\n",
    "+49 30 901820",  # a spreadsheet would calculate it, or show a number without the plus
    "+4930901820",
    "+1.5",
]
USER = 7
PLAIN = {
    "plain": "plain",
    "a=b": "a=b",
    "5 + 5": "5 + 5",
    "2026-03-29": "2026-03-29",
    "": "",
    "-5": "-5",
    "-12.5": "-12.5",
    0: "0",
    -5: "-5",
    1.5: "1.5",
    -1e-07: "-1e-07",
    Decimal("-0.5"): "-0.5",
    None: "",
    datetime(2026, 3, 29, 12, tzinfo=UTC): "2026-03-29T12:00:00+00:00",
}


def table(text):
    """What a reader of the file gets."""
    assert text.startswith(BYTE_ORDER_MARK)
    return list(csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")))


@pytest.mark.parametrize("text", FORMULAS)
def test_what_could_be_a_formula_begins_with_an_apostrophe(text):
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize("cell", PLAIN)
def test_numbers_times_and_plain_words_stay_as_they_are(cell):
    assert safe(cell) == PLAIN[cell]


@pytest.mark.parametrize("text", FORMULAS)
def test_header_and_rows_are_safe_alike(text):
    assert table("".join(lines([text], [[text]]))) == [[f"'{text}"], [f"'{text}"]]


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2), max_size=5))
def test_every_table_reads_back(rows):
    assert table("".join(lines(["a", "b"], rows)))[1:] == [[safe(cell) for cell in row] for row in rows]


def test_a_row_is_read_when_its_line_is_asked_for():
    read = []

    def rows():
        for number in range(3):
            read.append(number)
            yield [number]

    written = lines(["number"], rows())

    assert (next(written), read) == ("\ufeffnumber\r\n", [])
    assert (next(written), read) == ("0\r\n", [0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Signups by plan", "signups-by-plan.csv"),
        ("=cmd|'/C calc'!A0", "cmd-c-calc-a0.csv"),
        ("../../etc/passwd", "etc-passwd.csv"),
        ('a"; filename="b\r\nX: y', "a-filename-b-x-y.csv"),
        (".hidden", "hidden.csv"),
        ("日本", "export.csv"),
        ("Café", "cafe.csv"),
        ("a" * 500, "a" * 80 + ".csv"),
    ],
)
def test_a_file_name_is_plain(name, expected):
    assert file_name(name) == expected


def test_a_download_says_what_it_is():
    answer = response("Signups by plan", ["plan"], [["=1"]], USER)

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="signups-by-plan.csv"'
    assert b"".join(answer.streaming_content).decode() == "\ufeffplan\r\n'=1\r\n"
