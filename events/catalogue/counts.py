"""CountedRows what events and people have, for the catalogue: the SQL, and sums of what it finds."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from django.db import connection, transaction

from common.numbers import NUMBER
from events.catalogue.announcements import AnnouncedRow
from events.catalogue.rows import MOST_NAMES, MOST_PAIRS, OF_PEOPLE, PERSON, following
from events.upkeep import hold_months

SLICE = timedelta(days=1)  # of a month: a statement reads so much at once
PEOPLE_AT_ONCE = 100_000
MOST_ROWS = 2 * (MOST_NAMES + MOST_PAIRS)  # kept in memory, the most frequent of each slice; others have no room anyway
MOST_BYTES = 2**24  # of the names in these: several times what has room, as sites call things

TYPED = f"""
       count(*) filter (where jsonb_typeof(each.value) = 'number'
                           or jsonb_typeof(each.value) = 'string' and each.value #>> '{{}}' ~ '^{NUMBER}$') as numbers,
       count(*) filter (where jsonb_typeof(each.value) = 'string'
                          and each.value #>> '{{}}' !~ '^{NUMBER}$') as texts,
       count(*) filter (where jsonb_typeof(each.value) = 'boolean') as booleans,
"""
EACH = """
       cross join lateral (select null as key, null::jsonb as value
                           union all select p.key, p.value from jsonb_each({properties}) p) each
"""
EVENTS = """
select e.kind as kind, e.name as name, each.key as key, date_trunc('month', e.time, 'UTC')::date as month,
       count(*) as events, {typed} min(e.time) as first_at, max(e.time) as last_at
  from events e {each}
 where {condition} group by 1, 2, 3, 4
"""
OF_MONTH = """
    e.environment_id = %(environment)s and e.time >= %(starts)s and e.time < %(ends)s
       and e.received_at >= %(since)s and e.received_at < %(until)s
"""
# Those that came within an hour are found by their time; later ones have an index of their own (events_late).
AT_ONCE = """
    e.environment_id = %(environment)s and e.time >= %(since)s - interval '1 hour'
       and e.received_at - e.time <= interval '1 hour' and e.received_at >= %(since)s and e.received_at < %(until)s
"""
LATE = """
    e.environment_id = %(environment)s and e.received_at - e.time > interval '1 hour'
       and e.received_at >= %(since)s and e.received_at < %(until)s
"""
PEOPLE = f"""
with part as materialized (
    select actor_id, properties, first_seen_at, last_seen_at from people
     where environment_id = %(environment)s and actor_id > %(after)s order by actor_id limit %(most)s),
last as (select max(actor_id) as actor_id from part)
select '{PERSON}' as kind, '' as name, each.key as key, %(month)s::date as month, count(*) as events, {TYPED}
       coalesce(min(part.first_seen_at), now()) as first_at, coalesce(max(part.last_seen_at), now()) as last_at,
       max(last.actor_id) as reached
  from last, part {EACH.format(properties="part.properties")} group by 1, 2, 3, 4
"""  # noqa: S608  fixed text
FIRST = "-9223372036854775808"
MOST_FREQUENT = """
select kind, name, key, month, events, numbers, texts, booleans, first_at, last_at, {more} all_events, all_values
  from (select counted.*, sum(events) filter (where key is null) over () as all_events,
               sum(events) filter (where key is not null) over () as all_values,
               sum(octet_length(name) + coalesce(octet_length(key), 0))
                   over (order by events desc rows unbounded preceding) as bytes
          from ({counted}) counted) ranked
 where bytes <= %(bytes)s order by events desc limit %(rows)s
"""

RowKey = tuple[str, str, str | None, date]


class CountedRows:
    """How many events have what: rows by kind, name, property and month."""

    def __init__(self, environment_id: int) -> None:
        self._environment_id = environment_id
        self._rows: dict[RowKey, AnnouncedRow] = {}
        self._bytes = 0
        self.left_events = self.left_values = 0  # for want of room

    def add(self, found: list[tuple[Any, ...]]) -> None:
        """Add rows of MOST_FREQUENT."""
        kept = {True: 0, False: 0}
        for kind, name, key, month, events, *numbers, first_at, last_at in (row[:10] for row in found):
            row = self._rows.get((kind, name, key, month))
            if row is None:
                if len(self._rows) >= MOST_ROWS or self._bytes >= MOST_BYTES:
                    continue
                self._bytes += len(name.encode()) + len((key or "").encode())
            kept[key is None] += events
            made = AnnouncedRow(self._environment_id, kind, name, key, month, first_at, last_at, events, *numbers)
            self._rows[kind, name, key, month] = made if row is None else _sum(row, made)
        if found:
            self.left_events += int(found[0][-2] or 0) - kept[True]
            self.left_values += int(found[0][-1] or 0) - kept[False]

    def as_json(self) -> str:
        return msgspec.json.encode(list(self._rows.values())).decode()

    def __bool__(self) -> bool:
        return bool(self._rows)


def _sum(row: AnnouncedRow, more: AnnouncedRow) -> AnnouncedRow:
    return msgspec.structs.replace(
        row,
        events=row.events + more.events,
        numbers=row.numbers + more.numbers,
        texts=row.texts + more.texts,
        booleans=row.booleans + more.booleans,
        first_at=min(row.first_at, more.first_at),
        last_at=max(row.last_at, more.last_at),
    )


def arrivals(environment_id: int, since: datetime, until: datetime) -> CountedRows:
    """Events of all months that arrived from `since` to before `until`."""
    counts = CountedRows(environment_id)
    hold_months()
    for condition in (AT_ONCE, LATE):
        counts.add(_events(environment_id, condition, since=since, until=until))
    return counts


def of_month(environment_id: int, month: date, until: datetime) -> CountedRows:
    """Events of one month, or all people, as far as they had arrived before `until`."""
    counts = CountedRows(environment_id)
    if month == OF_PEOPLE:
        for found in _people(environment_id):
            counts.add(found)
        return counts
    starts, ends = _moment(month), _moment(following(month))
    while starts < ends:
        add_slice(counts, environment_id, starts, starts + SLICE, until=until)
        starts += SLICE
    return counts


def add_of_month(counts: CountedRows, environment_id: int, month: date, since: datetime, until: datetime) -> None:
    """Add the events of one month that arrived between these moments."""
    add_slice(counts, environment_id, _moment(month), _moment(following(month)), since=since, until=until)


def add_slice(
    counts: CountedRows,
    environment_id: int,
    starts: datetime,
    ends: datetime,
    *,
    until: datetime,
    since: datetime | str = "-infinity",
) -> None:
    with transaction.atomic():
        hold_months(starts, ends)
        counts.add(_events(environment_id, OF_MONTH, starts=starts, ends=ends, since=since, until=until))


def _events(environment_id: int, condition: str, **parameters: Any) -> list[tuple[Any, ...]]:
    counted = EVENTS.format(typed=TYPED, each=EACH.format(properties="e.properties"), condition=condition)
    with connection.cursor() as cursor:
        cursor.execute(
            MOST_FREQUENT.format(counted=counted, more=""),
            {"environment": environment_id, "rows": MOST_ROWS, "bytes": MOST_BYTES, **parameters},
        )
        return list(cursor.fetchall())


def _people(environment_id: int) -> Iterator[list[tuple[Any, ...]]]:
    after: int | str = FIRST
    parameters: dict[str, Any] = {
        "environment": environment_id,
        "rows": MOST_ROWS,
        "bytes": MOST_BYTES,
        "most": PEOPLE_AT_ONCE,
        "month": OF_PEOPLE,
    }
    while True:
        with connection.cursor() as cursor:
            cursor.execute(MOST_FREQUENT.format(counted=PEOPLE, more="reached,"), {**parameters, "after": after})
            found = cursor.fetchall()
        if not found:
            return
        after = found[0][10]
        yield found


def _moment(month: date) -> datetime:
    return datetime(month.year, month.month, month.day, tzinfo=UTC)
