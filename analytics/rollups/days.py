"""What the days of a span held: counted days from their counts, the others from their events.

Only for questions about everybody, whose events are decided by kind and name alone. The rows are those that the SQL in
analytics/sql gives, to the last one.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Self

from analytics.definitions.glossary import Glossary
from analytics.questions.query import Counting, EventReference, Selection
from analytics.questions.spans import Bucket, Span, Unit
from analytics.rollups.bitmaps import from_positions
from analytics.rollups.reader import (
    ANY,
    HIGHEST,
    SESSION,
    DayCounts,
    Pending,
    UsableDays,
    day_counts,
    few_pending,
    kept_days,
    positions,
)
from analytics.sql.context import QueryContext
from analytics.sql.selections import EventKey, has_conditions, plain_events, plain_keys
from analytics.sql.time_counts import counting_sql
from analytics.sql.uncounted_days import active_sql

MAX_GAPS = 8  # runs of days to be read from events; with more, one scan is the shorter way
MAX_RAW_SHARE = 0.5  # of the days


def exact_keys(event: EventReference, glossary: Glossary) -> frozenset[EventKey] | None:
    """The kinds and names that an event means exactly; None when these do not decide it."""
    if event.is_session:
        return frozenset({SESSION})
    if has_conditions(glossary, event):
        return None
    found: set[EventKey] = set()
    for each in plain_events(glossary, event):
        found |= plain_keys(each.event) or {ANY}
    return frozenset({ANY}) if ANY in found else frozenset(found)


def kept_once(context: QueryContext, days: Sequence[Bucket]) -> UsableDays:
    """Which of these days are counted; read once for all parts of a question."""
    return context.once((kept_days, days[0], days[-1]), lambda: kept_days(context.scope, days))


@dataclass
class DayReader:
    """Reads the days of a span, of which `usable` are counted; `gaps` are runs of the others, read from events."""

    context: QueryContext
    usable: set[datetime]
    gaps: list[list[Bucket]]
    pending: Pending
    places: dict[int, int] = field(default_factory=dict)  # of people of days that are not counted
    free: Iterator[int] = field(default_factory=count)

    @classmethod
    def of(cls, context: QueryContext, span: Span, keys: frozenset[EventKey], *, with_people: bool) -> Self | None:
        """None when too few days are counted to help."""
        environment_id = context.scope.environment_id
        days = context.cut(span, Unit.DAY)
        kept = kept_once(context, days)
        usable = kept.days
        if any(kind == "custom" for kind, _ in keys):
            usable = usable - kept.without_names
        if with_people:
            usable = usable - kept.without_people
        if SESSION in keys:
            usable = usable - kept.without_sessions
        gaps = runs([day for day in days if day.start not in usable])
        if are_too_many(gaps, len(days)):
            return None
        pending = context.once(few_pending, lambda: few_pending(environment_id))
        if pending is None:
            return None
        highest = context.once(HIGHEST, lambda: context.ask(HIGHEST, {"environment": environment_id})[0][0])
        return cls(context, usable, gaps, pending, dict(pending.places), count(highest + 1))

    def day_counts(
        self, event: EventReference, keys: frozenset[EventKey], *, with_people: bool
    ) -> dict[datetime, DayCounts]:
        """What each day held, by its start; without people unless they are needed."""
        found = day_counts(self.context.scope.environment_id, self.usable, keys, self.pending, with_people=with_people)
        for gap in self.gaps:
            if with_people:
                self._add_people(found, event, gap)
            else:
                self._add_events(found, event, gap)
        return found

    def _add_events(self, found: dict[datetime, DayCounts], event: EventReference, gap: list[Bucket]) -> None:
        statement = self.context.statement()
        sql = counting_sql(statement, Counting(event), gap)
        for _, _, start, events, _ in self.context.rows(statement, sql):
            found[start] = DayCounts(events)

    def _add_people(self, found: dict[datetime, DayCounts], event: EventReference, gap: list[Bucket]) -> None:
        statement = self.context.statement()
        rows = self.context.rows(statement, active_sql(statement, Selection(event), gap))
        self._place({actor for _, actor, _ in rows})
        days: dict[datetime, list[int]] = {}
        for start, actor, events in rows:
            found[start].events += int(events)
            days.setdefault(start, []).append(self.places[actor])
        for start, some in days.items():
            found[start].people = from_positions(some)

    def _place(self, actors: set[int]) -> None:
        """Find each person's position; people without one in the counted days get a free one."""
        unknown = sorted(actors - self.places.keys())
        self.places |= positions(self.context.scope.environment_id, unknown)
        for actor in unknown:
            if actor not in self.places:
                self.places[actor] = next(self.free)


def are_too_many(gaps: list[list[Bucket]], days: int) -> bool:
    """Whether one scan of all events is faster."""
    return len(gaps) > MAX_GAPS or sum(len(gap) for gap in gaps) > days * MAX_RAW_SHARE


def runs(days: Sequence[Bucket]) -> list[list[Bucket]]:
    """Days that follow each other, together."""
    runs: list[list[Bucket]] = []
    for day in days:
        if runs and runs[-1][-1].end == day.start:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def by_bucket(cut: Sequence[Bucket], days: dict[datetime, DayCounts]) -> list[DayCounts]:
    """Merge days into the buckets that they lie in."""
    starts = [bucket.start for bucket in cut]
    found = [DayCounts() for _ in cut]
    for start, day in days.items():
        bucket = found[bisect_right(starts, start) - 1]
        bucket.events += day.events
        bucket.people |= day.people
    return found
