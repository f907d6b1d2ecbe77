"""What is known of single names of the catalogue: their days and months, their properties and some values."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection

from analytics.questions.conditions import Source
from analytics.questions.query import EventReference, Scope
from analytics.questions.spans import Bucket
from analytics.rollups.reader import kept_days
from analytics.sql.days import NO_ROBOT
from analytics.store.catalogue import KnownEvent, KnownProperty
from analytics.store.postgresql.catalogue import SUMS, TIME_LIMIT, event_key, rows
from analytics.store.postgresql.snapshot import limited
from events.catalogue.rows import PERSON

VALUES_OF = 200  # newest events, from which the values are
VALUES_EACH = 3
LONGEST_VALUE = 80  # characters

COUNTED_DAYS = """
    select c.kind, c.name, c.starts, c.events from rollup_counts c
      join unnest(%(kinds)s::text[], %(names)s::text[]) as wanted(kind, name) using (kind, name)
     where c.environment_id = %(environment)s and c.starts = any(%(starts)s)
"""
OTHER_DAYS = f"""
    select wanted.kind, wanted.name, day.starts, counted.events
      from unnest(%(kinds)s::text[], %(names)s::text[]) as wanted(kind, name)
     cross join unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) as day(starts, ends)
     cross join lateral (
           select count(*) as events from events e
            where e.environment_id = %(environment)s and e.kind = wanted.kind and e.name = wanted.name
              and e.time >= day.starts and e.time < day.ends
              and ({NO_ROBOT.format(alias="e")} or not %(without_robots)s)) counted
     where counted.events > 0
"""  # noqa: S608  fixed text
MONTHS = f"""
select k.key, c.month, sum(c.events)::bigint from catalogue_keys k
  join catalogue_counts c on c.environment_id = k.environment_id and c.key_id = k.id
  join catalogue_names n on n.id = c.name_id and n.kind <> '{PERSON}'
 where k.environment_id = %(environment)s and k.key = any(%(keys)s) and c.month >= %(since)s group by 1, 2
"""  # noqa: S608  fixed text
LAST = """
select n.kind, n.name, max(c.last_at) filter (where c.events > 0)
  from unnest(%(kinds)s::text[], %(names)s::text[]) as wanted(kind, name)
  join catalogue_names n on n.environment_id = %(environment)s and n.kind = wanted.kind and n.name = wanted.name
  join catalogue_counts c on c.environment_id = n.environment_id and c.name_id = n.id and c.key_id = 0
 group by n.kind, n.name
"""
OF_EVENT = f"""
select k.key, {SUMS} from catalogue_names n
  join catalogue_counts c on c.environment_id = n.environment_id and c.name_id = n.id and c.key_id <> 0
  join catalogue_keys k on k.id = c.key_id
 where n.environment_id = %(environment)s and n.kind = %(kind)s and n.name = %(name)s
 group by k.key order by events desc, k.key limit %(most)s
"""  # noqa: S608  fixed text
WITH_PROPERTY = f"""
select n.kind, n.name, sum(c.events)::bigint as events, min(c.first_at), max(c.last_at) from catalogue_keys k
  join catalogue_counts c on c.environment_id = k.environment_id and c.key_id = k.id
  join catalogue_names n on n.id = c.name_id and n.kind <> '{PERSON}'
 where k.environment_id = %(environment)s and k.key = %(key)s
 group by n.id, n.kind, n.name order by events desc, n.name limit %(most)s
"""  # noqa: S608  fixed text
VALUES = f"""
select key, value from (
    select p.key, p.value, row_number() over (partition by p.key order by count(*) desc, p.value) as place
      from (select properties from events where environment_id = %(environment)s and kind = %(kind)s and name = %(name)s
             order by time desc limit {VALUES_OF}) e
     cross join lateral jsonb_each_text(e.properties) p
     where p.value <> '' and length(p.value) <= {LONGEST_VALUE} group by 1, 2) ranked
 where place <= {VALUES_EACH} order by key, place
"""  # noqa: S608  fixed text


def daily_events(scope: Scope, events: Sequence[EventReference], days: Sequence[Bucket]) -> Mapping[str, list[int]]:
    keys = {key: str(each) for each in events if (key := event_key(each))}
    found = {reference: [0] * len(days) for reference in keys.values()}
    places = {day.start: place for place, day in enumerate(days)}
    wanted: dict[str, Any] = {
        "environment": scope.environment_id,
        "kinds": [kind for kind, _ in keys],
        "names": [n for _, n in keys],
    }
    with limited(scope.environment_id, TIME_LIMIT), connection.cursor() as cursor:
        kept = kept_days(scope, days)
        usable = kept.days - kept.without_names
        others = [day for day in days if day.start not in usable]
        cursor.execute(COUNTED_DAYS, {**wanted, "starts": sorted(usable)})
        counted = cursor.fetchall()
        edges = {"starts": [day.start for day in others], "ends": [day.end for day in others]}
        cursor.execute(OTHER_DAYS, {**wanted, **edges, "without_robots": scope.without_robots})
        for kind, name, start, count in [*counted, *cursor.fetchall()]:
            found[keys[kind, name]][places[start]] += count
    return found


def monthly_values(scope: Scope, keys: Sequence[str], since: date) -> dict[str, dict[date, int]]:
    found: dict[str, dict[date, int]] = {key: {} for key in keys}
    for key, month, count in rows(MONTHS, scope, keys=list(keys), since=since):
        found[key][month] = count
    return found


def last_seen(scope: Scope, events: Sequence[EventReference]) -> dict[str, datetime | None]:
    keys = {key: str(each) for each in events if (key := event_key(each))}
    found = rows(LAST, scope, kinds=[kind for kind, _ in keys], names=[name for _, name in keys])
    return {keys[kind, name]: at for kind, name, at in found}


def properties_of(scope: Scope, event: EventReference, most: int) -> list[KnownProperty]:
    kind, name = event_key(event) or ("", "")
    found = rows(OF_EVENT, scope, kind=kind, name=name, most=most)
    return [KnownProperty(Source.PROPERTY, *row) for row in found]


def events_with(scope: Scope, key: str, most: int) -> list[KnownEvent]:
    return [KnownEvent(*row) for row in rows(WITH_PROPERTY, scope, key=key, most=most)]


def values_of(scope: Scope, event: EventReference) -> dict[str, list[str]]:
    kind, name = event_key(event) or ("", "")
    found: dict[str, list[str]] = {}
    with limited(scope.environment_id, TIME_LIMIT):
        values = rows(VALUES, scope, kind=kind, name=name)
    for key, value in values:
        found.setdefault(key, []).append(value)
    return found
