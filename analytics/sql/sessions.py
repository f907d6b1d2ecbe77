# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see statement.py
"""Sessions as SQL, one row each: who, from when to when, how much, and the first and last page.

One scan of the events, and one sort by session. Each event finds the start of its session: the latest event so far that
came after a silence.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from analytics.questions.conditions import Condition, Field, Match, Operator, Source
from analytics.questions.query import Selection
from analytics.questions.sessions import SESSION_GAP
from analytics.sql.rows import Rows, joined
from analytics.sql.segments import in_segments
from analytics.sql.selections import Limits, looked_at, selected, within
from analytics.sql.statement import Statement

MAX_LENGTH = timedelta(hours=24)  # what a session did later is not looked at: some senders never fall silent
PATH = Field(Source.EVENT, "path")
SO_FAR = "over (partition by session_id order by time, id rows between unbounded preceding and current row)"
IN_ALL = "over (partition by session_id, started)"
IS_ENTRY, IS_EXIT = "viewed = 1 and seen = first_seen", "viewed = 1 and seen = last_seen"
OWN = ("session_id", "started", "ended", "events", "pageviews", "entry", "exit", "person")
ORIGIN = ("referrer", "utm_source", "utm_medium", "utm_campaign")  # of the first event
TOTALS = ("sessions", "viewed", "bounces", "lower", "upper")
WAS_VIEWED, WAS_BOUNCE = "pageviews > 0", "events = 1 and pageviews = 1"  # of a session
BOUNCED = "(count(*) = 1 and sum(viewed) = 1)"


@dataclass(frozen=True)
class SessionFilter:
    """Sessions with an event that `fits`. If this is a session, then their first event must fit.

    `entry` and `exit` are patterns of paths; "" is any. None is any length, or bounced or not.
    """

    fits: Selection
    entry: str = ""
    exit: str = ""
    least: timedelta | None = None
    most: timedelta | None = None
    bounced: bool | None = None


def define_sessions(
    statement: Statement,
    start: datetime,
    end: datetime,
    wanted_ones: SessionFilter,
    known_until: datetime | None = None,
) -> str:
    """The common table expression `sessions`: those that begin from `start` to before `end`.

    They are as they were at the moment `known_until`, if there is one.
    Its columns: session_id, started, ended, events, pageviews, entry, exit; first_id and actor_id of the first event.
    """
    bind, later = statement.bind, statement.dialect.later
    begins = f"previous is null or time > {later('previous', bind(SESSION_GAP))}"
    statement.define("found", _found(statement, start, end, wanted_ones.fits, known_until))
    statement.define(
        "numbered",
        f"select *, case when {begins} then 1 else 0 end as begins, "
        f"max(case when {begins} then time end) {SO_FAR} as started, sum(viewed) {SO_FAR} as seen from found",
    )
    statement.define(
        "placed",
        f"select *, min(case when viewed = 1 then seen end) {IN_ALL} as first_seen, "
        f"max(case when viewed = 1 then seen end) {IN_ALL} as last_seen from numbered "
        f"where started >= {bind(start)} and started < {bind(end)} and time <= {later('started', bind(MAX_LENGTH))}",
    )
    return statement.define(
        "sessions",
        "select session_id, started, max(time) as ended, count(*) as events, sum(viewed) as pageviews, "
        "max(case when begins = 1 then id end) as first_id, max(case when begins = 1 then actor_id end) as actor_id, "
        f"max(case when {IS_ENTRY} then path end) as entry, max(case when {IS_EXIT} then path end) as exit "
        f"from placed e group by session_id, started having {' and '.join(_conditions(statement, wanted_ones))}",
    )


def _found(statement: Statement, start: datetime, end: datetime, fits: Selection, known_until: datetime | None) -> str:
    """The events of sessions, from half an hour before `start` to a day after `end`, and which of them fit."""
    rows = Rows(statement)
    fitting = selected(rows, fits)
    where = [
        f"e.environment_id = {statement.environment}",
        "e.session_id is not null",
        *within(statement, Limits(start - SESSION_GAP, min(end + MAX_LENGTH, known_until or end + MAX_LENGTH))),
        *looked_at(statement, "e"),
    ]
    return (
        "select e.session_id as session_id, e.time as time, e.id as id, e.actor_id as actor_id, e.path as path, "
        f"case when e.kind = 'pageview' then 1 else 0 end as viewed, case when {fitting} then 1 else 0 end as fits, "
        f"lag(e.time) over (partition by e.session_id order by e.time, e.id) as previous {rows.from_()} "
        f"where {joined(Match.ALL, where)}"
    )


def _conditions(statement: Statement, wanted_ones: SessionFilter) -> Iterator[str]:
    """What holds of the group of rows of `placed e` that a session is."""
    bind, later = statement.bind, statement.dialect.later
    yield _any("begins = 1 and fits = 1" if wanted_ones.fits.event.is_session else "fits = 1")
    for which, pattern in ((IS_ENTRY, wanted_ones.entry), (IS_EXIT, wanted_ones.exit)):
        if pattern:
            path = Rows(statement, "placed e").condition(Condition(PATH, Operator.MATCHES, pattern))
            yield _any(f"{which} and {path}")
    if wanted_ones.least is not None:
        yield f"max(time) >= {later('started', bind(wanted_ones.least))}"
    if wanted_ones.most is not None:
        yield f"max(time) <= {later('started', bind(wanted_ones.most))}"
    if wanted_ones.bounced is not None:
        yield BOUNCED if wanted_ones.bounced else f"not {BOUNCED}"


def _any(condition: str) -> str:
    return f"max(case when {condition} then 1 else 0 end) = 1"


def page_sql(statement: Statement, segments: tuple[UUID, ...], after: tuple[datetime, int] | None, most: int) -> str:
    """The newest of `sessions`, with their person and the first event's origin: OWN, identity, ORIGIN.

    Without `after` (start and number of the last session before the page), each row begins with the TOTALS: sessions,
    those with a pageview, bounces, and the one or two lengths in the middle. Then there is a row without a session if
    there are none.
    """
    define_kept(statement, segments)
    earlier = "true"
    if after is not None:
        earlier = f"(started, session_id) < ({statement.bind(after[0])}, {statement.bind(after[1])})"
    newest_first = f"order by started desc, session_id desc limit {statement.bind(most)}"
    statement.define("page", f"select * from kept where {earlier} {newest_first}")
    totals, source = "", "page s"
    if after is None:
        _define_totals(statement)
        totals = "".join(f"t.{name} as {name}, " for name in TOTALS)
        source = "totals t left join page s on 1 = 1"
    own = ", ".join(f"s.{name} as {name}" for name in OWN)
    origin = ", ".join(f"f.{name} as {name}" for name in ORIGIN)
    environment = statement.environment
    return statement.text(
        f"select {totals}{own}, p.identity as identity, {origin} from {source} "
        f"left join people p on p.environment_id = {environment} and p.actor_id = s.person "
        f"left join events f on f.environment_id = {environment} and f.time = s.started and f.id = s.first_id "
        "order by s.started desc, s.session_id desc"
    )


def totals_sql(statement: Statement, segments: tuple[UUID, ...]) -> str:
    """One row: the TOTALS of `sessions`."""
    define_kept(statement, segments)
    _define_totals(statement)
    return statement.text(f"select {', '.join(TOTALS)} from totals")


def define_kept(statement: Statement, segments: tuple[UUID, ...]) -> None:
    """Define `kept`: the `sessions` whose `person`, who did their first event, is in the segments."""
    rows = Rows(statement, "sessions e")
    where = in_segments(rows, segments)
    statement.define("kept", f"select e.*, {rows.actor} as person {rows.from_()} where {joined(Match.ALL, where)}")


def _define_totals(statement: Statement) -> None:
    statement.define(
        "ranked",
        "select *, ended - started as length, row_number() over (order by ended - started) as place, "
        "count(*) over () as total from kept",
    )
    middle = "case when place * 2 between total and total + 2 then length end"
    statement.define(
        "totals",
        f"select count(*) as sessions, sum(case when {WAS_VIEWED} then 1 else 0 end) as viewed, "
        f"sum(case when {WAS_BOUNCE} then 1 else 0 end) as bounces, "
        f"min({middle}) as lower, max({middle}) as upper from ranked",
    )
