# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see sql/statement.py
"""What stands behind a number of sessions. Its place is "sessions", all of them; "viewed", those with a pageview;
"bounces"; or "bounce_rate", which is bounces among those with a pageview."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from analytics.kinds.behind import Behind, NumberPart
from analytics.kinds.sessions.question import Sessions, clauses
from analytics.questions.behind import BehindList, NoPlace, NumberPlace
from analytics.sql.behind import BEHIND, define_behind
from analytics.sql.context import QueryContext
from analytics.sql.rows import Rows
from analytics.sql.sessions import WAS_BOUNCE, WAS_VIEWED, SessionFilter, define_kept, define_sessions
from analytics.sql.statement import Statement

ALL_SESSIONS, VIEWED, BOUNCES, BOUNCE_RATE = "sessions", "viewed", "bounces", "bounce_rate"
CHOSEN = {ALL_SESSIONS: "true", VIEWED: WAS_VIEWED, BOUNCES: WAS_BOUNCE}
WORDS = {ALL_SESSIONS: "", VIEWED: "those with a pageview", BOUNCES: "bounces", BOUNCE_RATE: "bounce rate"}
LISTS = (BehindList.SESSIONS, BehindList.PEOPLE, BehindList.EVENTS)


@dataclass(frozen=True)
class SessionsNumber:
    """The sessions of one number: they pass the filter, begin from `start` to before `end`, and are `which`."""

    filter: SessionFilter
    segments: tuple[UUID, ...]
    start: datetime
    end: datetime
    which: str

    def define(self, statement: Statement, listed: BehindList) -> None:
        """Their people are all who have an event in them, as in their list of events."""
        define_sessions(statement, self.start, self.end, self.filter)
        define_kept(statement, self.segments)
        statement.define("chosen", f"select session_id, started, person, events from kept where {CHOSEN[self.which]}")
        if listed is BehindList.SESSIONS:
            statement.define(BEHIND, "select session_id, started, person as actor, events from chosen")
            return
        rows = Rows(statement, "placed e")
        rows.join("c", "join chosen c on c.session_id = e.session_id and c.started = e.started")
        define_behind(statement, rows, [], listed)


def behind(asked: Sessions, place: NumberPlace, context: QueryContext) -> Behind:
    which = place.text
    if which not in WORDS:
        raise NoPlace
    question = ", ".join([*clauses(asked, context.glossary), asked.range_words()])
    words = ": ".join(filter(None, [question, WORDS[which]]))
    if which == BOUNCE_RATE:
        return Behind(words, parts=tuple(NumberPart(WORDS[each], each) for each in (BOUNCES, VIEWED)))
    buckets = context.placed(asked.span, None).buckets
    chosen = SessionsNumber(asked.filter, asked.segments, buckets[0].start, buckets[-1].end, which)
    return Behind(words, LISTS, chosen.define, note="People are those with an event in these sessions.")
