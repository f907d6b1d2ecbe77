"""Tables as CSV: complete, and safe to open in a spreadsheet."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.export import file_name, safe, table_lines
from analytics.questions.results import Column, Table


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "'=1", '"=1', "|calc", "＝1"],
)
def test_what_could_be_a_formula_begins_with_an_apostrophe(text):
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize("cell", [0, -5, 1.5, "plain", "-5", "2026-03-29", "-12.5", "a=b", ""])
def test_other_cells_stay_as_they_are(cell):
    assert safe(cell) == str(cell)


def test_nothing_is_an_empty_cell():
    assert safe(None) == ""


def test_the_header_row_is_safe_too():
    lines = list(table_lines(Table((Column("=HYPERLINK(1)"), Column("people")), ((1, 2),))))

    assert lines == ["'=HYPERLINK(1),people\r\n", "1,2\r\n"]


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2), max_size=5))
def test_every_table_reads_back(rows):
    table = Table((Column("a"), Column("b")), tuple(tuple(row) for row in rows))

    text = "".join(table_lines(table))

    assert list(csv.reader(io.StringIO(text, newline="")))[1:] == [[safe(cell) for cell in row] for row in rows]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Signups by plan", "signups-by-plan.csv"),
        ("=cmd|'/C calc'!A0", "cmd-c-calc-a0.csv"),
        ("../../etc/passwd", "etc-passwd.csv"),
        ('a"; filename="b\r\nX: y', "a-filename-b-x-y.csv"),
        ("日本", "export.csv"),
        ("Café", "cafe.csv"),
    ],
)
def test_a_file_name_is_plain(name, expected):
    assert file_name(name) == expected
