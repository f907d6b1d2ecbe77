"""Upkeep of the tables: create partitions ahead of time, delete expired idempotency keys."""

from datetime import date, datetime

from django.db import connection, transaction

KEY_DAYS = 7  # `collect` treats an older key as new
STEP_ROWS = 10_000

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


def forget_keys(rows: int = STEP_ROWS) -> int:
    """Delete up to `rows` expired keys. Returns how many were deleted."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET_SQL, [KEY_DAYS, rows])
        forgotten: int = cursor.rowcount
    return forgotten
