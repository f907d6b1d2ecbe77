"""The list of sessions by plain loops over events, as tests/analytics/oracle.py does it for other kinds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from analytics.kinds.sessions.question import Bounced, Sessions
from analytics.questions.conditions import Condition, Field, Operator
from analytics.questions.query import Selection
from tests.analytics.oracle import FakeEvent, World, group_holds, holds, in_segment, is_meant, session_starts


@dataclass(frozen=True)
class FakeSession:
    events: list[FakeEvent]  # in their order

    @property
    def pageviews(self) -> list[FakeEvent]:
        return [each for each in self.events if each.kind == "pageview"]

    @property
    def length(self) -> timedelta:
        return self.events[-1].time - self.events[0].time

    @property
    def is_bounce(self) -> bool:
        return len(self.events) == len(self.pageviews) == 1

    @property
    def entry(self) -> str | None:
        return self.pageviews[0].columns.get("path") if self.pageviews else None

    @property
    def exit(self) -> str | None:
        return self.pageviews[-1].columns.get("path") if self.pageviews else None


def sessions(
    world: World,
    asked: Sessions,
    start: datetime,
    end: datetime,
    longest: timedelta,
    known_until: datetime | None = None,
) -> list[FakeSession]:
    """Those that begin from `start` to before `end` and are asked for, newest first. The rest of longer ones is cut.

    They are as they were at the moment `known_until`, if there is one.
    """
    world = world.asked_by(asked)
    found = [each for each in all_sessions(world, longest) if start <= each.events[0].time < end]
    if known_until:
        found = [FakeSession([each for each in one.events if each.time < known_until]) for one in found]
    found.sort(key=lambda each: (each.events[0].time, each.events[0].session), reverse=True)
    return [each for each in found if is_asked_for(world, asked, each)]


def all_sessions(world: World, longest: timedelta) -> list[FakeSession]:
    starts = {each.id for each in session_starts(world)}
    current: dict[int, list[FakeEvent]] = {}
    found = []
    for event in sorted(world.events, key=lambda each: each.place):
        if event.session is None:
            continue
        if event.id in starts:
            current[event.session] = []
            found.append(current[event.session])
        current[event.session].append(event)
    return [FakeSession([each for each in events if each.time <= events[0].time + longest]) for events in found]


def is_asked_for(world: World, asked: Sessions, session: FakeSession) -> bool:
    candidates = session.events[:1] if asked.event.is_session else session.events
    minutes = Fraction(session.length // timedelta(microseconds=1), 60_000_000)
    return (
        any(_fits(world, Selection(asked.event, asked.where), each) for each in candidates)
        and all(in_segment(world, lineage, world.who(session.events[0])) for lineage in asked.segments)
        and (asked.least is None or minutes >= asked.least)
        and (asked.most is None or minutes <= asked.most)
        and (not asked.entry or _is_path(asked.entry, session.entry))
        and (not asked.exit or _is_path(asked.exit, session.exit))
        and (asked.bounced is Bounced.ANY or session.is_bounce == (asked.bounced is Bounced.YES))
    )


def _fits(world: World, selection: Selection, event: FakeEvent) -> bool:
    return is_meant(world, selection.event, event) and group_holds(world, selection.where, event, world.who(event))


def _is_path(pattern: str, path: str | None) -> bool:
    return holds(Condition(Field.parse("event:path"), Operator.MATCHES, pattern), path)


def totals(found: list[FakeSession]) -> tuple[int, Fraction | None, int, int]:
    """(sessions, median seconds, those with a pageview, bounces)."""
    lengths = sorted(Fraction(each.length // timedelta(microseconds=1), 1_000_000) for each in found)
    at = Fraction(len(lengths) - 1, 2)
    median = (lengths[int(at)] + lengths[-1 - int(at)]) / 2 if lengths else None
    viewed = [each for each in found if each.pageviews]
    return len(found), median, len(viewed), sum(each.is_bounce for each in viewed)
