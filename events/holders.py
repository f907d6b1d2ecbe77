"""Who is in the way of a change to a table: process ids of the database, for the log."""

from django.db import connection
from psycopg.errors import LockNotAvailable

HOLDERS = """
select distinct pid from pg_locks
 where relation = any(select to_regclass(name) from unnest(%s::text[]) name) and granted and pid <> pg_backend_pid()
   and database = (select oid from pg_database where datname = current_database())
 order by 1
"""
STAYING = """
select pid from pg_stat_activity activity
 where datname = current_database() and pid <> pg_backend_pid()
   and xact_start <= clock_timestamp() - make_interval(secs => %s)
   and (backend_xmin is not null or pid = any(%s::int[]))
 order by 1
"""


def holders(*tables: str) -> list[int]:
    """Those that hold a lock on one of the tables."""
    with connection.cursor() as cursor:
        cursor.execute(HOLDERS, [list(tables)])
        return [pid for (pid,) in cursor.fetchall()]


def staying(table: str, seconds: float) -> list[int]:
    """Those whose transaction is that old, and uses the table or looks at the database as it was at some moment."""
    with connection.cursor() as cursor:
        cursor.execute(STAYING, [seconds, holders(table)])
        return [pid for (pid,) in cursor.fetchall()]


def named(pids: list[int]) -> str:
    """ "processes 12, 34"; without any, those are meant that cannot be told."""
    if not pids:
        return "nobody who stays, but others all the time, or a replica"
    return f"process{'es' * (len(pids) > 1)} {', '.join(map(str, pids))} of the database"


def is_in_the_way(error: Exception) -> bool:
    """Whether a statement failed because somebody held a lock for longer than it waits."""
    return isinstance(error.__cause__, LockNotAvailable)
