"""From what a statement gave for one bucket (analytics/sql/time_counts.py) to its exact number. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from analytics.kinds.graph.formula import Unrounded
from analytics.questions.query import PERCENTILES, Counts
from analytics.questions.results import Number

DECIMALS = 6

Measured = Sequence[Any]  # n, people; of a property's numbers: n, numbers, low, high
NOTHING: Measured = (0, 0, None, None)


def exact(counts: Counts, cell: Measured) -> Unrounded:
    """The number without rounding; None where there is none, such as the average of nothing."""
    n, of = int(cell[0] or 0), int(cell[1] or 0)
    if counts is Counts.PER_USER:
        return Fraction(n, of) if of else None
    if not counts.is_of_numbers:
        return n
    if not of:
        return 0 if counts is Counts.SUM else None
    low = Fraction(cell[2])
    if counts is Counts.AVERAGE:
        return low / of
    if counts in PERCENTILES:
        share = Fraction((of - 1) * PERCENTILES[counts] % 100, 100)
        return low + (Fraction(cell[3]) - low) * share
    return low


def rounded(value: Unrounded) -> Number | None:
    """Half to even, to DECIMALS; exact in all other digits, however many there are."""
    if value is None or isinstance(value, int):
        return value
    scaled = round(value * 10**DECIMALS)
    whole, rest = divmod(abs(scaled), 10**DECIMALS)
    sign = "-" if scaled < 0 else ""
    return Decimal(f"{sign}{whole}.{rest:0{DECIMALS}d}".rstrip("0")) if rest else whole * (-1 if sign else 1)
