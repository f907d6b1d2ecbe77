"""A formula over the series of a graph: "A / B", "(A + B) * 100 / C".

Letters name series in their order, numbers are decimal. Nothing is rounded. A division by 0 and a series without a
value give no value, nor does a result that is too large to be drawn or read.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from analytics.questions.conditions import BadQuery

MAX_LENGTH = 100  # characters, which bounds brackets and the length of the computation too
TOO_LARGE = 10**30  # "A*A*A…" has hundreds of digits; sums of numbers below 10^20 are far from it
LETTERS = "ABCDEFGH"
SYMBOL = re.compile(r"\s*(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)|([A-Za-z])(?![A-Za-z])|([-+*/()]))", re.ASCII)
SPELLINGS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", ":": "/"})

Exact = int | Fraction
Unrounded = Exact | None
Compute = Callable[[Sequence[Unrounded]], Unrounded]


@dataclass(frozen=True)
class Formula:
    """`text` is its one spelling. `letters` are those that it names."""

    text: str
    letters: frozenset[str]
    compute: Compute  # the values of the series, in their order

    @classmethod
    def parse(cls, text: str) -> "Formula":
        """Raises BadQuery, in words."""
        if len(text) > MAX_LENGTH:
            raise BadQuery(f"A formula has at most {MAX_LENGTH} characters.", "formula")
        symbols = list(_symbols(text.translate(SPELLINGS)))
        reader = _Reader(symbols)
        compute = reader.sum()
        if reader.next:
            raise _unreadable(reader.next)
        letters = frozenset(each for each in symbols if each in LETTERS)
        if not letters:
            raise BadQuery("A formula names at least one series: A, B…", "formula")
        return cls(_spelled(symbols), letters, _bounded(compute))


def _symbols(text: str) -> Iterator[str]:
    at, text = 0, text.rstrip()
    while at < len(text):
        found = SYMBOL.match(text, at)
        if not found:
            raise _unreadable(text[at:].strip())
        yield found[1] or found[3] or found[2].upper()
        at = found.end()


def _unreadable(text: str) -> BadQuery:
    return BadQuery(
        f"“{text[:20]}” is not understood. A formula has series (A, B…), numbers, + - * / and brackets.", "formula"
    )


def _spelled(symbols: list[str]) -> str:
    """With a blank around the signs between two values."""
    text, before = "", "("
    for symbol in symbols:
        is_between = symbol in "+-*/" and before not in "(+-*/"
        text += f" {symbol} " if is_between else symbol
        before = symbol
    return text


class _Reader:
    """One method for each level of binding: sums of products of values."""

    def __init__(self, symbols: list[str]) -> None:
        self.symbols = symbols
        self.at = 0

    @property
    def next(self) -> str:
        """The next symbol; empty at the end."""
        return self.symbols[self.at] if self.at < len(self.symbols) else ""

    def take(self) -> str:
        symbol = self.next
        self.at += 1
        return symbol

    def sum(self) -> Compute:
        found = self.product()
        while self.next in ("+", "-"):
            found = _combined(self.take(), found, self.product())
        return found

    def product(self) -> Compute:
        found = self.value()
        while self.next in ("*", "/"):
            found = _combined(self.take(), found, self.value())
        return found

    def value(self) -> Compute:
        symbol = self.take()
        if symbol == "":
            raise BadQuery("The formula ends too early.", "formula")
        if symbol == "-":
            return _combined("-", lambda values: 0, self.value())
        if symbol == "(":
            found = self.sum()
            if self.take() != ")":
                raise BadQuery("A bracket of the formula is not closed.", "formula")
            return found
        if symbol[0].isdigit():
            number = Fraction(symbol)
            return lambda values: number
        if symbol.isalpha():
            if symbol not in LETTERS:
                raise BadQuery(f"There is no series {symbol}.", "formula")
            place = LETTERS.index(symbol)
            return lambda values: values[place]
        raise _unreadable(symbol)


def _bounded(compute: Compute) -> Compute:
    def bounded(values: Sequence[Unrounded]) -> Unrounded:
        value = compute(values)
        return value if value is not None and -TOO_LARGE < value < TOO_LARGE else None

    return bounded


def _combined(sign: str, left: Compute, right: Compute) -> Compute:
    def compute(values: Sequence[Unrounded]) -> Unrounded:
        a, b = left(values), right(values)
        if a is None or b is None or (sign == "/" and not b):
            return None
        match sign:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
        return Fraction(a) / b

    return compute
