"""Users: people by last activity, page by page."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from analytics.definitions.glossary import Glossary
from analytics.event_words import person_name
from analytics.forms.choices import Choices
from analytics.forms.controls import Control
from analytics.forms.questions import QuestionForm, menus, stray
from analytics.forms.rows import group_rows
from analytics.kinds.behind import Behind
from analytics.kinds.kind import AnswerView, KeyFigure, QueryKind, RunQuery
from analytics.questions.behind import BehindList, NoPlace, NumberPlace
from analytics.questions.conditions import BadQuery, Match
from analytics.questions.parameters import Reader, write_filters
from analytics.questions.query import EventReference, Query, Scope
from analytics.questions.results import Cell, Column, Ran, Result, Shown, Table, as_text
from analytics.sql.behind import BEHIND
from analytics.sql.context import QueryContext
from analytics.sql.people import people_count_sql, people_rows
from analytics.sql.rows import joined
from analytics.sql.statement import Statement
from common.charts.scales import full
from common.counted import noun

MAX_PROPERTY_COLUMNS = 12
PEOPLE_AT_ONCE = 1000  # per query of a CSV
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Cursor:
    """The row after which the next page of people begins. Its text form is "<last_seen microseconds>_<actor>".

    Of people without events it is "0_<actor>"."""

    last_seen_microseconds: int
    actor_id: int

    def __str__(self) -> str:
        return f"{self.last_seen_microseconds}_{self.actor_id}"


@dataclass(frozen=True)
class Users(Query["UsersResult"]):
    """People by last activity, newest first; those without events at the end.

    `where` may use `user:` and `person:` fields only.
    """

    kind: ClassVar[str] = "users"

    search: str = ""  # part of an identity
    after: Cursor | None = None
    limit: int = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        if not all(each.field.is_of_people for each in self.where.every()):
            raise BadQuery("People can be filtered by what is known of them, not by events: make a segment.", "where")

    def parameters(self) -> Iterator[tuple[str, str]]:
        yield from write_filters(self)
        if self.search:
            yield "search", self.search
        if self.after:
            yield "after", str(self.after)

    def events(self) -> Iterable[EventReference]:
        return []

    def named_segments(self) -> Iterable[UUID]:
        return self.segments

    def range_words(self) -> str:
        return ""


def read(reader: Reader, scope: Scope) -> Users:
    return Users(
        scope,
        where=reader.group(),
        segments=reader.lineages("segment"),
        search=reader.text("search")[:255].replace("\0", ""),
        after=_cursor(reader),
    )


def _cursor(reader: Reader) -> Cursor | None:
    text = reader.text("after")
    found = re.fullmatch(r"(-?\d{1,16})_(-?\d{1,19})", text, re.ASCII)
    if text and not found:
        reader.wrong("after", "There is no such page.")
    return Cursor(int(found[1]), int(found[2])) if found else None


def words(users: Users, glossary: Glossary) -> str:
    return "People by last activity"


def details(users: Users, glossary: Glossary) -> Iterator[str]:
    if users.search:
        yield f"Whose identity contains {users.search}"


def clauses(users: Users, glossary: Glossary) -> Iterable[str]:
    return [words(users, glossary), *details(users, glossary)]


# --- SQL -------------------------------------------------------------------------------------------------------------


def page_sql(statement: Statement, users: Users) -> str:
    """Rows (actor_id, identity, properties, first_seen_at, last_seen_at, is_robot): a page and one row more."""
    rows, where = people_rows(statement, users.where, users.segments, users.search)
    active = statement.dialect.or_epoch("p.last_seen_at")
    if users.after is not None:
        seen, actor = statement.bind(moment_of(users.after)), statement.bind(users.after.actor_id)
        where.append(f"({active}, p.actor_id) < ({seen}, {actor})")
    return statement.text(
        "select p.actor_id as actor_id, p.identity as identity, p.properties as properties, "
        "p.first_seen_at as first_seen_at, p.last_seen_at as last_seen_at, p.is_robot as is_robot "
        f"{rows.from_()} where {joined(Match.ALL, where)} order by {active} desc, p.actor_id desc "
        f"limit {statement.bind(users.limit + 1)}"
    )


def cursor_after(last_seen_at: datetime | None, actor_id: int) -> Cursor:
    return Cursor(((last_seen_at or EPOCH) - EPOCH) // timedelta(microseconds=1), actor_id)


def moment_of(cursor: Cursor) -> datetime:
    """The moment of a cursor. Raises OverflowError if there is no such moment; `read` refuses such cursors."""
    return EPOCH + timedelta(microseconds=cursor.last_seen_microseconds)


# --- The answer ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PersonRow:
    """An identified person (`actor_id` below 0), or a visitor without identity (0 and above).

    Neither was seen at any time if no event of theirs has come yet.
    """

    actor_id: int
    identity: str | None
    properties: dict[str, Any]
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    is_robot: bool

    @property
    def name(self) -> str:
        """The name that pages show."""
        return person_name(self.actor_id, self.identity)


@dataclass(frozen=True)
class UsersResult(Result):
    """One page of people, how many there are in all, and where the next page begins (None on the last page)."""

    query: Users
    people: tuple[PersonRow, ...]
    total: int
    next: Cursor | None
    property_names: tuple[str, ...]  # of the people shown, most frequent first

    def table(self) -> Table:
        columns = (
            Column("Identity", Shown.TEXT),
            Column("First seen", Shown.TIME),
            Column("Last seen", Shown.TIME),
            *(Column(name, Shown.TEXT) for name in self.property_names),
        )
        return Table(columns, tuple(self._rows()))

    def following(self, limit: int | None = None) -> Users | None:
        """The question for the next page, of `limit` people if given; None on the last page."""
        return replace(self.query, after=self.next, limit=limit or self.query.limit) if self.next else None

    def _rows(self) -> Iterator[tuple[Cell, ...]]:
        zone = self.query.scope.zone
        for each in self.people:
            seen = (
                at.astimezone(zone).isoformat(sep=" ", timespec="seconds") if at else None
                for at in (each.first_seen_at, each.last_seen_at)
            )
            known = (as_text(each.properties.get(name)) for name in self.property_names)
            yield (each.identity or f"Visitor {each.actor_id}", *seen, *known)


def answer(users: Users, context: QueryContext) -> UsersResult:
    page, count = context.statement(), context.statement()
    rows = context.rows(page, page_sql(page, users))
    ((total,),) = context.rows(count, people_count_sql(count, users.where, users.segments, users.search))
    people = tuple(_person(*row) for row in rows[: users.limit])
    has_more = len(rows) > users.limit
    following = cursor_after(people[-1].last_seen_at, people[-1].actor_id) if has_more else None
    ran = Ran(context.now, context.now, context.now)
    return UsersResult(users, ran, people, total, following, _property_names(people))


def _person(
    actor_id: int,
    identity: str | None,
    properties: str,
    first: datetime | None,
    last: datetime | None,
    is_robot: bool | None,
) -> PersonRow:
    """A row of the page. Django's cursor gives `properties`, a jsonb, as text."""
    return PersonRow(actor_id, identity, json.loads(properties), first, last, bool(is_robot))


def _property_names(people: tuple[PersonRow, ...]) -> tuple[str, ...]:
    found = Counter(name for each in people for name in each.properties)
    return tuple(sorted(found, key=lambda name: (-found[name], name))[:MAX_PROPERTY_COLUMNS])


# --- The page --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UsersForm(QuestionForm):
    search: Control


def form(raw: Reader, choices: Choices) -> UsersForm:
    return UsersForm(
        span=None,
        search=Control("search", "Identity contains", raw.text("search"), type="search", placeholder="ada@"),
        where=group_rows(raw, "where", choices.people_fields),
        menus=menus(raw, choices, compare=False),
        errors=stray(raw, "segment", "after"),
    )


@dataclass(frozen=True)
class UsersView(AnswerView):
    result: UsersResult
    older: Users | None  # the next page


def show(result: UsersResult, title: str) -> UsersView:
    return UsersView(
        result,
        headline=KeyFigure(full(result.total), noun(result.total, "person"), EVERYBODY),
        is_empty=not result.people,
        older=result.following(),
    )


def further(result: UsersResult, run: RunQuery) -> Iterator[Table]:
    """All later pages, with the columns of this page and as of the same moment."""
    following = result.following(PEOPLE_AT_ONCE)
    while following is not None:
        part = run(following, now=result.ran.as_of)
        yield replace(part, property_names=result.property_names).table()
        following = part.following(PEOPLE_AT_ONCE)


EVERYBODY = "people.all"


def behind(users: Users, place: NumberPlace, context: QueryContext) -> Behind:
    """The only number is that of all people."""
    if place.text != EVERYBODY:
        raise NoPlace

    def define(statement: Statement, listed: BehindList) -> None:
        rows, where = people_rows(statement, users.where, users.segments, users.search)
        columns = "select p.actor_id as actor, 0 as events"
        statement.define(BEHIND, f"{columns} {rows.from_()} where {joined(Match.ALL, where)}")

    note = "People as they are known now: what is known of them changes without a trace."
    return Behind(", ".join(["People", *details(users, context.glossary)]), (BehindList.PEOPLE,), define, note=note)


USERS = QueryKind(
    query=Users,
    label="Users",
    prompt=None,
    read=read,
    answer=answer,
    further=further,
    words=words,
    details=details,
    clauses=clauses,
    form=form,
    show=show,
    behind=behind,
)
