"""Names and values that occur in the data, for the fields of a form. Cheap before complete: recent events only."""

from datetime import timedelta
from typing import Any

from django.db import connection

from analytics.questions.conditions import Field, Source, read_value
from analytics.questions.query import Scope
from analytics.sql.dialect import POSTGRESQL
from analytics.store.postgresql.snapshot import limited
from common import web_addresses

SAMPLE = 5_000  # newest events, or people last seen, that are looked at
MOST = 50
TIME_LIMIT = timedelta(seconds=2)
MAX_LENGTH = 200  # a longer value is of no use in a list

SAMPLED = {
    "events": "select {columns} from events where environment_id = %(environment)s order by time desc limit {sample}",
    "people": "select {columns} from people where environment_id = %(environment)s "
    "order by {active} desc, actor_id desc limit {sample}",
}


def event_names(scope: Scope, part: str = "") -> list[str]:
    inner = _sample("events", "name, kind")
    sql = f"select name as value from ({inner}) e where kind = 'custom' and name <> ''"  # noqa: S608
    return _frequent(scope, sql, part)


def property_names(scope: Scope, source: Source, part: str = "") -> list[str]:
    inner = _sample("people" if source is Source.USER else "events", "properties")
    return _frequent(scope, f"select jsonb_object_keys(properties) as value from ({inner}) e", part)  # noqa: S608


def field_values(scope: Scope, field: Field, part: str = "") -> list[str]:
    table = "people" if field.is_of_people else "events"
    if field.source in (Source.EVENT, Source.PERSON):
        sql = f"select {field.key} as value from ({_sample(table, field.key)}) e"  # noqa: S608  # one of the fixed fields
        found = _frequent(scope, sql, part, *web_addresses.spellings(field.key, part)[1:])
        return list(dict.fromkeys(read_value(field, each) for each in found))
    sql = f"select properties ->> %(key)s as value from ({_sample(table, 'properties')}) e"  # noqa: S608
    return _frequent(scope, sql, part, key=field.key)


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
