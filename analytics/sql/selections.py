# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see statement.py
"""Selections of events as SQL: event references and definitions as conditions, sessions as separate rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from analytics.definitions.glossary import Glossary
from analytics.questions.conditions import BadQuery, Match
from analytics.questions.query import Builtin, EventReference, RefersTo, Scope, Selection
from analytics.questions.sessions import SESSION_GAP
from analytics.sql.days import NO_ROBOT
from analytics.sql.rows import Rows, joined
from analytics.sql.statement import Statement
from events.names import stored_name

MAX_ALTERNATIVES = 300  # because definitions of definitions multiply

EventKey = tuple[str, str]  # kind and name, as the index of names has them


@dataclass(frozen=True)
class Limits:
    """A span of time: `start` included, `end` not. None means no limit."""

    start: datetime | None
    end: datetime | None


def event_rows(statement: Statement, limits: Limits, *, sessions: bool = False) -> tuple[Rows, list[str]]:
    """Events within the limits, or the first events of `sessions`, as a FROM and its first conditions."""
    if sessions:
        return Rows(statement, f"({session_starts(statement, limits)}) e"), []
    conditions = [f"e.environment_id = {statement.environment}", *within(statement, limits)]
    return Rows(statement), conditions + looked_at(statement, "e")


def within(statement: Statement, limits: Limits, alias: str = "e") -> list[str]:
    conditions = []
    if limits.start is not None:
        conditions.append(f"{alias}.time >= {statement.bind(limits.start)}")
    if limits.end is not None:
        conditions.append(f"{alias}.time < {statement.bind(limits.end)}")
    return conditions


def wanted(scope: Scope, alias: str) -> list[str]:
    """The condition that leaves out events of robots, if the question does."""
    return [NO_ROBOT.format(alias=alias)] if scope.without_robots else []


def looked_at(statement: Statement, alias: str) -> list[str]:
    """The conditions that leave out what the question does not look at: events of robots, and what arrived later."""
    conditions = wanted(statement.scope, alias)
    if statement.received_until is not None:
        conditions.append(f"{alias}.received_at <= {statement.bind(statement.received_until)}")
    return conditions


def session_starts(statement: Statement, limits: Limits) -> str:
    """The first event, with all columns, of every session that begins within the limits."""
    gap = statement.bind(SESSION_GAP)
    earlier = Limits(limits.start - SESSION_GAP if limits.start else None, limits.end)
    inner = [
        f"s.environment_id = {statement.environment}",
        "s.session_id is not null",
        *within(statement, earlier, "s"),
        *looked_at(statement, "s"),
    ]
    begins = [f"(f.previous is null or f.time > {statement.dialect.later('f.previous', gap)})"]
    outer = " and ".join(begins + within(statement, Limits(limits.start, None), "f"))
    return (
        "select f.* from (select s.*, lag(s.time) over (partition by s.session_id order by s.time, s.id) as previous "
        f"from events s where {' and '.join(inner)}) f where {outer}"
    )


def selected(rows: Rows, selection: Selection, *, of_its_keys: bool = False) -> str:
    """The condition that an event is in the selection. `of_its_keys`: `keyed` has already filtered the events."""
    statement = rows.statement
    parts = [] if of_its_keys else [keyed(rows, keys_of(statement, selection.event))]
    if selection.event.lineage:
        parts.append(_defined(rows, selection.event.lineage, ()))
    if selection.where:
        parts.append(rows.group(selection.where))
    return joined(Match.ALL, parts)


def keyed(rows: Rows, keys: frozenset[EventKey] | None) -> str:
    """A condition on kind and name, for the index. Exact for one key, a little wide for several. None is any event."""
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
    body = rows.statement.glossary.definition(lineage)
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
    """Kind and name of the events of a reference that is not a definition; None if it means any event."""
    if event.to is RefersTo.CUSTOM:
        return frozenset({("custom", stored_name(event.key))})
    if event.to is RefersTo.KIND:
        return frozenset({(event.key, "")})
    return frozenset({("pageview", "")}) if event.key == Builtin.PAGEVIEW else None


def keys_of(statement: Statement, event: EventReference) -> frozenset[EventKey] | None:
    """All kinds and names that a reference can mean, also through definitions; None if it can mean any event."""
    found: set[EventKey] = set()
    for each in plain_events(statement.glossary, event):
        keys = plain_keys(each.event)
        if keys is None:
            return None
        found |= keys
    return frozenset(found)


def plain_events(glossary: Glossary, event: EventReference) -> Iterator[Selection]:
    """The selections that name no definition, in a reference and in the definitions that it contains.

    The conditions on the levels above them are left out.
    """
    if event.lineage is None:
        yield Selection(event)
    for each in alternatives(glossary, event):
        if each.event.lineage is None:
            yield each


def has_conditions(glossary: Glossary, event: EventReference) -> bool:
    """Whether kind and name are not enough to decide which events a reference means."""
    return any(each.where for each in alternatives(glossary, event))


def alternatives(glossary: Glossary, event: EventReference) -> Iterator[Selection]:
    """The alternatives of this definition and of all definitions that it contains, each definition once."""
    waiting, seen = [event], {event}
    while waiting:
        lineage = waiting.pop().lineage
        if lineage is None:
            continue
        for each in glossary.definition(lineage).alternatives:
            yield each
            if each.event not in seen:
                seen.add(each.event)
                waiting.append(each.event)
