"""Keeping the tables in shape: partitions ahead of time, keys no longer than they count."""

from datetime import date

from django.db import connection

KEY_DAYS = 7  # `collect` takes an older key for a new one
STEP_ROWS = 10_000

FORGET_SQL = """
delete from idempotency_keys
 where ctid = any(array(
       select ctid from idempotency_keys where at < now() - make_interval(days => %s) limit %s for update skip locked))
"""


def ensure_partitions(first: date, last: date) -> int:
    """Give every month from `first` to `last` a partition of its own; returns how many were made.

    Waits a few seconds at most for who reads or writes: what waits for a lock makes all others wait behind it.
    """
    with connection.cursor() as cursor:
        cursor.execute("select set_config('lock_timeout', '3s', false)")
        try:
            cursor.execute("select ensure_event_partitions(%s, %s)", [first, last])
            made: int = cursor.fetchone()[0]
        finally:
            cursor.execute("reset lock_timeout")
    return made


def forget_keys(rows: int = STEP_ROWS) -> int:
    """Delete up to `rows` keys that are over; returns how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET_SQL, [KEY_DAYS, rows])
        forgotten: int = cursor.rowcount
    return forgotten
