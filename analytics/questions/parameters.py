"""Reading and writing the URL parameters of questions. The kinds of questions are built on this.

    all         where.match, where.N.field, where.N.op, where.N.value; segment (repeated); where.group.N.match,
                where.group.N.M.field, … for groups of conditions
    with a span days (7, 30, …, a period such as this_month, "all", or "custom" with from, to as YYYY-MM-DD), and
                over=1: without what is not over; some kinds take before (period or year): compared with what was before
    compared    compare (repeated: a segment's lineage or "everyone")

N is any number: only the order matters. Conditions without a field and steps without an event are skipped, so that a
form may have empty rows. A parameter with an event must be called "event" or end in ".event", one with a segment
"segment" or "compare", because definitions/lineages.py finds references by these names.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from django.http import QueryDict

from analytics.questions.before import Before
from analytics.questions.conditions import BadQuery, Condition, Field, Group, Match, Operator
from analytics.questions.periods import Period
from analytics.questions.query import PAGEVIEW, Compared, EventReference, Query, Selection
from analytics.questions.spans import Span

Pairs = list[tuple[str, str]]
EVERYONE = "everyone"
MOST_ROWS = 40  # of one kind; no question takes more than 20, but some may be empty
E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


def as_lists(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The pairs in the form that `parse` reads."""
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return lists


def querystring(query: Query) -> str:
    """A question as the part of a URL after the question mark."""
    link = QueryDict(mutable=True)
    for name, value in query.parameters():
        link.appendlist(name, value)
    return link.urlencode()


class Unreadable(Exception):
    """A required parameter is wrong. The reader's errors say which one."""


class Reader:
    """Reads single parameters. `errors` collects what is wrong, {parameter name: words}."""

    def __init__(self, parameters: QueryDict | Mapping[str, list[str]]) -> None:
        self.values: dict[str, list[str]] = {
            key: parameters.getlist(key) if isinstance(parameters, QueryDict) else list(parameters[key])
            for key in parameters
        }
        self.errors: dict[str, str] = {}

    def text(self, name: str, default: str = "") -> str:
        return (self.values.get(name) or [default])[-1]

    def all(self, name: str) -> list[str]:
        return [value for value in self.values.get(name, []) if value]

    def wrong(self, name: str, message: str) -> None:
        self.errors.setdefault(name, message)

    def attempt(self, name: str, make: Callable[[], T]) -> T | None:
        """The result of `make`. If it raises BadQuery, its message is noted under `name`, and the result is None."""
        try:
            return make()
        except BadQuery as error:
            self.wrong(name, error.message)
            return None

    def choice(self, name: str, kind: type[E], default: E) -> E:
        text = self.text(name) or default
        try:
            return kind(text)
        except ValueError:
            self.wrong(name, f"Choose one of: {', '.join(kind)}.")
            return default

    def integer(self, name: str, default: int) -> int:
        text = self.text(name).strip()
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
            if text:
                self.wrong(name, "Give a whole number.")
            return default
        return int(text)

    def day(self, name: str) -> date | None:
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            self.wrong(name, "Give a day, as 2026-01-31.")
            return None

    def lineages(self, name: str) -> tuple[UUID, ...]:
        found = []
        for text in self.all(name):
            try:
                found.append(UUID(text))
            except ValueError:
                self.wrong(name, "There is no such segment.")
        return tuple(dict.fromkeys(found))

    def numbered(self, prefix: str) -> list[str]:
        """The prefixes "<prefix>.N" that occur, ordered by N: the first MOST_ROWS, since a form has a row for each."""
        pattern = re.compile(re.escape(prefix) + r"\.(\d{1,4})\.", re.ASCII)
        numbers = {int(found[1]) for name in self.values if (found := pattern.match(name))}
        if len(numbers) > MOST_ROWS:
            self.wrong(prefix.removesuffix(".group"), f"At most {MOST_ROWS} rows.")
        return [f"{prefix}.{number}" for number in sorted(numbers)[:MOST_ROWS]]

    def event(self, name: str, default: EventReference | None = PAGEVIEW) -> EventReference | None:
        text = self.text(name)
        return self.attempt(name, lambda: EventReference.parse(text)) if text else default

    def field(self, name: str) -> Field | None:
        text = self.text(name)
        return self.attempt(name, lambda: Field.parse(text)) if text else None

    def condition(self, prefix: str) -> Condition | None:
        chosen = self.field(f"{prefix}.field")
        operator = self.choice(f"{prefix}.op", Operator, Operator.IS)
        value = self.text(f"{prefix}.value")
        return self.attempt(f"{prefix}.value", lambda: Condition(chosen, operator, value)) if chosen else None

    def group(self, prefix: str = "where") -> Group:
        return self._group(prefix, tuple(self._group(each) for each in self.numbered(f"{prefix}.group")))

    def _group(self, prefix: str, groups: tuple[Group, ...] = ()) -> Group:
        conditions = tuple(each for name in self.numbered(prefix) if (each := self.condition(name)))
        match = self.choice(f"{prefix}.match", Match, Match.ALL)
        return self.attempt(prefix, lambda: Group(conditions, match, groups)) or Group()

    def selection(self, prefix: str, default: EventReference | None = PAGEVIEW) -> Selection | None:
        event = self.event(f"{prefix}.event", default)
        where = self.group(f"{prefix}.where")
        return Selection(event, where) if event else None

    def span(self, default: int) -> Span:
        over = bool(self.text("over"))
        if self.text("days") == "custom":
            first, last = self.day("from"), self.day("to")
            made = self.attempt("to", lambda: Span(None, first, last, over=over)) if first and last else None
        elif self.text("days") in set(Period):
            made = Span(None, period=Period(self.text("days")), over=over)
        else:
            days = self.integer("days", default)
            made = self.attempt("days", lambda: Span(days, over=over))
        return made or Span(default)

    def before(self) -> Before | None:
        text = self.text("before")
        try:
            return Before(text) if text else None
        except ValueError:
            self.wrong("before", f"Choose one of: {', '.join(Before)}.")
            return None

    def compared(self) -> tuple[Compared, ...]:
        sides = [None if text == EVERYONE else text for text in self.all("compare")]
        try:
            return tuple(dict.fromkeys(Compared(UUID(text) if text else None) for text in sides))
        except ValueError:
            self.wrong("compare", "There is no such segment.")
            return ()


def need(value: T | None) -> T:
    if value is None:
        raise Unreadable
    return value


def write_group(group: Group, prefix: str = "where") -> Iterator[tuple[str, str]]:
    if group.match is not Match.ALL:
        yield f"{prefix}.match", group.match.value
    for number, inner in enumerate(group.groups):
        yield from write_group(inner, f"{prefix}.group.{number}")
    for number, each in enumerate(group.conditions):
        yield f"{prefix}.{number}.field", str(each.field)
        yield f"{prefix}.{number}.op", each.operator.value
        if each.operator.takes_value:
            yield f"{prefix}.{number}.value", each.value


def write_selection(selection: Selection, prefix: str) -> Iterator[tuple[str, str]]:
    yield f"{prefix}.event", str(selection.event)
    yield from write_group(selection.where, f"{prefix}.where")


def write_span(span: Span) -> Iterator[tuple[str, str]]:
    yield "days", str(span.days or span.period or "custom")
    if span.first and span.last:
        yield "from", str(span.first)
        yield "to", str(span.last)
    if span.over:
        yield "over", "1"


def write_common(query: Query, span: Span) -> Iterator[tuple[str, str]]:
    """The parameters of all questions with a span."""
    yield from write_span(span)
    yield from write_filters(query)


def write_before(before: Before | None) -> Iterator[tuple[str, str]]:
    if before:
        yield "before", before.value


def write_filters(query: Query) -> Iterator[tuple[str, str]]:
    """The parameters of all questions."""
    yield from write_group(query.where)
    yield from (("segment", str(each)) for each in query.segments)


def write_compared(sides: Iterable[Compared]) -> Iterator[tuple[str, str]]:
    return (("compare", str(each)) for each in sides)
