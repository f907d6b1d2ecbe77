"""Reads the catalogue, which events/catalogue keeps. It is small, so nobody waits for a place."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection

from analytics.questions.conditions import Source
from analytics.questions.query import Builtin, EventReference, RefersTo, Scope
from analytics.store.catalogue import KnownEvent, KnownProperty
from analytics.store.failures import QueryTimeout
from common.database import TookTooLong, time_limit
from events.catalogue import state
from events.catalogue.rows import PERSON
from events.catalogue.state import CatalogueState

TIME_LIMIT = timedelta(seconds=2)
CONTAINS = "strpos(lower({name}), lower(%(part)s)) > 0"
EXACT_FIRST = "(lower({name}) = lower(%(part)s)) desc"

EVENTS = f"""
select n.kind, n.name, sum(c.events)::bigint as events, min(c.first_at) as first_at, max(c.last_at) as last_at
  from catalogue_names n
  join catalogue_counts c on c.environment_id = n.environment_id and c.name_id = n.id and c.key_id = 0
 where n.environment_id = %(environment)s and n.kind <> '{PERSON}' and {CONTAINS.format(name="n.name")}
 group by n.id, n.kind, n.name order by {EXACT_FIRST.format(name="n.name")}, events desc, n.name limit %(most)s
"""  # noqa: S608  fixed text
PROPERTIES = f"""
select k.key, sum(c.events)::bigint as events, sum(c.numbers)::bigint as numbers, sum(c.texts)::bigint as texts,
       sum(c.booleans)::bigint as booleans, min(c.first_at) as first_at, max(c.last_at) as last_at,
       bool_or((n.kind, n.name) in (select * from unnest(%(kinds)s::text[], %(names)s::text[]))) as of_event
  from catalogue_keys k
  join catalogue_counts c on c.environment_id = k.environment_id and c.key_id = k.id
  join catalogue_names n on n.environment_id = c.environment_id and n.id = c.name_id
 where k.environment_id = %(environment)s and (n.kind = '{PERSON}') = %(of_people)s and {CONTAINS.format(name="k.key")}
 group by k.id, k.key order by of_event desc, {EXACT_FIRST.format(name="k.key")}, events desc, k.key limit %(most)s
"""  # noqa: S608  fixed text


def known_events(scope: Scope, part: str = "", most: int = 50) -> list[KnownEvent]:
    return [KnownEvent(*row) for row in _rows(EVENTS, scope, part=part, most=most)]


def known_properties(
    scope: Scope, source: Source, part: str = "", of: Sequence[EventReference] = (), most: int = 50
) -> list[KnownProperty]:
    asked = [pair for each in of if (pair := _kind_and_name(each))]
    found = _rows(
        PROPERTIES,
        scope,
        part=part,
        most=most,
        of_people=source is Source.USER,
        kinds=[kind for kind, _ in asked],
        names=[name for _, name in asked],
    )
    return [KnownProperty(source, *row) for row in found]


def catalogue_state(scope: Scope) -> CatalogueState:
    return state.catalogue_state(scope.environment_id)


def _kind_and_name(event: EventReference) -> tuple[str, str] | None:
    """None for events of more than one kind."""
    if event.to is RefersTo.CUSTOM:
        return "custom", event.key
    if event.to is RefersTo.KIND or event.key == Builtin.PAGEVIEW:
        return event.key, ""
    return None


def _rows(sql: str, scope: Scope, **parameters: Any) -> list[tuple[Any, ...]]:
    """Raises QueryTimeout."""
    try:
        with time_limit(TIME_LIMIT.total_seconds()), connection.cursor() as cursor:
            cursor.execute(sql, {"environment": scope.environment_id, **parameters})
            return list(cursor.fetchall())
    except TookTooLong as error:
        raise QueryTimeout from error
