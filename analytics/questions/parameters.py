"""Queries as URL parameters, both ways. A report is kept in the same form, so a link and a report are one thing.

    graph       event, counts, unit, by, chart
    funnel      step.N.event, step.N.where.…, within, within_unit
    retention   start.event, start.where.…, return.event, return.where.…, unit
    users       search, after
    all         where.match, where.N.field, where.N.op, where.N.value; segment (repeated)
    but users   days (7, 30, … or "custom" with from, to as YYYY-MM-DD)
    graph, funnel  compare (repeated: a segment's lineage or "everyone")

N is any number; order counts, gaps do not. A condition without a field and a step without an event are skipped, so
that a form may hold empty rows.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from django.http import QueryDict

from analytics.questions.conditions import BadQuery, Condition, Field, Group, Match, Operator
from analytics.questions.query import (
    PAGEVIEW,
    Chart,
    Compared,
    Counts,
    Cursor,
    EventReference,
    Funnel,
    Graph,
    Query,
    Retention,
    Scope,
    Selection,
    Users,
)
from analytics.questions.spans import Span, Unit

Pairs = list[tuple[str, str]]
WINDOW_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
EVERYONE = "everyone"
E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


@dataclass(frozen=True)
class Parsed:
    """The query, or None and what is wrong: {parameter name: words}. "" is the question as a whole."""

    query: Query | None
    errors: dict[str, str] = field(default_factory=dict)


def parse(kind: str, parameters: QueryDict | Mapping[str, list[str]], scope: Scope) -> Parsed:
    """Read the query of this kind ("graph", "funnel", "retention", "users"). Missing parameters take their defaults."""
    reader = Reader(parameters)
    try:
        query = READERS[kind](reader, scope)
    except BadQuery as error:
        return Parsed(None, reader.errors | {error.at: error.message})
    except Unreadable:
        query = None
    return Parsed(None if reader.errors else query, reader.errors)


def encode(query: Query) -> Pairs:
    """The parameters that `parse` reads back as an equal query, defaults included, in a fixed order."""
    return list(WRITERS[query.kind](query))


def as_lists(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Pairs as `parse` reads them."""
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return lists


class Unreadable(Exception):
    """Something that cannot be left out was wrong; the reader's errors say what."""


class Reader:
    """Reads single parameters; what is wrong is noted in `errors` under the parameter's name, in words."""

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
        """What `make` returns; None when it raises BadQuery, whose words are kept under `name`."""
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
        """The prefixes "<prefix>.N" that occur, by N."""
        pattern = re.compile(re.escape(prefix) + r"\.(\d{1,4})\.", re.ASCII)
        numbers = {int(found[1]) for name in self.values if (found := pattern.match(name))}
        return [f"{prefix}.{number}" for number in sorted(numbers)]

    def event(self, name: str, default: EventReference | None = PAGEVIEW) -> EventReference | None:
        text = self.text(name)
        return self.attempt(name, lambda: EventReference.parse(text)) if text else default

    def condition(self, prefix: str) -> Condition | None:
        text = self.text(f"{prefix}.field")
        chosen = self.attempt(f"{prefix}.field", lambda: Field.parse(text)) if text else None
        operator = self.choice(f"{prefix}.op", Operator, Operator.IS)
        value = self.text(f"{prefix}.value")
        return self.attempt(f"{prefix}.value", lambda: Condition(chosen, operator, value)) if chosen else None

    def group(self, prefix: str = "where") -> Group:
        conditions = tuple(each for name in self.numbered(prefix) if (each := self.condition(name)))
        match = self.choice(f"{prefix}.match", Match, Match.ALL)
        return self.attempt(prefix, lambda: Group(conditions, match)) or Group()

    def selection(self, prefix: str, default: EventReference | None = PAGEVIEW) -> Selection | None:
        event = self.event(f"{prefix}.event", default)
        where = self.group(f"{prefix}.where")
        return Selection(event, where) if event else None

    def span(self, default: int) -> Span:
        if self.text("days") == "custom":
            first, last = self.day("from"), self.day("to")
            made = self.attempt("to", lambda: Span(None, first, last)) if first and last else None
        else:
            days = self.integer("days", default)
            made = self.attempt("days", lambda: Span(days))
        return made or Span(default)

    def compared(self) -> tuple[Compared, ...]:
        sides = [None if text == EVERYONE else text for text in self.all("compare")]
        try:
            return tuple(dict.fromkeys(Compared(UUID(text) if text else None) for text in sides))
        except ValueError:
            self.wrong("compare", "There is no such segment.")
            return ()

    def cursor(self) -> Cursor | None:
        text = self.text("after")
        found = re.fullmatch(r"(-?\d{1,16})_(-?\d{1,19})", text, re.ASCII)
        if text and not found:
            self.wrong("after", "There is no such page.")
        return Cursor(int(found[1]), int(found[2])) if found else None


def need(value: T | None) -> T:
    if value is None:
        raise Unreadable
    return value


def _graph(reader: Reader, scope: Scope) -> Query:
    by = reader.text("by")
    return Graph(
        scope,
        event=reader.event("event") or PAGEVIEW,
        counts=reader.choice("counts", Counts, Counts.EVENTS),
        span=reader.span(30),
        unit=reader.choice("unit", Unit, Unit.DAY),
        where=reader.group(),
        by=reader.attempt("by", lambda: Field.parse(by)) if by else None,
        segments=reader.lineages("segment"),
        compare=reader.compared(),
        chart=reader.choice("chart", Chart, Chart.LINE),
    )


def _funnel(reader: Reader, scope: Scope) -> Query:
    steps = [reader.selection(prefix, None) for prefix in reader.numbered("step")]
    amount = reader.integer("within", 7)
    unit = reader.text("within_unit", "day")
    if unit not in WINDOW_UNITS:
        reader.wrong("within_unit", "Choose minutes, hours or days.")
    if amount > 1_000_000:
        reader.wrong("within", "The conversion window is 1 minute to 366 days.")
        amount = 7
    return Funnel(
        scope,
        steps=tuple(step for step in steps if step),
        within=amount * WINDOW_UNITS.get(unit, timedelta(days=1)),
        span=reader.span(30),
        where=reader.group(),
        segments=reader.lineages("segment"),
        compare=reader.compared(),
    )


def _retention(reader: Reader, scope: Scope) -> Query:
    return Retention(
        scope,
        start=need(reader.selection("start")),
        returning=need(reader.selection("return")),
        unit=reader.choice("unit", Unit, Unit.WEEK),
        span=reader.span(90),
        where=reader.group(),
        segments=reader.lineages("segment"),
    )


def _users(reader: Reader, scope: Scope) -> Query:
    return Users(
        scope,
        where=reader.group(),
        segments=reader.lineages("segment"),
        search=reader.text("search")[:255].replace("\0", ""),
        after=reader.cursor(),
    )


READERS: dict[str, Callable[[Reader, Scope], Query]] = {
    "graph": _graph,
    "funnel": _funnel,
    "retention": _retention,
    "users": _users,
}


def write_group(group: Group, prefix: str = "where") -> Iterator[tuple[str, str]]:
    if group.match is not Match.ALL:
        yield f"{prefix}.match", group.match.value
    for number, each in enumerate(group.conditions):
        yield f"{prefix}.{number}.field", str(each.field)
        yield f"{prefix}.{number}.op", each.operator.value
        if each.operator.takes_value:
            yield f"{prefix}.{number}.value", each.value


def write_selection(selection: Selection, prefix: str) -> Iterator[tuple[str, str]]:
    yield f"{prefix}.event", str(selection.event)
    yield from write_group(selection.where, f"{prefix}.where")


def write_span(span: Span) -> Iterator[tuple[str, str]]:
    if span.days is not None:
        yield "days", str(span.days)
        return
    yield "days", "custom"
    yield "from", str(span.first)
    yield "to", str(span.last)


def _write_common(query: Graph | Funnel | Retention) -> Iterator[tuple[str, str]]:
    yield from write_span(query.span)
    yield from write_group(query.where)
    yield from (("segment", str(each)) for each in query.segments)


def _write_graph(query: Graph) -> Iterator[tuple[str, str]]:
    yield "event", str(query.event)
    yield "counts", query.counts.value
    yield "unit", query.unit.value
    if query.by:
        yield "by", str(query.by)
    yield from _write_common(query)
    yield from (("compare", str(each)) for each in query.compare)
    yield "chart", query.chart.value


def _write_funnel(query: Funnel) -> Iterator[tuple[str, str]]:
    for number, step in enumerate(query.steps):
        yield from write_selection(step, f"step.{number}")
    unit = next(name for name in ("day", "hour", "minute") if not query.within % WINDOW_UNITS[name])
    yield "within", str(query.within // WINDOW_UNITS[unit])
    yield "within_unit", unit
    yield from _write_common(query)
    yield from (("compare", str(each)) for each in query.compare)


def _write_retention(query: Retention) -> Iterator[tuple[str, str]]:
    yield from write_selection(query.start, "start")
    yield from write_selection(query.returning, "return")
    yield "unit", query.unit.value
    yield from _write_common(query)


def _write_users(query: Users) -> Iterator[tuple[str, str]]:
    yield from write_group(query.where)
    yield from (("segment", str(each)) for each in query.segments)
    if query.search:
        yield "search", query.search
    if query.after:
        yield "after", str(query.after)


WRITERS: dict[str, Callable[..., Iterator[tuple[str, str]]]] = {
    "graph": _write_graph,
    "funnel": _write_funnel,
    "retention": _write_retention,
    "users": _write_users,
}
