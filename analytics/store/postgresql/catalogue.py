"""Reads the catalogue, which events/catalogue keeps. It is small, so nobody waits for a place."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection

from analytics.questions.conditions import Source
from analytics.questions.query import Builtin, EventReference, RefersTo, Scope
from analytics.sql.selections import EventKey
from analytics.store.catalogue import KnownEvent, KnownProperty, SaidOfName
from analytics.store.failures import QueryTimeout
from common.database import TookTooLong, time_limit
from events.catalogue import state
from events.catalogue.rows import OF_PEOPLE, PERSON
from events.catalogue.state import CatalogueState
from events.names import stored_name

TIME_LIMIT = timedelta(seconds=2)
CONTAINS = "strpos(lower({name}), lower(%(part)s)) > 0"
EXACT_FIRST = "(lower({name}) = lower(%(part)s)) desc"

# What is hidden is not offered, unless its whole name is given.
NOTE = """
  left join analytics_namenote t on t.environment_id = %(environment)s and t.kind = {kind} and t.name = {name}
"""
NOTE_OF_EVENT = NOTE.format(
    kind="case n.kind when 'custom' then 'event' when 'pageview' then 'builtin' else 'kind' end",
    name="case n.kind when 'custom' then n.name else n.kind end",
)
NOTE_OF_PROPERTY = NOTE.format(kind="%(source)s", name="k.key")
SAID = "coalesce(t.description, ''), t.is_hidden is true, t.verified_at is not null as verified"
OFFERED = "(%(hidden)s or t.is_hidden is not true or lower({name}) = lower(%(part)s))"
SUMS = """
       sum(c.events)::bigint as events, sum(c.numbers)::bigint as numbers, sum(c.texts)::bigint as texts,
       sum(c.booleans)::bigint as booleans, min(c.first_at) as first_at, max(c.last_at) as last_at
"""

EVENTS = f"""
select n.kind, n.name, sum(c.events)::bigint as events, min(c.first_at) as first_at, max(c.last_at) as last_at, {SAID}
  from catalogue_names n
  join catalogue_counts c on c.environment_id = n.environment_id and c.name_id = n.id and c.key_id = 0 {NOTE_OF_EVENT}
 where n.environment_id = %(environment)s and n.kind <> '{PERSON}' and {CONTAINS.format(name="n.name")}
   and {OFFERED.format(name="n.name")}
 group by n.id, n.kind, n.name, t.id
 order by {EXACT_FIRST.format(name="n.name")}, verified desc, events desc, n.name limit %(most)s
"""  # noqa: S608  fixed text
PROPERTIES = f"""
select k.key, {SUMS}, bool_or(c.name_id = any(array(
           select n.id from catalogue_names n join unnest(%(kinds)s::text[], %(names)s::text[]) as asked(kind, name)
               on n.kind = asked.kind and n.name = asked.name
            where n.environment_id = %(environment)s))) as of_event, {SAID}
  from catalogue_keys k
  join catalogue_counts c on c.environment_id = k.environment_id and c.key_id = k.id {NOTE_OF_PROPERTY}
 where k.environment_id = %(environment)s and (c.month = %(people)s) = %(of_people)s and {CONTAINS.format(name="k.key")}
   and {OFFERED.format(name="k.key")}
 group by k.id, k.key, t.id
 order by of_event desc, {EXACT_FIRST.format(name="k.key")}, verified desc, events desc, k.key limit %(most)s
"""  # noqa: S608  fixed text


def known_events(scope: Scope, part: str = "", most: int = 50, *, hidden: bool = False) -> list[KnownEvent]:
    found = rows(EVENTS, scope, part=part, most=most, hidden=hidden)
    return [KnownEvent(*_with_said(row)) for row in found]


def known_properties(
    scope: Scope,
    source: Source,
    part: str = "",
    of: Sequence[EventReference] = (),
    most: int = 50,
    *,
    hidden: bool = False,
) -> list[KnownProperty]:
    asked = [pair for each in of if (pair := event_key(each))]
    found = rows(
        PROPERTIES,
        scope,
        part=part,
        most=most,
        hidden=hidden,
        source=source.value,
        of_people=source is Source.USER,
        people=OF_PEOPLE,
        kinds=[kind for kind, _ in asked],
        names=[name for _, name in asked],
    )
    return [KnownProperty(source, *_with_said(row)) for row in found]


def _with_said(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*row[:-3], SaidOfName(*row[-3:]))


def catalogue_state(scope: Scope) -> CatalogueState:
    return state.catalogue_state(scope.environment_id)


def event_key(event: EventReference) -> EventKey | None:
    """The kind and name that its events are stored with; None for events of more than one kind."""
    if event.to is RefersTo.CUSTOM:
        return "custom", stored_name(event.key)
    if event.to is RefersTo.KIND or event.key == Builtin.PAGEVIEW:
        return event.key, ""
    return None


def rows(sql: str, scope: Scope, **parameters: Any) -> list[tuple[Any, ...]]:
    """Raises QueryTimeout."""
    try:
        with time_limit(TIME_LIMIT.total_seconds()), connection.cursor() as cursor:
            cursor.execute(sql, {"environment": scope.environment_id, **parameters})
            return list(cursor.fetchall())
    except TookTooLong as error:
        raise QueryTimeout from error
