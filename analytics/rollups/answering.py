"""Answers from counted days, with the days that are not counted read from their events.

What can be answered so: graphs of events, of people and of events per person, by day and longer, and retention, of
events that are told by kind and name alone, of everybody; and groups of pageviews or sessions by some columns.
The rows are those that the SQL in analytics/sql gives, to the last one.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nsmallest
from itertools import count
from typing import Any

from analytics.definitions.catalogue import Catalogue
from analytics.questions.conditions import Source
from analytics.questions.query import TOP_GROUPS, Counts, EventReference, Graph, Retention, Selection
from analytics.questions.spans import Bucket, Span, Unit, buckets
from analytics.rollups.bitmaps import Bitmap, from_positions, union
from analytics.rollups.building import FIELDS
from analytics.rollups.reading import ANY, SESSION, Held, Key, Pending, few_pending, held, kept_days, positions, values
from analytics.sql.counted import active_sql, groups_sql
from analytics.sql.graph import OTHER, graph_sql
from analytics.sql.selecting import has_conditions, plain_events, plain_keys
from analytics.sql.statement import Statement

Ask = Callable[[str, dict[str, Any]], list[tuple[Any, ...]]]
Rows = list[tuple[Any, ...]]
KINDS_WITH_VALUES = (frozenset({SESSION}), frozenset({("pageview", "")}))
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
    if has_conditions(catalogue, event):
        return None
    found: set[Key] = set()
    for each in plain_events(catalogue, event):
        found |= plain_keys(each.event) or {ANY}
    return frozenset({ANY}) if ANY in found else frozenset(found)


@dataclass
class _Reader:
    """Reads days, counted or from events: `days` of the span, of which `usable` are counted and `gaps` the others."""

    query: Graph | Retention
    catalogue: Catalogue
    now: datetime
    ask: Ask
    usable: set[datetime]
    gaps: list[list[Bucket]]
    pending: Pending
    places: dict[int, int] = field(default_factory=dict)  # of people of days that are not counted
    free: Iterator[int] = field(default_factory=count)

    @classmethod
    def of(
        cls, query: Graph | Retention, catalogue: Catalogue, now: datetime, ask: Ask, keys: frozenset[Key]
    ) -> "_Reader | None":
        """None when too few days are counted to be of use."""
        environment_id = query.scope.environment_id
        days = _days(query, now)
        kept = kept_days(environment_id, days)
        usable = kept.days
        if any(kind == "custom" for kind, _ in keys):
            usable = usable - kept.without_names
        gaps = _runs([day for day in days if day.start not in usable])
        if _are_too_many(gaps, len(days)):
            return None
        pending = few_pending(environment_id)
        if pending is None:
            return None
        highest = ask(HIGHEST, {"environment": environment_id})[0][0]
        return cls(query, catalogue, now, ask, usable, gaps, pending, dict(pending.places), count(highest + 1))

    def held(self, event: EventReference, keys: frozenset[Key], *, with_people: bool) -> dict[datetime, Held]:
        """What each day held, by its start; without people where nobody asks for them."""
        found = held(self.query.scope.environment_id, self.usable, keys, self.pending, with_people=with_people)
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
        self._place({actor for _, actor, _ in rows})
        days: dict[datetime, list[int]] = {}
        for start, actor, events in rows:
            found[start].events += int(events)
            days.setdefault(start, []).append(self.places[actor])
        for start, some in days.items():
            found[start].people = from_positions(some)

    def _place(self, actors: set[int]) -> None:
        """Find everybody's position; who has none in the counted days gets a free one."""
        unknown = sorted(actors - self.places.keys())
        self.places |= positions(self.query.scope.environment_id, unknown)
        for actor in unknown:
            if actor not in self.places:
                self.places[actor] = next(self.free)


def _days(query: Graph | Retention, now: datetime) -> tuple[Bucket, ...]:
    return buckets(query.span, Unit.DAY, now, query.scope.zone)


def _are_too_many(gaps: list[list[Bucket]], days: int) -> bool:
    return len(gaps) > MAX_GAPS or sum(len(gap) for gap in gaps) > days * MAX_RAW_SHARE


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
    by = graph.by
    assert by is not None
    is_kept = by.source is Source.EVENT and by.key in FIELDS and keys in KINDS_WITH_VALUES
    if not is_kept or graph.counts is not Counts.EVENTS:
        return None
    days = _days(graph, now)
    kept = kept_days(graph.scope.environment_id, days)
    ((kind, _),) = keys
    labels = values(graph.scope.environment_id, kept.days, kind, by.key)
    gaps = _runs([day for day in days if day.start not in labels and day.start not in kept.nothing])
    if _are_too_many(gaps, len(days)):
        return None
    for gap in gaps:
        statement = Statement(graph.scope, catalogue, now)
        for start, key, events in ask(groups_sql(statement, graph, gap), statement.parameters):
            labels.setdefault(start, {})[key] = int(events)
    return list(_ranked(cut, labels))


def _ranked(cut: Sequence[Bucket], days: dict[datetime, dict[str, int]]) -> Iterator[tuple[Any, ...]]:
    """The largest groups and the rest."""
    cells: list[Counter[str]] = [Counter() for _ in cut]
    starts = [bucket.start for bucket in cut]
    for start, labels in days.items():
        cells[bisect_right(starts, start) - 1].update(labels)
    sizes: Counter[str] = Counter()
    for cell in cells:
        sizes.update(cell)
    largest = nsmallest(TOP_GROUPS, sizes.items(), key=lambda each: (-each[1], each[0]))
    for slot, (key, size) in enumerate(largest, 1):
        yield from ((slot, key, start, cell[key], 0) for start, cell in zip(starts, cells, strict=True) if cell[key])
        yield slot, key, None, size, 0
    everything = sizes.total()
    if len(sizes) > TOP_GROUPS:
        for start, cell in zip(starts, cells, strict=True):
            if others := cell.total() - sum(cell[key] for key, _ in largest):
                yield OTHER, None, start, others, 0
        yield OTHER, None, None, everything - sum(size for _, size in largest), 0
    yield None, None, None, everything, 0
