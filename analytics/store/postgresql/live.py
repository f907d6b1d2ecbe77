"""The newest events, of everybody or of some actors."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from analytics.definitions.glossary import Glossary, read_definitions
from analytics.questions.conditions import BadQuery
from analytics.questions.query import Scope, Selection
from analytics.sql.dialect import POSTGRESQL
from analytics.sql.rows import Rows
from analytics.sql.selections import keyed, keys_of, selected
from analytics.sql.statement import Statement
from analytics.store.live import FIELDS, PAGE_SIZE, LiveEvent, Page, Position
from analytics.store.postgresql.snapshot import limited
from common import web_addresses

TIME_LIMIT = timedelta(seconds=5)
LOOKED_AT = 20_000  # events of everybody, newest first, among which a page finds those that it is asked for

_OWN = ("time", "id", "kind", "name", "actor_id", "session_id", "received_at", "properties", *FIELDS)
_READ_AS = {"name": "coalesce(e.long_name, e.name)"}
COLUMNS = ", ".join(f"{_READ_AS.get(name, f'e.{name}')} as {name}" for name in _OWN)
_DESCRIBED = f"""
with chosen as ({{chosen}})
select chosen.time as time, chosen.id as id, chosen.kind as kind, chosen.name as name,
       coalesce(merges.to_actor, chosen.actor_id) as actor_id, people.identity as identity,
       chosen.session_id as session_id, chosen.received_at as received_at, chosen.properties as properties,
       {", ".join(f"chosen.{name} as {name}" for name in FIELDS)}
from chosen
left join merges on merges.environment_id = %(of_environment)s and merges.from_actor = chosen.actor_id
left join people on people.environment_id = %(of_environment)s
    and people.actor_id = coalesce(merges.to_actor, chosen.actor_id)
order by chosen.time desc, chosen.id desc
"""  # noqa: S608  only names of columns are put into the text
_NEWEST = f"""
select {COLUMNS} from {{source}} e where e.environment_id = %(of_environment)s {{conditions}}
order by e.time desc, e.id desc limit %(limit)s
"""  # noqa: S608
_NEWEST_OF_ACTORS = f"""
select e.* from unnest(%(actors)s::bigint[]) as one(actor) cross join lateral (
    select {COLUMNS} from events e where e.environment_id = %(of_environment)s and e.actor_id = one.actor {{conditions}}
    order by e.time desc, e.id desc limit %(limit)s) e
order by e.time desc, e.id desc limit %(limit)s
"""  # noqa: S608  the newest of each from the index; `actor_id = any(…)` would sort all that they ever did
_BEFORE = (
    "and e.time <= %(time)s and (e.time, e.id) < (%(time)s, %(id)s)"  # twice: partitions are skipped by `time` alone
)
_LOOKED_AT = """(
    select e.* from events e where e.environment_id = %(of_environment)s {conditions}
    order by e.time desc, e.id desc limit %(looked_at)s)
"""
_LAST_LOOKED_AT = """
select e.time as time, e.id as id from events e where e.environment_id = %(of_environment)s {conditions}
order by e.time desc, e.id desc offset %(looked_at)s - 1 limit 1
"""


_AT = f"""
select {COLUMNS} from unnest(%(times)s::timestamptz[], %(ids)s::bigint[]) as one(time, id)
  join events e on e.environment_id = %(of_environment)s and e.time = one.time and e.id = one.id
"""  # noqa: S608


def newest_events(
    environment_id: int,
    before: Position | None = None,
    actors: Sequence[int] | None = None,
    only: Selection | None = None,
) -> Page:
    """Of a person, all events are looked at for those that are wanted, since an index finds the person's own."""
    parameters: dict[str, Any] = {"limit": PAGE_SIZE + 1, "actors": list(actors or ()), "looked_at": LOOKED_AT}
    place = ""
    if before is not None:
        parameters |= {"time": before.time, "id": before.id}
        place = _BEFORE
    near, fits = "", ""
    if only is not None:
        near, fits, bound = _fitting(environment_id, only)
        parameters |= bound
    with limited(environment_id, TIME_LIMIT):
        if actors is not None:
            chosen = _NEWEST_OF_ACTORS.format(conditions=place + fits)
        elif only is None:
            chosen = _NEWEST.format(source="events", conditions=place)
        else:
            chosen = _NEWEST.format(source=_LOOKED_AT.format(conditions=place + near), conditions=fits)
        events = described(environment_id, chosen, parameters)
        shown = events[:PAGE_SIZE]
        if len(events) > PAGE_SIZE:
            return Page(shown, shown[-1].position)
        if only is None or actors is not None:
            return Page(shown, None)
        return _searched(shown, environment_id, _LAST_LOOKED_AT.format(conditions=place + near), parameters)


def events_at(environment_id: int, places: Sequence[Position]) -> list[LiveEvent]:
    if not places:
        return []
    with limited(environment_id, TIME_LIMIT):
        parameters = {"times": [each.time for each in places], "ids": [each.id for each in places]}
        return described(environment_id, _AT, parameters)


def _fitting(environment_id: int, only: Selection) -> tuple[str, str, dict[str, Any]]:
    """Conditions on `events e`: that its kind and name may fit, which an index knows, and that it fits."""
    definitions = read_definitions(environment_id, [only.event.lineage] if only.event.lineage else [])
    statement = Statement(Scope(environment_id), Glossary(definitions), timezone.now(), POSTGRESQL)
    rows = Rows(statement)
    near = keyed(rows, keys_of(statement, only.event))
    fits = selected(rows, only)
    if rows.joins:
        raise BadQuery("Events can be filtered by what is known of them, not of people.", "where")
    return f" and {near}", f" and {fits}", statement.parameters


def _searched(shown: list[LiveEvent], environment_id: int, last: str, parameters: dict[str, Any]) -> Page:
    with connection.cursor() as cursor:
        cursor.execute(last, parameters | {"of_environment": environment_id})
        place = cursor.fetchone()
    return Page(shown, Position(*place), LOOKED_AT) if place else Page(shown, None)


def described(environment_id: int, chosen: str, parameters: dict[str, Any]) -> list[LiveEvent]:
    """The events that the SQL `chosen` selects (COLUMNS, from `events e`), newest first, with their people.

    `parameters` are those of `chosen`, which may use `of_environment` besides.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DESCRIBED.format(chosen=chosen), parameters | {"of_environment": environment_id})
        return [_event(row) for row in cursor.fetchall()]


def _event(row: tuple[Any, ...]) -> LiveEvent:
    time, number, kind, name, actor_id, identity, session_id, received_at, properties, *values = row
    return LiveEvent(
        time=time,
        id=number,
        kind=kind,
        name=name,
        actor_id=actor_id,
        identity=identity,
        session_id=session_id,
        received_at=received_at,
        fields={field: web_addresses.read(field, value) for field, value in zip(FIELDS, values, strict=True) if value},
        properties=json.loads(properties),
    )
