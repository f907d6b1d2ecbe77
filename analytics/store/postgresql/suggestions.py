"""Names and values that occur in the data, for the fields of a form.

Names are those of the catalogue, and until an environment is counted for it also those of recent events. Values are
those of recent events, and of the newest that have the property.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.db import connection

from analytics.questions.conditions import Field, Source, read_value
from analytics.questions.query import EventReference, Scope
from analytics.sql.dialect import POSTGRESQL
from analytics.store.failures import QueryTimeout
from analytics.store.postgresql.catalogue import catalogue_state, known_events, known_properties
from analytics.store.postgresql.snapshot import limited
from common import web_addresses
from events.catalogue.rows import PERSON

SAMPLE = 5_000  # newest events, or people last seen, that are looked at
EVENTS_WITH_IT, SAMPLE_OF_EACH = 5, 1_000
MOST = 50
TIME_LIMIT = timedelta(seconds=2)
MAX_LENGTH = 200  # a longer value is of no use in a list

SAMPLED = {
    "events": "select {columns} from events where environment_id = %(environment)s order by time desc limit {sample}",
    "people": "select {columns} from people where environment_id = %(environment)s "
    "order by {active} desc, actor_id desc limit {sample}",
}
NOT_HIDDEN = """
    (lower(value) = lower(%(whole)s) or not exists (
        select 1 from analytics_namenote t
         where t.environment_id = %(environment)s and t.kind = %(kind)s and t.name = value and t.is_hidden))
"""
# Of each of the events that had it last, those up to then: it is among the newest of these, however rare it is.
OF_THOSE_WITH_IT = f"""
    select e.properties ->> %(key)s as value
      from (select n.kind, n.name, max(c.last_at) as last_at
              from catalogue_keys k
              join catalogue_counts c on c.environment_id = k.environment_id and c.key_id = k.id
              join catalogue_names n on n.environment_id = c.environment_id and n.id = c.name_id
             where k.environment_id = %(environment)s and k.key = %(key)s and n.kind <> '{PERSON}'
             group by n.id, n.kind, n.name order by last_at desc limit {EVENTS_WITH_IT}) has
     cross join lateral (
           select properties from events
            where environment_id = %(environment)s and kind = has.kind and name = has.name and time <= has.last_at
            order by time desc limit {SAMPLE_OF_EACH}) e
"""  # noqa: S608  fixed text


def event_names(scope: Scope, part: str = "") -> list[str]:
    known = [each.name for each in known_events(scope, part) if each.kind == "custom" and each.name]
    inner = _sample("events", "name, kind")
    sql = f"select name as value from ({inner}) e where kind = 'custom' and name <> ''"  # noqa: S608
    return _with_recent(scope, known, sql, part, "event")


def property_names(scope: Scope, source: Source, part: str = "", of: Sequence[EventReference] = ()) -> list[str]:
    known = [each.key for each in known_properties(scope, source, part, of)]
    inner = _sample("people" if source is Source.USER else "events", "properties")
    return _with_recent(scope, known, f"select jsonb_object_keys(properties) as value from ({inner}) e", part, source)  # noqa: S608


def field_values(scope: Scope, field: Field, part: str = "") -> list[str]:
    table = "people" if field.is_of_people else "events"
    if field.source in (Source.EVENT, Source.PERSON):
        sql = f"select {field.key} as value from ({_sample(table, field.key)}) e"  # noqa: S608  # one of the fixed fields
        found = _frequent(scope, sql, part, *web_addresses.spellings(field.key, part)[1:])
        return list(dict.fromkeys(read_value(field, each) for each in found))
    sql = f"select properties ->> %(key)s as value from ({_sample(table, 'properties')}) e"  # noqa: S608
    found = _frequent(scope, sql, part, key=field.key)
    if len(found) < MOST and field.source is Source.PROPERTY:  # a rare one
        with suppress(QueryTimeout):
            found += _frequent(scope, OF_THOSE_WITH_IT, part, key=field.key)
    return list(dict.fromkeys(found))[:MOST]


def _with_recent(scope: Scope, known: list[str], sql: str, part: str, kind: str) -> list[str]:
    """The names of the catalogue. Before an environment was counted, with those of recent events."""
    if catalogue_state(scope).counted_until is None:
        offered = f"select value from ({sql}) recent where {NOT_HIDDEN}"  # noqa: S608
        known = list(dict.fromkeys([*known, *_frequent(scope, offered, part, kind=kind, whole=part)]))[:MOST]
    return known


def _sample(table: str, columns: str) -> str:
    active = POSTGRESQL.or_epoch("last_seen_at")  # as the index has it
    return SAMPLED[table].format(columns=columns, sample=SAMPLE, active=active)


def _frequent(scope: Scope, sql: str, *parts: str, **parameters: Any) -> list[str]:
    """The most frequent of the rows' `value`s that contain one of the parts. Raises QueryTimeout."""
    chosen = (
        f"select value from ({sql}) v where value <> '' and length(value) <= {MAX_LENGTH} "  # noqa: S608
        "and exists (select 1 from unnest(%(parts)s::text[]) part where strpos(lower(value), lower(part)) > 0) "
        f"group by 1 order by count(*) desc, value limit {MOST}"
    )
    with limited(scope.environment_id, TIME_LIMIT), connection.cursor() as cursor:
        cursor.execute(chosen, {"environment": scope.environment_id, "parts": list(parts), **parameters})
        return [value for (value,) in cursor.fetchall()]
