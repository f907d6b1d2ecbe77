"""Gives old months partitions of their own, while others read and write.

Their events share the partition of all other times. All that it holds is copied in steps, to `events_moving`, which is
divided by month as `events` should be. A trigger does to the copies what is done to the events meanwhile. At the end
the copies take the events' place: that takes a moment, however many they are. Until then nobody sees them, and they
can be thrown away at any time.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from events.months import Month, months

LOCK_MILLISECONDS = 250  # as long as the collector's statements wait: others queue up behind who waits for a lock
PART = "events_moving"
REST = "events_moving_default"

Reached = tuple[int, datetime, int]
"""How far events are copied: the key of the last one, environment, time, id."""

COPY = """
with chunk as materialized (
    select * from only events_default
     where (environment_id, time, id) > (%s, %s, %s) order by environment_id, time, id limit %s for key share),
copied as (insert into events_moving select * from chunk on conflict do nothing)
select environment_id, time, id from chunk order by environment_id desc, time desc, id desc limit 1
"""
# Both in one statement, so of one moment: the trigger keeps them the same at any.
DIFFERS = """
select exists (select environment_id, time, id from only events_default
               except select environment_id, time, id from events_moving)
    or exists (select environment_id, time, id from events_moving
               except select environment_id, time, id from only events_default)
"""
TRIGGER = """
create trigger copy_moving after insert or delete on events_default for each row execute function copy_moving()
"""


def begin(wanted: Sequence[Month]) -> None:
    """Throw away what was begun before, and begin to copy, for these months.

    Raises OperationalError (LockNotAvailable) if somebody writes old events for longer than a quarter of a second.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        _hurry(cursor)
        throw_away()
        cursor.execute("create table events_moving (like events including all) partition by range (time)")
        cursor.execute("select index_names('events_moving')")
        _run("create table {part} partition of events_moving default", part=sql.Identifier(REST))
        for month in wanted:
            # Counts read the index alone only where vacuum has been; the stock setting waits for 20 % of new rows.
            # The constraint spares the look at every row when the partition takes its place.
            _run(
                "create table {part} partition of events_moving (constraint of_its_month check {condition}) {range} "
                "with (autovacuum_vacuum_insert_scale_factor = 0.05)",
                part=sql.Identifier(_part(month)),
                condition=sql.SQL("(time >= {} and time < {})").format(month.starts, month.ends),
                range=_range(month),
            )
        cursor.execute(TRIGGER)


def throw_away() -> None:
    """Remove the copies, and the trigger that keeps them.

    Raises OperationalError (LockNotAvailable) if others use old events for longer than a quarter of a second.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        _hurry(cursor)
        cursor.execute("drop trigger if exists copy_moving on events_default")
        cursor.execute("drop table if exists events_moving")


def has_begun() -> bool:
    """Whether there are copies that a trigger keeps."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select to_regclass('events_moving') is not null and exists (select from pg_trigger "
            "where tgname = 'copy_moving' and tgrelid = 'events_default'::regclass)"
        )
        begun: bool = cursor.fetchone()[0]
        return begun


def copy(after: Reached, most: int) -> Reached | None:
    """Copy the next `most` events after that one; returns the last of them, None if there is none."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off; set local enable_sort = off")
        cursor.execute(COPY, [*after, most])
        place: Reached | None = cursor.fetchone()
        return place


def is_complete() -> bool:
    """Whether the copies are the events, every one. Reads all of both, and keeps nobody waiting."""
    with connection.cursor() as cursor:
        cursor.execute(f"select not ({DIFFERS})")
        same: bool = cursor.fetchone()[0]
        return same


def take_place() -> list[Month]:
    """Put the copies in the place of the events; returns the months that have partitions of their own now.

    All of `events` is locked for that moment. Raises OperationalError (LockNotAvailable) if others read or write for
    longer than a quarter of a second; then nothing has changed, and it can be tried again.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        _hurry(cursor)
        cursor.execute("lock table only events, only events_default in access exclusive mode")
        made = [month for month in _copied() if month not in months()]  # an import may have made one meanwhile
        cursor.execute("drop trigger copy_moving on events_default")
        cursor.execute("alter table events detach partition events_default")
        cursor.execute("drop table events_default")
        for month in made:
            names = {"part": sql.Identifier(_part(month)), "table": sql.Identifier(month.table), "range": _range(month)}
            _run("alter table events_moving detach partition {part}", **names)
            _run("alter table {part} rename to {table}", **names)
            _run("alter table events attach partition {table} {range}", **names)
            _run("alter table {table} drop constraint of_its_month", **names)
        cursor.execute("alter table events_moving detach partition events_moving_default")
        cursor.execute("alter table events_moving_default rename to events_default")
        cursor.execute("alter table events attach partition events_default default")
        cursor.execute("drop table events_moving")
    with connection.cursor() as cursor:
        for table in [*(month.table for month in made), "events_default"]:
            cursor.execute(sql.SQL("analyze {}").format(sql.Identifier(table)))
    return made


def _copied() -> list[Month]:
    """The months that were copied."""
    with connection.cursor() as cursor:
        cursor.execute("select inhrelid::regclass::text from pg_inherits where inhparent = 'events_moving'::regclass")
        parts = [part for (part,) in cursor.fetchall() if part != REST]
    return [Month.of(part.replace(PART, "events", 1)) for part in sorted(parts)]


def _part(month: Month) -> str:
    return month.table.replace("events", PART, 1)


def _range(month: Month) -> sql.Composed:
    return sql.SQL("for values from ({}) to ({})").format(month.starts, month.ends)


def _run(statement: str, **names: sql.Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(**names))


def _hurry(cursor: CursorWrapper) -> None:
    cursor.execute("select set_config('lock_timeout', %s, true)", [f"{LOCK_MILLISECONDS}ms"])
