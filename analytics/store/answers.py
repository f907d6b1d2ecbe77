"""From rows of SQL to results: asks, and puts the numbers where they belong. No number is made up or added here."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from analytics.definitions.catalogue import Catalogue
from analytics.questions.query import TOP_GROUPS, Compared, Counts, Funnel, Graph, Retention, Selection, Users
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
from analytics.rollups import answering as counted
from analytics.sql.funnel import funnel_sql
from analytics.sql.graph import OTHER, decode_key, graph_sql
from analytics.sql.retention import retention_sql
from analytics.sql.statement import Statement
from analytics.sql.users import count_sql, cursor_after, page_sql

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
    statement = Statement(graph.scope, catalogue, now)
    rows = counted.graph_rows(graph, catalogue, now, ask, cut)
    if rows is None:
        rows = ask(graph_sql(statement, graph, cut), statement.parameters)
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
    rows = counted.retention_rows(retention, catalogue, now, ask, cut)
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
    ((total,),) = ask(count_sql(count, users), count.parameters)
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
