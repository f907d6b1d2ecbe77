"""Packs months that are over: their events in the order of what questions ask for, so that little needs an index.

All events of one environment, kind and name lie together then, by time. An index that says where that begins (BRIN)
takes a few bytes for thousands of events; it replaces the index of names, which took more than any other. The other
indexes are built at once, and so have no gaps.

The month is copied in one statement, beside readers and writers. A trigger notes meanwhile which events come or go;
these are copied again (`catch_up`) until none is left. Then the copy takes the month's place, which takes a moment.
Until then nobody sees the copy, and it can be thrown away at any time.
"""

from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from events.holders import is_in_the_way
from events.months import Month

LOCK_MILLISECONDS = 250  # as long as the collector's statements wait: others queue up behind who waits for a lock
PAGES_PER_RANGE = 32  # 1,400 events: half a millisecond to read, and an index of which a month of millions needs little
MOST_OF_THE_REST = 64 * 2**20  # bytes of the partition of all other times, which is read when a copy takes its place
SORTED_IN = "64MB"
LAST_PAGES = 8
# While it copies: a worker that was killed lets nobody wait for hours, and autovacuum gives way after a second.
LIMITS = "set local client_connection_check_interval = '5s'; set local lock_timeout = '10s'"
STILL = "1 day"  # a month most of whose last events arrived in this time grows, and waits

# Months that have the index of names, the largest part of which is gone once they are packed.
LOOSE = """
select class.relname from pg_inherits child
  join pg_class class on class.oid = child.inhrelid
 where child.inhparent = 'events'::regclass and class.relname = any(%s) and pg_relation_size(class.oid) >= %s
   and exists (select from pg_index where indrelid = class.oid and indnatts = 7 and indnkeyatts = 4)
   and pg_relation_size('events_default') <= %s
 order by 1
"""
# What comes last is put on the last pages.
GROWS = sql.SQL("""
select coalesce(avg((received_at > now() - %s::interval)::int), 0) > 0.5 from only {month}
 where ctid >= format('(%%s,0)', greatest(pg_relation_size({name}) / current_setting('block_size')::int - %s, 0))::tid
""")
# What makes a table a partition of `events`: defaults, columns that are not null, checks.
SHAPE = """
select format('alter %I set not null', attname) from pg_attribute
 where attrelid = 'events'::regclass and attnum > 0 and attnotnull and not attisdropped
union all
select format('alter %I set default %s', attname, pg_get_expr(adbin, adrelid)) from pg_attrdef
  join pg_attribute on attrelid = adrelid and attnum = adnum
 where adrelid = 'events'::regclass
union all
select format('add constraint %I %s', conname, pg_get_constraintdef(oid)) from pg_constraint
 where conrelid = 'events'::regclass and contype = 'c'
"""
OTHER_INDEXES = """
select pg_get_indexdef(indexrelid) from pg_index where indrelid = 'events'::regclass and not indisprimary order by 1
"""
# Not `insert`: that fills pages in whatever order it finds them.
IN_ORDER = "create table events_packing as select * from only {month} order by environment_id, kind, name, time, id"
BY_NAME = f"""
create index events_packing_environment_id_kind_name_time_idx on events_packing
 using brin (environment_id, kind, name, time) with (pages_per_range = {PAGES_PER_RANGE})
"""
# By the primary keys, whatever the planner believes of tables that are not analysed.
BY_INDEX = "set local enable_hashjoin = off; set local enable_mergejoin = off; set local enable_seqscan = off"
CATCH_UP = sql.SQL("""
with taken as (
    delete from events_packing_noted where ctid = any(array(select ctid from events_packing_noted limit %s))
    returning environment_id, time, id),
keys as materialized (select distinct environment_id, time, id from taken),
gone as (delete from events_packing using keys
          where (events_packing.environment_id, events_packing.time, events_packing.id)
              = (keys.environment_id, keys.time, keys.id)
            and not exists (select from only {month} e
                             where (e.environment_id, e.time, e.id) = (keys.environment_id, keys.time, keys.id))),
come as (insert into events_packing
         select e.* from keys join only {month} e
             on (e.environment_id, e.time, e.id) = (keys.environment_id, keys.time, keys.id)
         on conflict (environment_id, time, id) do update set ({columns}) = row({excluded}))
select count(*) from taken
""")
COLUMNS = """
select attname from pg_attribute where attrelid = 'events'::regclass and attnum > 0 and not attisdropped order by attnum
"""
# In one statement, so of one moment.
DIFFERS = sql.SQL("""
select exists (select environment_id, time, id from only {month}
               except select environment_id, time, id from events_packing
               except select environment_id, time, id from events_packing_noted)
    or exists (select environment_id, time, id from events_packing
               except select environment_id, time, id from only {month}
               except select environment_id, time, id from events_packing_noted)
""")
# Those on a replica are told by what sends to it (without a database), or by its slot.
OLDER_VIEWS = """
select exists (select from pg_stat_activity
                where coalesce(datname, current_database()) = current_database() and pid <> pg_backend_pid()
                  and age(backend_xmin) > age(%(unseen)s::text::xid))
    or exists (select from pg_replication_slots where active and age(xmin) > age(%(unseen)s::text::xid))
"""


def loose(months: list[Month], least_bytes: int) -> list[Month]:
    """Those of the months that are not packed, have at least so many bytes of events, and do not grow any more.

    None while very many events share the partition of all other times: these are moved first (events/moving.py).
    """
    with connection.cursor() as cursor:
        cursor.execute(LOOSE, [[month.table for month in months], least_bytes, MOST_OF_THE_REST])
        found = [Month.of(table) for (table,) in cursor.fetchall()]
    return [month for month in found if not _grows(month)]


def _grows(month: Month) -> bool:
    with connection.cursor() as cursor:
        statement = GROWS.format(month=sql.Identifier(month.table), name=sql.Literal(month.table))
        cursor.execute(statement, [STILL, LAST_PAGES])
        grows: bool = cursor.fetchone()[0]
        return grows


def begin(month: Month) -> None:
    """Throw away what was begun before, and note from now on which events of this month come or go.

    Raises OperationalError (LockNotAvailable) if somebody writes events of the month for longer than a quarter of a
    second.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        _hurry(cursor)
        throw_away()
        cursor.execute(
            "create table events_packing_noted (environment_id bigint not null, time timestamptz not null, "
            "id bigint not null)"
        )
        _run(
            cursor,
            "create or replace trigger note_packing after insert or delete on {month} for each row "
            "execute function note_packing()",
            month,
        )


def throw_away() -> None:
    """Remove the copy, and the trigger that notes for it; this is turned off only where somebody reads the month.

    Raises as `begin` does.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        _hurry(cursor)
        cursor.execute("select tgrelid::regclass::text from pg_trigger where tgname = 'note_packing'")
        for (table,) in cursor.fetchall():
            month = Month.of(table)
            try:
                with transaction.atomic():
                    _run(cursor, "drop trigger note_packing on {month}", month)
            except OperationalError as error:
                if not is_in_the_way(error):
                    raise
                _run(cursor, "alter table {month} disable trigger note_packing", month)
        cursor.execute("drop table if exists events_packing, events_packing_noted")


def size(month: Month) -> int:
    """How many bytes the month takes with its indexes."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_total_relation_size(%s::regclass)", [month.table])
        found: int = cursor.fetchone()[0]
        return found


def watched() -> list[str]:
    """The tables of which a trigger notes what happens to them: the month that is being packed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select tgrelid::regclass::text from pg_trigger where tgname = 'note_packing' and tgenabled <> 'D'"
        )
        return [table for (table,) in cursor.fetchall()]


def _copy(month: Month) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{LIMITS}; set local work_mem = '{SORTED_IN}'")
        _run(cursor, IN_ORDER, month)


def _shape(month: Month) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LIMITS)
        cursor.execute(SHAPE)
        shape: list[sql.Composable] = [sql.SQL(each) for (each,) in cursor.fetchall()]
        # This constraint spares the look at every row when the copy takes its place.
        of_its_month = sql.SQL("add constraint of_its_month check (time >= {} and time < {})")
        shape.append(of_its_month.format(month.starts, month.ends))
        # Counts read the index alone only where vacuum has been; the stock setting waits for 20 % of new rows.
        shape.append(sql.SQL("set (autovacuum_vacuum_insert_scale_factor = 0.05)"))
        shape.append(sql.SQL("add primary key (environment_id, time, id) with (fillfactor = 100)"))
        cursor.execute(sql.SQL("alter table events_packing {}").format(sql.SQL(", ").join(shape)))


def _index(month: Month) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LIMITS)
        cursor.execute(BY_NAME)
        cursor.execute(OTHER_INDEXES)
        for (definition,) in cursor.fetchall():
            columns, where, condition = definition.partition(" USING ")[2].partition(" WHERE ")
            cursor.execute(f"create index on events_packing using {columns} with (fillfactor = 100){where}{condition}")


def _vacuum(month: Month) -> None:
    with connection.cursor() as cursor:
        cursor.execute("vacuum (freeze, analyze) events_packing")


COPY = (_copy, _shape, _index, _vacuum)
"""Steps that copy all events of the month, in order, with all that a partition needs. None is part of a transaction.

They raise OperationalError (LockNotAvailable) if somebody holds the month, or the copy, for themselves. A step that is
done twice, because a worker was stopped, fails or changes nothing.
"""


def catch_up(month: Month, most: int) -> int:
    """Copy again up to `most` events that came or went meanwhile; returns how many there were.

    One that went and came again under its key may be another now. One worker at a time: else a worker that waits for
    the notes of another sees no copies that this one made, and leaves them there.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("lock table events_packing_noted in share update exclusive mode")  # the next one looks after it
        cursor.execute(BY_INDEX)
        cursor.execute(COLUMNS)
        names = [sql.Identifier(name) for (name,) in cursor.fetchall()]
        statement = CATCH_UP.format(
            month=sql.Identifier(month.table),
            columns=sql.SQL(", ").join(names),
            excluded=sql.SQL(", ").join(sql.SQL("excluded.{}").format(name) for name in names),
        )
        cursor.execute(statement, [most])
        number: int = cursor.fetchone()[0]
        return number


def is_complete(month: Month) -> bool:
    """Whether the copy has the same events, but for those that are noted. Nobody waits while it reads all of both."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("select not ({})").format(DIFFERS.format(month=sql.Identifier(month.table))))
        same: bool = cursor.fetchone()[0]
        return same


class Unseen:
    """Waits until nobody looks at the database as it was before the copy was complete: they would miss events."""

    def __init__(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select pg_current_xact_id()::text")
            (self._transaction,) = cursor.fetchone()

    def is_over(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(OLDER_VIEWS, {"unseen": self._transaction})
            over: bool = not cursor.fetchone()[0]
            return over


def take_place(month: Month) -> bool:
    """Put the copy in the place of the month; whether that was done. If not, events came or went: catch up again.

    All of `events` is locked for that moment. Raises OperationalError (LockNotAvailable) if others read or write for
    longer than a quarter of a second; then nothing has changed, and it can be tried again.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        _hurry(cursor)
        _run(cursor, "lock table only events, only {month} in access exclusive mode", month)
        cursor.execute("select exists (select from events_packing_noted)")
        if cursor.fetchone()[0]:
            return False
        _run(cursor, "alter table events detach partition {month}", month)
        _run(cursor, "drop table {month}", month)
        cursor.execute("drop table events_packing_noted")
        _run(cursor, "alter table events_packing rename to {month}", month)
        cursor.execute("select indexrelid::regclass::text from pg_index where indrelid = %s::regclass", [month.table])
        for (index,) in cursor.fetchall():
            names = (sql.Identifier(name) for name in (index, index.replace("events_packing", month.table, 1)))
            cursor.execute(sql.SQL("alter index {} rename to {}").format(*names))
        bounds = sql.SQL("for values from ({}) to ({})").format(month.starts, month.ends)
        cursor.execute(sql.SQL("alter table events attach partition {} {}").format(sql.Identifier(month.table), bounds))
        _run(cursor, "alter table {month} drop constraint of_its_month", month)
    return True


def _run(cursor: CursorWrapper, statement: str, month: Month) -> None:
    cursor.execute(sql.SQL(statement).format(month=sql.Identifier(month.table)))


def _hurry(cursor: CursorWrapper) -> None:
    cursor.execute("select set_config('lock_timeout', %s, true)", [f"{LOCK_MILLISECONDS}ms"])
