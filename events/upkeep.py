"""Upkeep of the tables: partitions ahead of time, expired idempotency keys, what has arrived for good."""

from datetime import date, datetime

from django.db import connection, transaction

KEY_DAYS = 7  # `collect` treats an older key as new
STEP_ROWS = 10_000

# No event with an earlier `received_at` is still being written: `received_at` is when a transaction
# began. The minute allows for a transaction that has begun but is not visible yet.
BOUNDARY = """
    select least(now() - interval '1 minute', min(xact_start) - interval '1 second')
      from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
"""
FORGET_SQL = """
delete from idempotency_keys
 where ctid = any(array(
       select ctid from idempotency_keys where at < now() - make_interval(days => %s) limit %s for update skip locked))
"""


def ensure_partitions(first: date, last: date, *, lock_seconds: float = 3.0) -> int:
    """Give every month from `first` to `last` a partition of its own. Returns how many were created.

    Waits only so long for readers and writers, because others queue up behind a statement that waits for a lock.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select set_config('lock_timeout', %s, true)", [f"{lock_seconds * 1000:.0f}ms"])
        cursor.execute("select ensure_event_partitions(%s, %s)", [first, last])
        made: int = cursor.fetchone()[0]
    return made


def hold_months(start: datetime | str = "-infinity", end: datetime | str = "infinity") -> None:
    """Let no events of this time move into a new partition until the transaction ends.

    A statement that waits while a month is made reads on without the new partition, and misses the events that moved.
    So whoever reads events to keep what they found has this statement wait in its place.
    """
    with connection.cursor() as cursor:
        cursor.execute("select 1 as held from events where time >= %s and time < %s limit 0", [start, end])


def settled_until() -> datetime:
    """The moment before which nothing arrives any more, by `received_at`: a minute ago at the latest."""
    with connection.cursor() as cursor:
        cursor.execute(BOUNDARY)
        moment: datetime = cursor.fetchone()[0]
    return moment


def forget_keys(rows: int = STEP_ROWS) -> int:
    """Delete up to `rows` expired keys. Returns how many were deleted."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET_SQL, [KEY_DAYS, rows])
        forgotten: int = cursor.rowcount
    return forgotten
