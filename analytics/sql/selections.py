# ruff: noqa: S608  # text is put together from fixed pieces and placeholders only; see statement.py
"""Which events a selection means: event references and definitions as conditions, sessions as rows of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from analytics.definitions.catalogue import Catalogue
from analytics.questions.conditions import BadQuery, Match
from analytics.questions.query import Builtin, EventReference, RefersTo, Selection
from analytics.sql.rows import Rows, joined
from analytics.sql.statement import Statement

MAX_ALTERNATIVES = 300  # definitions of definitions multiply
SESSION_GAP = timedelta(hours=24)  # after this long a silence, an event of a session begins a new one

EventKey = tuple[str, str]  # kind and name, as the index events_by_name has them


@dataclass(frozen=True)
class Limits:
    """A span of time, start included, end not. None is unlimited."""

    start: datetime | None
    end: datetime | None


def event_rows(statement: Statement, limits: Limits, *, sessions: bool = False) -> tuple[Rows, list[str]]:
    """Events of the environment within the limits, as a FROM and its first conditions; or first events of sessions."""
    if sessions:
        return Rows(statement, f"({session_starts(statement, limits)}) e"), []
    return Rows(statement), [f"e.environment_id = {statement.environment}", *within(statement, limits)]


def within(statement: Statement, limits: Limits, alias: str = "e") -> list[str]:
    conditions = []
    if limits.start is not None:
        conditions.append(f"{alias}.time >= {statement.bind(limits.start)}")
    if limits.end is not None:
        conditions.append(f"{alias}.time < {statement.bind(limits.end)}")
    return conditions


def session_starts(statement: Statement, limits: Limits) -> str:
    """The first event of every session that begins within the limits, all its columns."""
    gap = statement.bind(SESSION_GAP)
    earlier = Limits(limits.start - SESSION_GAP if limits.start else None, limits.end)
    inner = [
        f"s.environment_id = {statement.environment}",
        "s.session_id is not null",
        *within(statement, earlier, "s"),
    ]
    begins = [f"(f.previous is null or f.time > {statement.dialect.later('f.previous', gap)})"]
    outer = " and ".join(begins + within(statement, Limits(limits.start, None), "f"))
    return (
        "select f.* from (select s.*, lag(s.time) over (partition by s.session_id order by s.time, s.id) as previous "
        f"from events s where {' and '.join(inner)}) f where {outer}"
    )


def selected(rows: Rows, selection: Selection, *, of_its_keys: bool = False) -> str:
    """The condition under which an event is meant by the selection; `of_its_keys`: one that `keyed` has let through."""
    statement = rows.statement
    parts = [] if of_its_keys else [keyed(rows, keys_of(statement, selection.event))]
    if selection.event.lineage:
        parts.append(_defined(rows, selection.event.lineage, ()))
    if selection.where:
        parts.append(rows.group(selection.where))
    return joined(Match.ALL, parts)


def keyed(rows: Rows, keys: frozenset[EventKey] | None) -> str:
    """Kind and name, so that the index is used; exact for one key, a little wide for several. None is any event."""
    if keys is None:
        return "true"
    bind = rows.statement.bind
    tests = []
    for column, values in (("kind", {kind for kind, _ in keys}), ("name", {name for _, name in keys})):
        if len(values) == 1:
            tests.append(f"e.{column} = {bind(values.pop())}")
        else:
            tests.append(f"e.{column} in ({', '.join(bind(value) for value in sorted(values))})")
    return joined(Match.ALL, tests)


def _defined(rows: Rows, lineage: UUID, above: tuple[UUID, ...]) -> str:
    if lineage in above:
        raise BadQuery("A definition contains itself.")
    body = rows.statement.catalogue.definition(lineage)
    parts = [_alternative(rows, each, (*above, lineage)) for each in body.alternatives]
    return joined(Match.ANY, parts)


def _alternative(rows: Rows, selection: Selection, above: tuple[UUID, ...]) -> str:
    rows.statement.alternatives += 1
    if rows.statement.alternatives > MAX_ALTERNATIVES:
        raise BadQuery("The definitions of this query are made of too many others.")
    if selection.event.lineage:
        event = _defined(rows, selection.event.lineage, above)
    else:
        event = keyed(rows, plain_keys(selection.event))
    return joined(Match.ALL, [event, rows.group(selection.where)])


def plain_keys(event: EventReference) -> frozenset[EventKey] | None:
    """Kind and name of events that a reference means, where it is no definition; None for any event."""
    if event.to is RefersTo.CUSTOM:
        return frozenset({("custom", event.key)})
    if event.to is RefersTo.KIND:
        return frozenset({(event.key, "")})
    return frozenset({("pageview", "")}) if event.key == Builtin.PAGEVIEW else None


def keys_of(statement: Statement, event: EventReference) -> frozenset[EventKey] | None:
    """All kinds and names that can be meant, through definitions; None when it can be any."""
    found: set[EventKey] = set()
    for each in plain_events(statement.catalogue, event):
        keys = plain_keys(each.event)
        if keys is None:
            return None
        found |= keys
    return frozenset(found)


def plain_events(catalogue: Catalogue, event: EventReference) -> Iterator[Selection]:
    """What a reference comes down to: the selections, in it and the definitions it is made of, that name no definition.

    The result leaves out the conditions on the levels above them.
    """
    if event.lineage is None:
        yield Selection(event)
    for each in alternatives(catalogue, event):
        if each.event.lineage is None:
            yield each


def has_conditions(catalogue: Catalogue, event: EventReference) -> bool:
    """Whether kind and name are not enough to decide which events a reference means."""
    return any(each.where for each in alternatives(catalogue, event))


def alternatives(catalogue: Catalogue, event: EventReference) -> Iterator[Selection]:
    """The alternatives of this definition and of all that it contains, each definition's once."""
    waiting, seen = [event], {event}
    while waiting:
        lineage = waiting.pop().lineage
        if lineage is None:
            continue
        for each in catalogue.definition(lineage).alternatives:
            yield each
            if each.event not in seen:
                seen.add(each.event)
                waiting.append(each.event)
