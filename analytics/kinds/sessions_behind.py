# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see sql/statement.py
"""What stands behind a number of sessions. Its place is "sessions", all of them; "viewed", those with a pageview;
"bounces"; or "bounce_rate", which is bounces among those with a pageview."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from analytics.kinds.behind import Behind, NumberPart
from analytics.questions.behind import BehindList, NoPlace, NumberPlace
from analytics.sql.behind import BEHIND, define_behind
from analytics.sql.rows import Rows
from analytics.sql.sessions import WAS_BOUNCE, WAS_VIEWED, SessionFilter, define_kept, define_sessions
from analytics.sql.statement import Statement

ALL_SESSIONS, VIEWED, BOUNCES, BOUNCE_RATE = "sessions", "viewed", "bounces", "bounce_rate"
CHOSEN = {ALL_SESSIONS: "true", VIEWED: WAS_VIEWED, BOUNCES: WAS_BOUNCE}
WORDS = {ALL_SESSIONS: "", VIEWED: "those with a pageview", BOUNCES: "bounces", BOUNCE_RATE: "bounce rate"}
LISTS = (BehindList.SESSIONS, BehindList.PEOPLE, BehindList.EVENTS)


@dataclass(frozen=True)
class SessionsCounted:
    """The sessions of one answer: those that pass the filter and begin from `start` to before `end`."""

    filter: SessionFilter
    segments: tuple[UUID, ...]
    start: datetime
    end: datetime

    def define(self, which: str, statement: Statement, listed: BehindList) -> None:
        """Their people are all who have an event in them, as in their list of events."""
        define_sessions(statement, self.start, self.end, self.filter)
        define_kept(statement, self.segments)
        statement.define("chosen", f"select session_id, started, person, events from kept where {CHOSEN[which]}")
        if listed is BehindList.SESSIONS:
            statement.define(BEHIND, "select session_id, started, person as actor, events from chosen")
            return
        rows = Rows(statement, "placed e")
        rows.join("c", "join chosen c on c.session_id = e.session_id and c.started = e.started")
        define_behind(statement, rows, [], listed)


def behind_sessions(found: SessionsCounted, place: NumberPlace, named: str) -> Behind:
    """`named` is the question in words."""
    which = place.text
    if which not in WORDS:
        raise NoPlace
    words = ": ".join(filter(None, [named, WORDS[which]]))
    if which == BOUNCE_RATE:
        return Behind(words, parts=tuple(NumberPart(WORDS[each], each) for each in (BOUNCES, VIEWED)))
    define: Callable[[Statement, BehindList], None] = partial(found.define, which)
    return Behind(words, LISTS, define, note="People are those with an event in these sessions.")
