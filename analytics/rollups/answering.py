"""Answers from counted days, with the days that are not counted read from their events.

What can be answered so: graphs of events, of people and of events per person, by day and longer, and retention, of
events that are told by kind and name alone, of everybody; and groups of pageviews or sessions by some columns.
The rows are those that the SQL in analytics/sql gives, to the last one.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from analytics.catalogue import Catalogue
from analytics.conditions import Source
from analytics.query import Builtin, Counts, EventReference, Graph, RefersTo, Retention, Selection
from analytics.rollups.bitmaps import Bitmap, from_positions, union
from analytics.rollups.building import FIELDS
from analytics.rollups.reading import ANY, SESSION, Held, Key, Pending, few_pending, held, usable_days
from analytics.spans import Bucket, Span, Unit, buckets
from analytics.sql.counted import active_sql, counted_groups_sql
from analytics.sql.graph import graph_sql
from analytics.sql.selecting import plain_keys
from analytics.sql.statement import Statement

Ask = Callable[[str, dict[str, Any]], list[tuple[Any, ...]]]
Rows = list[tuple[Any, ...]]
MAX_GAPS = 8  # runs of days to be read from events; with more, one scan is the shorter way
MAX_RAW_SHARE = 0.5  # of the days
HIGHEST = "select coalesce(max(position), -1) from rollup_positions where environment_id = %(environment)s"


def graph_rows(graph: Graph, catalogue: Catalogue, now: datetime, ask: Ask, cut: Sequence[Bucket]) -> Rows | None:
    """Rows as analytics/sql/graph.py gives them; None where the counted days do not tell."""
    keys = told_keys(graph.event, catalogue)
    if keys is None or graph.unit is Unit.HOUR or graph.where or graph.segments or graph.counts is Counts.SESSIONS:
        return None
    if graph.by is not None:
        return _grouped_rows(graph, keys, catalogue, now, ask, cut)
    reader = _Reader.of(graph, catalogue, now, ask, keys)
    if reader is None:
        return None
    days = reader.held(graph.event, keys, with_people=graph.counts is not Counts.EVENTS)
    return _rows(graph, cut, days)


def retention_rows(
    retention: Retention, catalogue: Catalogue, now: datetime, ask: Ask, cut: Sequence[Bucket]
) -> Rows | None:
    """Rows as analytics/sql/retention.py gives them; None where the counted days do not tell."""
    start, returning = retention.start, retention.returning
    if retention.where or retention.segments or start.where or returning.where:
        return None
    start_keys, return_keys = told_keys(start.event, catalogue), told_keys(returning.event, catalogue)
    if start_keys is None or return_keys is None:
        return None
    reader = _Reader.of(retention, catalogue, now, ask, start_keys | return_keys)
    if reader is None:
        return None
    began = _by_bucket(cut, reader.held(start.event, start_keys, with_people=True))
    same = start_keys == return_keys
    came = began if same else _by_bucket(cut, reader.held(returning.event, return_keys, with_people=True))
    return list(_triangle(cut, [each.people for each in began], [each.people for each in came]))


def _triangle(cut: Sequence[Bucket], began: list[Bitmap], came: list[Bitmap]) -> Iterator[tuple[Any, ...]]:
    """Rows (cohort, period, people) from who began and who came in each bucket."""
    seen = 0
    for index, (bucket, people) in enumerate(zip(cut, began, strict=True)):
        cohort = people & ~seen
        seen |= people
        yield bucket.start, None, cohort.bit_count()
        for later in range(index + 1, len(cut)):
            if number := (cohort & came[later]).bit_count():
                yield bucket.start, cut[later].start, number


def told_keys(event: EventReference, catalogue: Catalogue) -> frozenset[Key] | None:
    """The kinds and names that an event means exactly; None when it takes more to tell."""
    if event.is_session:
        return frozenset({SESSION})
    if event.to is RefersTo.BUILTIN and event.key == Builtin.ANY:
        return frozenset({ANY})
    if event.lineage is None:
        return plain_keys(event)
    found: set[Key] = set()
    for each in catalogue.definition(event.lineage).alternatives:
        keys = None if each.where else told_keys(each.event, catalogue)
        if keys is None:
            return None
        found |= keys
    return frozenset({ANY}) if ANY in found else frozenset(found)


@dataclass
class _Reader:
    """Reads days, counted or from events. `days` are those of the span, `gaps` the runs that are not counted."""

    query: Graph | Retention
    catalogue: Catalogue
    now: datetime
    ask: Ask
    days: Sequence[Bucket]
    usable: set[datetime]
    gaps: list[list[Bucket]]
    pending: Pending
    given: dict[int, int] = field(default_factory=dict)  # positions for people who have none of their own
    free: Iterator[int] = field(default_factory=count)

    @classmethod
    def of(
        cls, query: Graph | Retention, catalogue: Catalogue, now: datetime, ask: Ask, keys: frozenset[Key]
    ) -> "_Reader | None":
        """None when too few days are counted to be of use."""
        scope = query.scope
        days = buckets(query.span, Unit.DAY, now, scope.zone)
        usable = usable_days(scope.environment_id, days, named=any(kind == "custom" for kind, _ in keys))
        gaps = _runs([day for day in days if day.start not in usable])
        if len(usable) < len(days) * MAX_RAW_SHARE or len(gaps) > MAX_GAPS:
            return None
        pending = few_pending(scope.environment_id)
        if pending is None:
            return None
        highest = ask(HIGHEST, {"environment": scope.environment_id})[0][0]
        given, free = dict(pending.places), count(highest + 1)
        return cls(query, catalogue, now, ask, days, usable, gaps, pending, given, free)

    def held(self, event: EventReference, keys: frozenset[Key], *, with_people: bool) -> dict[datetime, Held]:
        """What each day held, by its start; without people where nobody asks for them."""
        environment_id = self.query.scope.environment_id
        found = held(environment_id, self.usable, keys, self.pending)
        for gap in self.gaps:
            if with_people:
                self._add_people(found, event, gap)
            else:
                self._add_events(found, event, gap)
        return found

    def _add_events(self, found: dict[datetime, Held], event: EventReference, gap: list[Bucket]) -> None:
        statement = Statement(self.query.scope, self.catalogue, self.now)
        sql = graph_sql(statement, Graph(self.query.scope, event, span=Span(len(gap))), gap)
        for _, _, start, events, _ in self.ask(sql, statement.parameters):
            found[start] = Held(events)

    def _add_people(self, found: dict[datetime, Held], event: EventReference, gap: list[Bucket]) -> None:
        statement = Statement(self.query.scope, self.catalogue, self.now)
        rows = self.ask(active_sql(statement, Selection(event), gap), statement.parameters)
        positions: dict[datetime, list[int]] = {}
        for start, actor, position, events in rows:
            found[start].events += int(events)
            if position is None:
                position = self.given[actor] if actor in self.given else self.given.setdefault(actor, next(self.free))
            positions.setdefault(start, []).append(position)
        for start, some in positions.items():
            found[start].people = from_positions(some)


def _runs(days: Sequence[Bucket]) -> list[list[Bucket]]:
    runs: list[list[Bucket]] = []
    for day in days:
        if runs and runs[-1][-1].end == day.start:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def _by_bucket(cut: Sequence[Bucket], days: dict[datetime, Held]) -> list[Held]:
    """Days put together to the buckets that they lie in."""
    starts = [bucket.start for bucket in cut]
    found = [Held() for _ in cut]
    for start, day in days.items():
        bucket = found[bisect_right(starts, start) - 1]
        bucket.events += day.events
        bucket.people |= day.people
    return found


def _rows(graph: Graph, cut: Sequence[Bucket], days: dict[datetime, Held]) -> Rows:
    everything = Held(sum(day.events for day in days.values()), union(day.people for day in days.values()))
    rows: Rows = [
        (0, None, bucket.start, *_numbers(graph.counts, each))
        for bucket, each in zip(cut, _by_bucket(cut, days), strict=True)
    ]
    return [*rows, (None, None, None, *_numbers(graph.counts, everything))]


def _numbers(counts: Counts, day: Held) -> tuple[int, int]:
    if counts is Counts.USERS:
        return day.people.bit_count(), 0
    return day.events, day.people.bit_count()


def _grouped_rows(
    graph: Graph, keys: frozenset[Key], catalogue: Catalogue, now: datetime, ask: Ask, cut: Sequence[Bucket]
) -> Rows | None:
    assert graph.by is not None
    is_kept = graph.by.source is Source.EVENT and graph.by.key in FIELDS and keys <= {SESSION, ("pageview", "")}
    if not is_kept or len(keys) > 1 or graph.counts is not Counts.EVENTS:
        return None
    reader = _Reader.of(graph, catalogue, now, ask, keys)
    if reader is None:
        return None
    statement = Statement(graph.scope, catalogue, now)
    ((kind, _),) = keys
    return ask(counted_groups_sql(statement, graph, kind, cut, reader.usable, reader.gaps), statement.parameters)
