"""From the database to the answer."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from analytics.kinds.sessions.question import MOMENT, SessionRow, Sessions, SessionsResult, Totals
from analytics.questions.before import Earlier
from analytics.questions.results import Ran
from analytics.sql.context import QueryContext
from analytics.sql.sessions import ORIGIN, TOTALS, define_sessions, page_sql, totals_sql
from common import web_addresses


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
