"""What is asked, and the shape of the answer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from analytics.definitions.glossary import Glossary
from analytics.event_words import person_name
from analytics.questions.before import Before, Earlier, check_before
from analytics.questions.conditions import MAX_VALUE, BadQuery
from analytics.questions.parameters import Reader, need, write_before, write_common
from analytics.questions.query import ANY_EVENT, LAST_7_DAYS, EventReference, Query, Scope, Selection
from analytics.questions.results import Cell, Column, Result, Shown, Table, percent
from analytics.questions.spans import Span
from analytics.questions.words import span_words
from analytics.sql.sessions import MAX_LENGTH, SessionFilter
from analytics.store.live import Position
from common.counted import counted

MAX_MINUTES = MAX_LENGTH // timedelta(minutes=1)
MOMENT = timedelta(microseconds=1)


class Bounced(StrEnum):
    ANY = "any"
    YES = "yes"
    NO = "no"


@dataclass(frozen=True)
class Sessions(Query["SessionsResult"]):
    """Sessions that begin in the span, newest first, with an `event` for which the conditions hold.

    For the event "session" they must hold for the first event. `segments` are of the person of the first event. `entry`
    and `exit` are paths, with * for any characters; `least` and `most` minutes.
    """

    kind: ClassVar[str] = "sessions"

    event: EventReference = ANY_EVENT
    span: Span = LAST_7_DAYS
    entry: str = ""
    exit: str = ""
    least: int | None = None
    most: int | None = None
    bounced: Bounced = Bounced.ANY
    after: Position | None = None  # the start and the number of the last session of the page before
    limit: int = 50
    before: Before | None = None  # the totals are compared

    def __post_init__(self) -> None:
        super().__post_init__()
        self.span.check(None)
        check_before(self.before, self.span)
        for name in ("least", "most"):
            if not 0 <= (getattr(self, name) or 0) <= MAX_MINUTES:
                raise BadQuery(f"A length is 0 to {MAX_MINUTES:,} minutes.", name)
        for name in ("entry", "exit"):
            if len(getattr(self, name)) > MAX_VALUE or "\0" in getattr(self, name):
                raise BadQuery(f"A path has at most {MAX_VALUE:,} characters.", name)

    @property
    def filter(self) -> SessionFilter:
        return SessionFilter(
            Selection(self.event, self.where),
            self.entry,
            self.exit,
            None if self.least is None else timedelta(minutes=self.least),
            None if self.most is None else timedelta(minutes=self.most),
            {Bounced.YES: True, Bounced.NO: False}.get(self.bounced),
        )

    def parameters(self) -> Iterator[tuple[str, str]]:
        yield "event", str(self.event)
        optional = {"entry": self.entry, "exit": self.exit, "least": self.least, "most": self.most}
        yield from ((name, str(value)) for name, value in optional.items() if value not in ("", None))
        if self.bounced is not Bounced.ANY:
            yield "bounced", self.bounced.value
        yield from write_common(self, self.span)
        yield from write_before(self.before)
        if self.after:
            yield "after", str(self.after)

    def events(self) -> Iterable[EventReference]:
        return [] if self.event == ANY_EVENT else [self.event]

    def named_segments(self) -> Iterable[UUID]:
        return self.segments

    def range_words(self) -> str:
        return span_words(self.span, self.before)


def read(reader: Reader, scope: Scope) -> Sessions:
    return Sessions(
        scope,
        event=need(reader.event("event", ANY_EVENT)),
        span=reader.span(7),
        entry=reader.text("entry").strip(),
        exit=reader.text("exit").strip(),
        least=reader.integer("least", 0) if reader.text("least") else None,
        most=reader.integer("most", 0) if reader.text("most") else None,
        bounced=reader.choice("bounced", Bounced, Bounced.ANY),
        where=reader.group(),
        segments=reader.lineages("segment"),
        after=_position(reader),
        before=reader.before(),
    )


def _position(reader: Reader) -> Position | None:
    text = reader.text("after")
    found = Position.parse(text)
    if text and (found is None or not 2000 <= found.time.year < 2200):
        reader.wrong("after", "There is no such page.")
        return None
    return found


def words(asked: Sessions, glossary: Glossary) -> str:
    """ "Sessions", "Sessions with Signed up"."""
    is_any = asked.event.is_session or asked.event == ANY_EVENT
    return "Sessions" if is_any else f"Sessions with {glossary.event_label(asked.event)}"


def details(asked: Sessions, glossary: Glossary) -> Iterator[str]:
    if asked.event.is_session and asked.where:
        yield "Conditions hold for the first event"
    for label, path in (("Entry page", asked.entry), ("Exit page", asked.exit)):
        if path:
            yield f"{label}: {path}"
    for label, minutes in (("At least", asked.least), ("At most", asked.most)):
        if minutes is not None:
            yield f"{label} {counted(minutes, 'minute')} long"
    if asked.bounced is not Bounced.ANY:
        yield {Bounced.YES: "Only bounces", Bounced.NO: "Without bounces"}[asked.bounced]


def clauses(asked: Sessions, glossary: Glossary) -> Iterable[str]:
    return [words(asked, glossary), *details(asked, glossary)]


# --- The answer ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SessionRow:
    """One session. `actor_id` is who did its first event, as we know today; `entry` and `exit` are paths."""

    session_id: int
    started_at: datetime
    ended_at: datetime
    events: int
    pageviews: int
    entry: str | None
    exit: str | None
    actor_id: int
    identity: str | None
    origin: tuple[str | None, ...]  # as ORIGIN

    @property
    def person(self) -> str:
        return person_name(self.actor_id, self.identity)

    @property
    def length(self) -> timedelta:
        return self.ended_at - self.started_at

    @property
    def is_bounce(self) -> bool:
        return self.events == self.pageviews == 1

    @property
    def came_from(self) -> str:
        """The campaign if there is one, else the page that led here."""
        referrer, *campaign = self.origin
        return " / ".join(filter(None, campaign)) or referrer or ""

    @property
    def position(self) -> Position:
        return Position(self.started_at, self.session_id)

    @property
    def timeline_before(self) -> Position:
        """Where the person's timeline begins so that this session's last event is its first."""
        return Position(self.ended_at + MOMENT, 0)


@dataclass(frozen=True)
class Totals:
    """Of all sessions that are asked for. The median is None without any; the bounce rate is a percentage of those
    with a pageview."""

    sessions: int
    median: timedelta | None
    viewed: int
    bounces: int

    @property
    def bounce_rate(self) -> float | None:
        return percent(self.bounces, self.viewed)


@dataclass(frozen=True)
class SessionsResult(Result):
    """One page of sessions, whether there are more, and, with the first page, the totals.

    `totals_before` are those of the same part of the `earlier` range, if they are compared with one.
    """

    query: Sessions
    sessions: tuple[SessionRow, ...]
    has_more: bool
    totals: Totals | None
    totals_before: Totals | None = None
    earlier: Earlier | None = None

    def table(self) -> Table:
        texts = ("Entry page", "Exit page", "Bounce", "Referrer", "UTM source", "UTM medium", "UTM campaign")
        columns = (
            Column("Started", Shown.TIME),
            Column("Person", Shown.TEXT),
            Column("Length in seconds"),
            Column("Events"),
            Column("Pageviews"),
            *(Column(name, Shown.TEXT) for name in texts),
        )
        return Table(columns, tuple(self._cells(each) for each in self.sessions))

    def _cells(self, each: SessionRow) -> tuple[Cell, ...]:
        started = each.started_at.astimezone(self.query.scope.zone).isoformat(sep=" ", timespec="seconds")
        bounce = "yes" if each.is_bounce else "no"
        length = round(each.length.total_seconds(), 3)
        numbers = (length, each.events, each.pageviews)
        return (started, each.person, *numbers, each.entry, each.exit, bounce, *each.origin)

    def following(self, limit: int | None = None) -> Sessions | None:
        """The question for the next page, of `limit` sessions if given; None on the last page."""
        if not self.has_more:
            return None
        return replace(self.query, after=self.sessions[-1].position, limit=limit or self.query.limit)
