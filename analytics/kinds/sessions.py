"""Sessions: visits by their start, newest first, page by page, with their median length and bounce rate."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from analytics.charts.scales import full, percent_text
from analytics.definitions.glossary import Glossary
from analytics.event_words import person_name
from analytics.forms.choices import Choices
from analytics.forms.controls import Control, Select, plain
from analytics.forms.questions import QuestionForm, control, menus, select, span_controls, stray
from analytics.forms.rows import group_rows
from analytics.kinds.behind import Behind
from analytics.kinds.change import Change, change
from analytics.kinds.kind import AnswerView, KeyFigure, QueryKind, RunQuery
from analytics.kinds.sessions_behind import ALL_SESSIONS, BOUNCE_RATE, SessionsCounted, behind_sessions
from analytics.questions.before import Before, Earlier, check_before
from analytics.questions.behind import NumberPlace
from analytics.questions.conditions import MAX_VALUE, BadQuery
from analytics.questions.parameters import Reader, need, write_before, write_common
from analytics.questions.query import ANY_EVENT, LAST_7_DAYS, EventReference, Query, Scope, Selection
from analytics.questions.results import Cell, Column, Ran, Result, Shown, Table, percent
from analytics.questions.sessions import SESSION_RULE
from analytics.questions.spans import Span
from analytics.questions.words import earlier_words, length_words, span_words
from analytics.sql.context import QueryContext
from analytics.sql.sessions import MAX_LENGTH, ORIGIN, TOTALS, SessionFilter, define_sessions, page_sql, totals_sql
from analytics.store.live import Position
from common import web_addresses
from common.counted import counted, noun

MAX_MINUTES = MAX_LENGTH // timedelta(minutes=1)
SESSIONS_AT_ONCE = 10_000  # per query of a file
MAX_IN_FILE = 100_000
MOMENT = timedelta(microseconds=1)


class Bounced(StrEnum):
    ANY = "any"
    YES = "yes"
    NO = "no"


BOUNCED = plain([(Bounced.ANY.value, "all"), (Bounced.YES.value, "bounces"), (Bounced.NO.value, "no bounces")])


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


def behind(asked: Sessions, place: NumberPlace, context: QueryContext) -> Behind:
    buckets = context.placed(asked.span, None).buckets
    counted_ones = SessionsCounted(asked.filter, asked.segments, buckets[0].start, buckets[-1].end)
    named = ", ".join([*clauses(asked, context.glossary), asked.range_words()])
    return behind_sessions(counted_ones, place, named)


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


def answer(asked: Sessions, context: QueryContext) -> SessionsResult:
    placed = context.placed(asked.span, None)
    start, end = placed.buckets[0].start, placed.buckets[-1].end
    until = end if asked.after is None else min(end, asked.after.time + MOMENT)  # what is newer is not looked at again
    statement = context.statement()
    define_sessions(statement, start, until, asked.filter)
    after = (asked.after.time, asked.after.id) if asked.after else None
    rows = context.rows(statement, page_sql(statement, asked.segments, after, asked.limit + 1))
    totals = None
    if asked.after is None:
        totals, rows = _totals(*rows[0][: len(TOTALS)]), [row[len(TOTALS) :] for row in rows]
    found = [row for row in rows if row[0] is not None]
    sessions = tuple(_row(*row) for row in found[: asked.limit])
    ran = Ran(context.now, start, end, note=placed.note)
    result = SessionsResult(asked, ran, sessions, len(found) > asked.limit, totals)
    if asked.before is None or totals is None:
        return result
    earlier = context.earlier(asked.before, asked.span, placed, None)
    ran = replace(ran, note=" ".join(filter(None, [placed.note, earlier.note])))
    return replace(result, ran=ran, totals_before=_totals_before(asked, earlier, context), earlier=earlier)


def _totals_before(asked: Sessions, earlier: Earlier, context: QueryContext) -> Totals:
    """Of the sessions that began in the same part, as they were at its end."""
    if not earlier.part:
        return _totals(0, None, None, None, None)
    statement = context.statement()
    start, end = earlier.buckets[0].start, earlier.until
    define_sessions(statement, start, end, asked.filter, earlier.known_until)
    return _totals(*context.rows(statement, totals_sql(statement, asked.segments))[0])


def _totals(
    sessions: int, viewed: int | None, bounces: int | None, lower: timedelta | None, upper: timedelta | None
) -> Totals:
    median = None if lower is None or upper is None else (lower + upper) / 2
    return Totals(sessions, median, int(viewed or 0), int(bounces or 0))


def _row(
    session_id: int,
    started: datetime,
    ended: datetime,
    events: int,
    pageviews: int,
    entry: str | None,
    exit_: str | None,
    *who_and_whence: Any,
) -> SessionRow:
    actor_id, identity, *origin = who_and_whence
    entry, exit_ = (path and web_addresses.read("path", path) for path in (entry, exit_))
    came_from = tuple(text and web_addresses.read(name, text) for name, text in zip(ORIGIN, origin, strict=True))
    return SessionRow(session_id, started, ended, events, int(pageviews), entry, exit_, actor_id, identity, came_from)


# --- The page --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SessionsForm(QuestionForm):
    event: Select
    entry: Control
    exit: Control
    least: Control
    most: Control
    bounced: Select


def form(raw: Reader, choices: Choices) -> SessionsForm:
    return SessionsForm(
        event=select(raw, "event", "With the event", choices.events, str(ANY_EVENT)),
        span=span_controls(raw, 7, compares=True),
        entry=replace(control(raw, "entry", "Entry page"), placeholder="/pricing*"),
        exit=replace(control(raw, "exit", "Exit page"), placeholder="/checkout*"),
        least=control(raw, "least", "At least, minutes", type_="number"),
        most=control(raw, "most", "At most, minutes", type_="number"),
        bounced=select(raw, "bounced", "Bounces", BOUNCED),
        where=group_rows(raw, "where", choices.all_fields),
        menus=menus(raw, choices, compare=False),
        errors=stray(raw, "segment", "after"),
    )


@dataclass(frozen=True)
class SessionsView(AnswerView):
    result: SessionsResult
    older: Sessions | None  # the next page
    rule: str
    most_in_file: int | None  # if a file does not hold them all
    bounce_place: str  # where the bounce rate stands, if there is one
    median_change: Change | None
    bounce_change: Change | None


def show(result: SessionsResult, title: str) -> SessionsView:
    totals = result.totals
    of_all, of_median, of_bounces = _changes(result)
    return SessionsView(
        result,
        headline=KeyFigure(full(totals.sessions), noun(totals.sessions, "session"), ALL_SESSIONS, of_all)
        if totals
        else None,
        is_empty=not result.sessions,
        older=result.following(),
        rule=SESSION_RULE,
        most_in_file=MAX_IN_FILE if totals and totals.sessions > MAX_IN_FILE else None,
        bounce_place=BOUNCE_RATE if totals and totals.viewed else "",
        median_change=of_median,
        bounce_change=of_bounces,
    )


def _seconds_words(seconds: float | None) -> str:
    return "–" if seconds is None else length_words(timedelta(seconds=seconds))


def _changes(result: SessionsResult) -> tuple[Change | None, Change | None, Change | None]:
    """Of the number of sessions, their median length and the bounce rate."""
    now, before = result.totals, result.totals_before
    if not (now and before and result.earlier):
        return None, None, None
    when = earlier_words(result.earlier, result.query.scope.zone)
    median, median_before = (None if each.median is None else each.median.total_seconds() for each in (now, before))
    return (
        change(now.sessions, before.sessions, when),
        change(median, median_before, when, shown=_seconds_words),
        change(now.bounce_rate, before.bounce_rate, when, in_points=True, shown=percent_text),
    )


def further(result: SessionsResult, run: RunQuery) -> Iterator[Table]:
    """All later pages as of the same moment, up to MAX_IN_FILE sessions."""
    left = MAX_IN_FILE - len(result.sessions)
    following = result.following(min(SESSIONS_AT_ONCE, left))
    while following is not None and left > 0:
        part = run(following, now=result.ran.as_of)
        left -= len(part.sessions)
        yield part.table()
        following = part.following(min(SESSIONS_AT_ONCE, max(left, 1)))


SESSIONS = QueryKind(
    query=Sessions,
    label="Sessions",
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
