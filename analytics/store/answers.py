"""From rows of SQL to results: asks, and puts the numbers where they belong. No number is made up or added here."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from analytics.definitions.catalogue import Catalogue
from analytics.questions.conditions import Match
from analytics.questions.query import (
    TOP_GROUPS,
    Compared,
    Counts,
    Cursor,
    Funnel,
    Graph,
    Retention,
    Selection,
    Users,
)
from analytics.questions.results import (
    Cohort,
    FunnelResult,
    FunnelSide,
    GraphResult,
    Number,
    PersonRow,
    Ran,
    RetentionResult,
    Series,
    UsersResult,
)
from analytics.questions.spans import Bucket, buckets
from analytics.rollups import counting as counted
from analytics.rollups.bitmaps import Bitmap
from analytics.rollups.days import DayReader, by_bucket, told_keys
from analytics.sql.asking import Asking, Rows
from analytics.sql.counting import OTHER, counting_sql, decode_key
from analytics.sql.funnel import funnel_sql
from analytics.sql.people import people_count_sql, people_rows
from analytics.sql.retention import retention_sql
from analytics.sql.rows import joined
from analytics.sql.statement import Statement

Ask = Callable[[str, dict[str, Any]], list[tuple[Any, ...]]]
NO_VALUE_LABEL = "(none)"
EMPTY_LABEL = "(empty)"
OTHER_LABEL = "Other"
MAX_PROPERTY_COLUMNS = 12
SHARES_DECIMALS = 2


def answer_graph(graph: Graph, catalogue: Catalogue, now: datetime, ask: Ask) -> GraphResult:
    cut = buckets(graph.span, graph.unit, now, graph.scope.zone, graph.scope.week_starts_on)
    ran = Ran(now, cut[0].start, cut[-1].end)
    if not graph.compare:
        series, total = _lines(graph, catalogue, now, ask, cut)
        return GraphResult(graph, ran, cut, series, total)
    lines = []
    for side in graph.compare:
        one_side = replace(graph, compare=(), segments=_with(graph.segments, side))
        (line,), _ = _lines(one_side, catalogue, now, ask, cut)
        lines.append(replace(line, label=catalogue.segment_label(side.segment), compared=side))
    return GraphResult(graph, ran, cut, tuple(lines), None)


def _with(segments: tuple[Any, ...], side: Compared) -> tuple[Any, ...]:
    return (*segments, side.segment) if side.segment else segments


def _lines(
    graph: Graph, catalogue: Catalogue, now: datetime, ask: Ask, cut: tuple[Bucket, ...]
) -> tuple[tuple[Series, ...], Number]:
    """The lines of a graph without comparison, and its total."""
    asking = Asking(graph.scope, catalogue, now, ask)
    rows = counted.counting_rows(graph.counting, graph.span, graph.unit, asking)
    if rows is None:
        statement = asking.statement()
        rows = asking.rows(statement, counting_sql(statement, graph.counting, cut))
    places = {bucket.start: index for index, bucket in enumerate(cut)}
    values: dict[int | None, list[Number]] = {}
    totals: dict[int | None, Number] = {}
    keys: dict[int, str | None] = {}
    for slot, key, bucket, n, people in rows:
        number = _number(graph.counts, int(n or 0), int(people or 0))
        if slot is not None:
            keys[slot] = key
        if bucket is None:
            totals[slot] = number
        else:
            values.setdefault(slot, [0] * len(cut))[places[bucket]] = number
    if graph.by is None:
        line = values.get(0, [0] * len(cut))
        total = sum(line) if graph.counts is Counts.EVENTS else totals.get(None, 0)
        return (Series(catalogue.event_label(graph.event), tuple(line), total),), total
    series = (_group_line(slot, keys[slot], values[slot], totals[slot]) for slot in sorted(keys))
    return tuple(series), totals.get(None, 0)


def _number(counts: Counts, n: int, people: int) -> Number:
    if counts is not Counts.PER_USER:
        return n
    return round(n / people, SHARES_DECIMALS) if people else 0


def _group_line(slot: int, encoded: str | None, values: list[Number], total: Number) -> Series:
    key = decode_key(encoded)
    label = OTHER_LABEL if slot == OTHER else NO_VALUE_LABEL if key is None else key or EMPTY_LABEL
    return Series(label, tuple(values), total, key=key, is_other=slot > TOP_GROUPS)


def answer_funnel(funnel: Funnel, catalogue: Catalogue, now: datetime, ask: Ask) -> FunnelResult:
    start, end = funnel.span.bounds(now, funnel.scope.zone)
    sides = []
    for side in funnel.compare or (Compared(None),):
        one_side = replace(funnel, compare=(), segments=_with(funnel.segments, side))
        statement = Statement(funnel.scope, catalogue, now)
        (row,) = ask(funnel_sql(statement, one_side, start, end), statement.parameters)
        counts = tuple(int(count or 0) for count in row)
        sides.append(FunnelSide(catalogue.segment_label(side.segment), counts, side if funnel.compare else None))
    labels = tuple(step_label(step, catalogue) for step in funnel.steps)
    return FunnelResult(funnel, Ran(now, start, end), labels, tuple(sides))


def step_label(step: Selection, catalogue: Catalogue) -> str:
    """ "Pageview", or with conditions "Pageview (Path is /pricing)"."""
    event = catalogue.event_label(step.event)
    if not step.where:
        return event
    conditions = f" {'and' if step.where.match == 'all' else 'or'} ".join(
        f"{each.field.label} {each.operator.label} {each.value}".strip() for each in step.where.conditions
    )
    return f"{event} ({conditions})"


def answer_retention(retention: Retention, catalogue: Catalogue, now: datetime, ask: Ask) -> RetentionResult:
    scope = retention.scope
    cut = buckets(retention.span, retention.unit, now, scope.zone, scope.week_starts_on)
    statement = Statement(scope, catalogue, now)
    rows = retention_rows(retention, cut, Asking(scope, catalogue, now, ask))
    if rows is None:
        rows = ask(retention_sql(statement, retention, cut), statement.parameters)
    return RetentionResult(retention, Ran(now, cut[0].start, cut[-1].end), cut, cohorts_from(rows, cut, now))


def cohorts_from(rows: list[tuple[Any, ...]], cut: tuple[Bucket, ...], now: datetime) -> tuple[Cohort, ...]:
    """The triangle from (cohort, period, people)."""
    people = {(cohort, period): int(n) for cohort, period, n in rows}
    cohorts = []
    for index, bucket in enumerate(cut):
        if bucket.start > now:
            break
        size = people.get((bucket.start, None), 0)
        later = (
            people.get((bucket.start, after.start), 0) if after.start <= now else None for after in cut[index + 1 :]
        )
        returned = (size, *later)
        cohorts.append(Cohort(bucket, size, returned + (None,) * (len(cut) - len(returned))))
    return tuple(cohorts)


def answer_users(users: Users, catalogue: Catalogue, now: datetime, ask: Ask) -> UsersResult:
    page, count = Statement(users.scope, catalogue, now), Statement(users.scope, catalogue, now)
    rows = ask(page_sql(page, users), page.parameters)
    ((total,),) = ask(people_count_sql(count, users.where, users.segments, users.search), count.parameters)
    people = tuple(_person(*row) for row in rows[: users.limit])
    has_more = len(rows) > users.limit
    following = cursor_after(people[-1].last_seen_at, people[-1].actor_id) if has_more else None
    return UsersResult(users, Ran(now, now, now), people, total, following, _property_names(people))


def _person(actor_id: int, identity: str | None, properties: str, first: datetime, last: datetime) -> PersonRow:
    """Django's cursor gives jsonb as text."""
    return PersonRow(actor_id, identity, json.loads(properties), first, last)


def _property_names(people: tuple[PersonRow, ...]) -> tuple[str, ...]:
    found = Counter(name for each in people for name in each.properties)
    return tuple(sorted(found, key=lambda name: (-found[name], name))[:MAX_PROPERTY_COLUMNS])


def retention_rows(retention: Retention, cut: Sequence[Bucket], asking: Asking) -> Rows | None:
    """Rows as analytics/sql/retention.py gives them; None where the counted days do not tell."""
    start, returning = retention.start, retention.returning
    if retention.where or retention.segments or start.where or returning.where:
        return None
    start_keys, return_keys = told_keys(start.event, asking.catalogue), told_keys(returning.event, asking.catalogue)
    if start_keys is None or return_keys is None:
        return None
    reader = DayReader.of(asking, retention.span, start_keys | return_keys)
    if reader is None:
        return None
    began = by_bucket(cut, reader.held(start.event, start_keys, with_people=True))
    same = start_keys == return_keys
    came = began if same else by_bucket(cut, reader.held(returning.event, return_keys, with_people=True))
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


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def page_sql(statement: Statement, users: Users) -> str:
    """Rows (actor_id, identity, properties, first_seen_at, last_seen_at), one more than the page is long."""
    rows, where = people_rows(statement, users.where, users.segments, users.search)
    if users.after is not None:
        seen, actor = statement.bind(moment_of(users.after)), statement.bind(users.after.actor_id)
        where.append(f"(p.last_seen_at, p.actor_id) < ({seen}, {actor})")
    return statement.text(
        f"select p.actor_id, p.identity, p.properties, p.first_seen_at, p.last_seen_at {rows.from_()} "
        f"where {joined(Match.ALL, where)} order by p.last_seen_at desc, p.actor_id desc "
        f"limit {statement.bind(users.limit + 1)}"
    )


def cursor_after(last_seen_at: datetime, actor_id: int) -> Cursor:
    return Cursor((last_seen_at - EPOCH) // timedelta(microseconds=1), actor_id)


def moment_of(cursor: Cursor) -> datetime:
    """Raises OverflowError where there is no such moment: parameters.py lets none of them through."""
    return EPOCH + timedelta(microseconds=cursor.last_seen_microseconds)
