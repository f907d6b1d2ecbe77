"""Formulas over the series of a graph: what they come to, and what is refused, in words."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.kinds.graph.formula import LETTERS, MAX_LENGTH, Formula
from analytics.kinds.graph.measures import rounded
from analytics.questions.conditions import BadQuery


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("A / B", (1, 2), Fraction(1, 2)),
        ("A / B", (1, 0), None),
        ("A + B", (1, None), None),
        ("(A + B) * 100 / C", (1, 2, 4), 75),
        ("A - B - C", (10, 3, 2), 5),
        ("A / B / C", (12, 3, 2), 2),
        ("A - B * C", (10, 3, 2), 4),
        ("-A + 0.1", (1,), Fraction(-9, 10)),
        ("2*(A)", (3,), 6),
        ("A", (None,), None),
        ("-A", (10**30 - 1,), 1 - 10**30),
        ("*".join("A" * 50), (10**7,), None),
        ("-A * A", (10**15,), None),
    ],
)
def test_it_binds_as_in_school(text, values, expected):
    assert Formula.parse(text).compute(values) == expected


@pytest.mark.parametrize(
    ("typed", "text"),
    [(" a/b ", "A / B"), ("(A+B)×100÷C", "(A + B) * 100 / C"), ("−a − -b", "-A - -B"), ("1.50*A", "1.50 * A")],
)
def test_it_has_one_spelling_which_reads_back(typed, text):
    formula = Formula.parse(typed)

    assert formula.text == Formula.parse(formula.text).text == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "too early"),
        ("A /", "too early"),
        ("A B", "“B” is not understood"),
        ("AB", "“AB” is not understood"),
        ("(A", "not closed"),
        ("A)", "“)” is not understood"),
        ("1 + 2", "at least one series"),
        ("I", "no series I"),
        ("A ** 2", "“*” is not understood"),
        ("A.real", "is not understood"),
        ("A + 1e9", "is not understood"),
        ("A + 12345678901", "is not understood"),
        ("A + ٣", "is not understood"),
        ("(" * 60 + "A" + ")" * 60, f"at most {MAX_LENGTH} characters"),
    ],
)
def test_what_is_no_formula_is_said(text, says):
    with pytest.raises(BadQuery) as raised:
        Formula.parse(text)
    assert says in raised.value.message
    assert raised.value.at == "formula"


@given(st.text(alphabet="AB19.+-*/() ", max_size=MAX_LENGTH))
def test_any_text_is_refused_or_computes(text):
    try:
        formula = Formula.parse(text)
    except BadQuery:
        return
    value = formula.compute([Fraction(7, 3)] * len(LETTERS))
    assert value is None or isinstance(value, int | Fraction)


@pytest.mark.parametrize(
    ("exact", "text"),
    [
        (Fraction(3, 102), "0.029412"),
        (Fraction(1, 2_000_000), "0"),  # 0.0000005 to the even digit
        (Fraction(3, 2_000_000), "0.000002"),
        (Fraction(-1, 3), "-0.333333"),
        (Fraction(10, 2), "5"),
        (10**27 + Fraction(1, 8), "1000000000000000000000000000.125"),
        (None, "None"),
    ],
)
def test_it_is_rounded_once_half_to_even_however_large_it_is(exact, text):
    assert str(rounded(exact)) == text
