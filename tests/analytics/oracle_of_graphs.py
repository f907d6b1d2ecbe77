"""Answers to graphs by plain loops over events (oracle.py), with exact fractions."""

import re
from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any

from analytics.kinds.graph.question import Graph, Series
from analytics.questions.conditions import NUMBER
from analytics.questions.query import Counts, Selection
from analytics.questions.spans import Bucket
from tests.analytics.oracle import FakeEvent, World, between, occurrences, value_of

PRECISE = Context(prec=200)


def number_of(text: str | None) -> Fraction | None:
    """What counts as a number, below 10^20, without what comes after nine decimals."""
    if text is None or not re.fullmatch(NUMBER, text):
        return None
    number = Decimal(text)
    if abs(number) >= 10**20:
        return None
    return Fraction(number.quantize(Decimal("1e-9"), ROUND_DOWN, PRECISE))


def at_share(numbers: list[Fraction], share: Fraction) -> Fraction:
    """As a spreadsheet: between the two numbers around (n - 1) * share."""
    numbers = sorted(numbers)
    place = (len(numbers) - 1) * share
    below = int(place)
    above = min(below + 1, len(numbers) - 1)
    return numbers[below] + (numbers[above] - numbers[below]) * (place - below)


def counted(world: World, asked: Series, events: list[FakeEvent]) -> Fraction | None:
    """The exact number; None where there is none."""
    values = [value_of(world, asked.of, event, world.who(event)) for event in events] if asked.of else []
    numbers = [number for text in values if (number := number_of(text)) is not None]
    match asked.counts:
        case Counts.EVENTS:
            return Fraction(len(events))
        case Counts.USERS:
            return Fraction(len({world.who(event) for event in events}))
        case Counts.SESSIONS:
            return Fraction(len({event.session for event in events if event.session is not None}))
        case Counts.PER_USER:
            return Fraction(len(events), len({world.who(event) for event in events})) if events else None
        case Counts.SUM:
            return sum(numbers, Fraction(0))
        case Counts.DIFFERENT:
            return Fraction(len({text for text in values if text is not None}))
    if not numbers:
        return None
    match asked.counts:
        case Counts.AVERAGE:
            return sum(numbers) / len(numbers)
        case Counts.MEDIAN:
            return at_share(numbers, Fraction(1, 2))
        case Counts.P95:
            return at_share(numbers, Fraction(95, 100))
        case Counts.SMALLEST:
            return min(numbers)
        case Counts.LARGEST:
            return max(numbers)
    raise AssertionError(asked.counts)


def as_shown(number: Fraction | None) -> Decimal | None:
    """Rounded once, half to even, to six decimals."""
    if number is None:
        return None
    exact = PRECISE.divide(Decimal(number.numerator), Decimal(number.denominator))
    return exact.quantize(Decimal("1e-6"), ROUND_HALF_EVEN, PRECISE)


@dataclass
class Line:
    """The exact numbers of one series or formula, in one group."""

    values: list[Fraction | None]
    total: Fraction | None

    def shown(self) -> tuple[list[Decimal | None], Decimal | None]:
        return [as_shown(value) for value in self.values], as_shown(self.total)


def line(world: World, asked: Graph, series: Series, cut: tuple[Bucket, ...], events: list[FakeEvent]) -> Line:
    """With `cumulative`, each bucket counts everything since the first, and those after now have nothing to tell."""
    values = []
    for bucket in cut:
        start = cut[0].start if asked.cumulative else bucket.start
        is_told = not asked.cumulative or bucket.start <= world.now
        values.append(counted(world, series, between(events, start, bucket.end)) if is_told else None)
    return Line(values, counted(world, series, events))


def computed(formula: str, lines: list[Line]) -> Line:
    """The formula over each bucket and over the totals, computed by Python."""

    def one(values: list[Fraction | None]) -> Fraction | None:
        named = dict(zip("ABCDEFGH", values, strict=False))
        if any(named[letter] is None for letter in set(re.findall("[A-H]", formula))):
            return None
        exact = re.sub(r"[0-9.]+", lambda found: f"Fraction('{found[0]}')", formula)
        try:
            return Fraction(eval(exact, {"Fraction": Fraction, **named}))
        except ZeroDivisionError:
            return None

    buckets = zip(*(each.values for each in lines), strict=True)
    return Line([one(list(each)) for each in buckets], one([each.total for each in lines]))


def counted_events(
    world: World, asked: Graph, series: Series, cut: tuple[Bucket, ...], segments: tuple
) -> list[FakeEvent]:
    """Those that have what is counted: a session, a value."""
    both = [
        event
        for event in occurrences(world, Selection(series.event, series.where), asked.where, segments)
        if cut[0].start <= event.time < cut[-1].end
    ]
    if series.counts is Counts.SESSIONS:
        return [event for event in both if event.session is not None]
    if series.counts is Counts.DIFFERENT:
        return [event for event in both if value_of(world, series.of, event, world.who(event)) is not None]
    return both


def graph(world: World, asked: Graph, cut: tuple[Bucket, ...], segments: tuple) -> list[Line]:
    """The lines without grouping: the formula's, if there is one, and one for each series."""
    world = world.asked_by(asked)
    lines = [
        line(world, asked, series, cut, counted_events(world, asked, series, cut, segments)) for series in asked.series
    ]
    return [computed(asked.formula, lines), *lines] if asked.formula else lines


def groups(
    world: World, asked: Graph, cut: tuple[Bucket, ...], most: int, keys: list[tuple] | None = None
) -> list[tuple[Any, list[Line]]]:
    """(key, lines as `graph` has them) of the `most` largest groups, and of all others with the key `...`.

    Groups are ordered by their size in the first series, then in the second, and so on; 0 where one has none. A size
    is the number that is counted, or else the number of events. Among equals, "no value" comes first, then the lesser
    text, property by property. With `keys`, the groups are these and all others.
    """
    world = world.asked_by(asked)
    of_key: dict[tuple, list[list[FakeEvent]]] = defaultdict(lambda: [[] for _ in asked.series])
    for number, series in enumerate(asked.series):
        for event in counted_events(world, asked, series, cut, asked.segments):
            key = tuple(value_of(world, by, event, world.who(event)) for by in asked.by)
            of_key[key][number].append(event)

    def order(key: tuple) -> tuple:
        sizes = [
            -(counted(world, series, events) if series.counts.adds_up else len(events))
            for series, events in zip(asked.series, of_key[key], strict=True)
        ]
        return *sizes, *((value is not None, value or "") for value in key)

    ordered = sorted(of_key, key=order)
    if keys is not None:
        ordered, most = [*keys, *(key for key in ordered if key not in keys)], len(keys)
    shown: list[tuple[Any, list[list[FakeEvent]]]] = [(key, of_key[key]) for key in ordered[:most]]
    if (others := ordered[most:]) or keys is not None:
        together = [[event for key in others for event in of_key[key][number]] for number in range(len(asked.series))]
        shown.append((..., together))
    found = []
    for key, events in shown:
        pairs = zip(asked.series, events, strict=True)
        lines = [line(world, asked, series, cut, each) for series, each in pairs]
        found.append((key, [computed(asked.formula, lines), *lines] if asked.formula else lines))
    return found
