"""The newest events, of everybody or of some actors."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection

from analytics.store.live import FIELDS, PAGE_SIZE, LiveEvent, Page, Position
from analytics.store.postgresql.snapshot import limited
from common import web_addresses

TIME_LIMIT = timedelta(seconds=5)

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
select {COLUMNS} from events e where e.environment_id = %(of_environment)s {{conditions}}
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


def newest_events(environment_id: int, before: Position | None = None, actors: Sequence[int] | None = None) -> Page:
    parameters: dict[str, Any] = {"limit": PAGE_SIZE + 1, "actors": list(actors or ())}
    if before is not None:
        parameters |= {"time": before.time, "id": before.id}
    chosen = _NEWEST if actors is None else _NEWEST_OF_ACTORS
    with limited(environment_id, TIME_LIMIT):
        events = described(environment_id, chosen.format(conditions=_BEFORE if before else ""), parameters)
    shown = events[:PAGE_SIZE]
    return Page(shown, shown[-1].position if len(events) > PAGE_SIZE else None)


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
