"""What stands behind a number of an answer: the interface that kinds fill, and the list that is shown.

A kind writes a place for each of its numbers (questions/results.Table, charts/plots.Line), and has one function
`behind(query, place, context)`: it says what is listed there, and defines it as SQL from the pieces of the count.
The question has absolute dates (`with_dates`), and the context hides what arrived after the answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from analytics.event_words import person_name
from analytics.questions.behind import ALL, MICROSECOND, REST, BehindCursor, BehindList, Looking, NoPlace, NumberPlace
from analytics.questions.conditions import Field
from analytics.questions.group_labels import group_label
from analytics.questions.query import Query
from analytics.questions.results import Cell, Column, Ran, Result, Shown, Table
from analytics.questions.spans import Span
from analytics.sql.behind import COLUMNS, ORDER, page_sql
from analytics.sql.context import QueryContext
from analytics.sql.statement import Statement
from analytics.store.current import event_store
from analytics.store.live import LiveEvent, Position

EVENTS_AT_ONCE = 1_000  # of which each is read within the seconds that the live view has


@dataclass(frozen=True)
class NumberPart:
    """A number of the same answer: its words and its place."""

    words: str
    at: str


@dataclass(frozen=True)
class Behind:
    """What stands behind one number. `words` name it: "Unique users of Signed up, 12 Nov 2026".

    `lists` are what it can be listed as, what is counted first. `define(statement, listed)` defines the common table
    expression `behind` of sql/behind.py. A number that is made of others, such as a percentage, has `parts` instead.
    """

    words: str
    lists: tuple[BehindList, ...] = ()
    define: Callable[[Statement, BehindList], None] | None = None
    parts: tuple[NumberPart, ...] = ()
    is_count: bool = True  # the number is how many there are in the first list
    note: str = ""  # a sentence about what is listed


Find = Callable[[Any, NumberPlace, QueryContext], Behind]  # (the question, …); raises NoPlace


def group_named(by: Sequence[Field], group: str, values: Callable[[], Sequence[str | None] | None]) -> str:
    """ "plan pro · Country DE"; nothing of all groups. `values` asks for those of a group; None if nobody has them."""
    if group in (ALL, REST):
        return "everything else" if group == REST else ""
    found = values()
    if found is None:
        return "a group that has no events any more"
    return " · ".join(f"{each.label} {group_label(each, value)}" for each, value in zip(by, found, strict=True))


def with_dates(result: Result) -> Query:
    """The question of this answer with the dates that it had, so that it means the same on another day.

    Of a list, the first page is asked; with nothing before it is compared.
    """
    dated: Any = result.query
    query: Query = replace(dated, **{name: None for name in ("after", "before") if getattr(dated, name, None)})
    span = getattr(query, "span", None)
    if span is None:
        return query
    zone, days, dated = query.scope.zone, result.ran.days, query
    if days is None:
        first, last = (each.astimezone(zone).date() for each in (result.ran.start, result.ran.end - MICROSECOND))
    else:
        first, last = days.local_days(result.ran.as_of, zone)
    return replace(dated, span=Span(None, first, last, over=span.over and span.days is None))


@dataclass(frozen=True)
class PersonBehind:
    """A person, and how many of their events stand behind the number (0 where it is not about events)."""

    actor_id: int
    events: int
    identity: str | None
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    is_robot: bool

    @property
    def name(self) -> str:
        return person_name(self.actor_id, self.identity)


@dataclass(frozen=True)
class SessionBehind:
    """A session, when its first event behind the number was, and how many of them there are."""

    session_id: int
    started_at: datetime
    events: int
    person: PersonBehind


Row = PersonBehind | SessionBehind | Position | LiveEvent


@dataclass(frozen=True)
class BehindResult(Result):
    """One page of what stands behind a number, and how many there are in all. `query` is the question.

    Of events, `rows` are their places until `with_events`.
    """

    looking: Looking
    found: Behind
    listed: BehindList
    total: int
    rows: tuple[Row, ...]
    next: BehindCursor | None

    @property
    def has_changed(self) -> bool:
        """Whether there are more or fewer now than the answer said: people were merged or deleted meanwhile."""
        said = self.looking.number.replace(",", "")
        counted = self.found.is_count and self.listed is self.found.lists[0]
        return counted and said.isdecimal() and said.isascii() and int(said) != self.total

    def following(self, limit: int | None = None) -> Looking | None:
        """The next page, of `limit` rows if given; None on the last page."""
        if self.next is None:
            return None
        return replace(self.looking, listed=self.listed, after=self.next, limit=limit or self.looking.limit)

    def table(self) -> Table:
        times = ("First seen", "Last seen")
        names = {
            BehindList.PEOPLE: ["Person", "Visitor", *times, "Events"],
            BehindList.SESSIONS: ["Session", "First event", "Person", "Events"],
            BehindList.EVENTS: ["Time", "Event", "Name", "Person", "Page", "Session"],
        }[self.listed]
        kinds = {"Events": Shown.NUMBER, **dict.fromkeys(("Time", "First event", *times), Shown.TIME)}
        columns = tuple(Column(name, kinds.get(name, Shown.TEXT)) for name in names)
        return Table(columns, tuple(self._cells(each) for each in self.rows))

    def _cells(self, row: Row) -> tuple[Cell, ...]:
        if isinstance(row, PersonBehind):
            visitor = str(row.actor_id) if row.actor_id >= 0 else None
            return (row.identity, visitor, self._time(row.first_seen_at), self._time(row.last_seen_at), row.events)
        if isinstance(row, SessionBehind):
            return (str(row.session_id), self._time(row.started_at), row.person.name, row.events)
        assert isinstance(row, LiveEvent)
        page = row.fields.get("domain", "") + row.fields.get("path", "")
        session = None if row.session_id is None else str(row.session_id)
        return (self._time(row.time), row.kind, str(row.headline), row.person, page, session)

    def _time(self, at: datetime | None) -> str | None:
        return at.astimezone(self.query.scope.zone).isoformat(sep=" ", timespec="seconds") if at else None


def look_behind(
    query: Query, looking: Looking, find: Find, context: QueryContext, found: Behind | None = None
) -> BehindResult:
    """One page, as of the moment of the answer: events that arrived later are hidden. Raises NoPlace.

    `found` is what an earlier page has found, because naming a group may take as long as the list.
    """
    context = replace(context, received_until=looking.as_of)
    found = found or find(query, looking.place, context)
    ran = Ran(looking.as_of, looking.as_of, looking.as_of)
    if found.define is None:
        return BehindResult(query, ran, looking, found, BehindList.PEOPLE, 0, (), None)
    listed = looking.listed or found.lists[0]
    if listed not in found.lists:
        raise NoPlace
    statement = context.statement()
    found.define(statement, listed)
    rows = context.rows(statement, page_sql(statement, listed, looking.after, looking.limit + 1))
    shown = [row[1:] for row in rows if row[1] is not None]
    following = _cursor(listed, shown[looking.limit - 1]) if len(shown) > looking.limit else None
    listing = _rows(listed, shown[: looking.limit])
    return BehindResult(query, ran, looking, found, listed, rows[0][0], listing, following)


def with_events(result: BehindResult) -> BehindResult:
    """The events themselves in place of their places. Those that are deleted meanwhile are left out."""
    places = [row for row in result.rows if isinstance(row, Position)]
    if not places:
        return result
    store, environment_id = event_store(), result.query.scope.environment_id
    parts = (
        store.events_at(environment_id, places[start : start + EVENTS_AT_ONCE])
        for start in range(0, len(places), EVENTS_AT_ONCE)
    )
    return replace(result, rows=tuple(event for part in parts for event in part))


def _cursor(listed: BehindList, row: Sequence[Any]) -> BehindCursor:
    first, second = (row[COLUMNS[listed].index(name)] for name in ORDER[listed])
    return BehindCursor.of(first, second)


def _rows(listed: BehindList, rows: list[tuple[Any, ...]]) -> tuple[Row, ...]:
    if listed is BehindList.EVENTS:
        return tuple(Position(*row) for row in rows)
    if listed is BehindList.SESSIONS:
        return tuple(SessionBehind(row[0], row[1], row[3], _person(row[2], *row[3:])) for row in rows)
    return tuple(_person(*row) for row in rows)


def _person(
    actor: int, events: int, identity: str | None, first: datetime | None, last: datetime | None, robot: bool | None
) -> PersonBehind:
    return PersonBehind(actor, int(events), identity, first, last, bool(robot))


def parameters(query: Query, looking: Looking) -> list[tuple[str, str]]:
    """The whole link: which kind, its question, and what is looked for."""
    return [("kind", query.kind), *query.parameters(), *looking.parameters()]
