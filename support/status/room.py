"""How much room the database takes, and when the disk is full if events come as in the last week."""

from dataclasses import dataclass

import psycopg
from django.conf import settings

from collector.decide import Outcome
from common import disk

SOON_DAYS = 14  # the status page says so
MAIL_DAYS = 7  # and staff get a mail, every day

# Events take what they take on average now, with indexes; the rest of the database hardly grows.
MEASURE = """
with part as (
    select pg_total_relation_size(class.oid) as bytes, class.reltuples as events
      from pg_partition_tree('events') tree join pg_class class on class.oid = tree.relid
     where tree.isleaf and class.reltuples > 0),
week as (
    select sum(events) / greatest(1, least(7, extract(epoch from now() - min(hour)) / 86400)) as a_day
      from collector_collectedhour where outcome = %s and hour > now() - interval '7 days')
select pg_database_size(current_database()),
       ((select sum(bytes) / sum(events) from part) * (select a_day from week))::float8
"""


@dataclass(frozen=True)
class Room:
    """In bytes. `free` is None for a server of one's own, whose disk is not known here; `a_day` without events."""

    database: int
    free: int | None
    a_day: float | None

    @property
    def days_left(self) -> float | None:
        """Until the disk is full; None if nobody can tell, or nothing comes."""
        return self.free / self.a_day if self.free is not None and self.a_day else None


def measure(connection: psycopg.Connection) -> Room:
    """Look it up. Raises psycopg.Error."""
    found = connection.execute(MEASURE, [Outcome.ACCEPTED.value]).fetchone()
    assert found is not None
    return Room(found[0], _free(), found[1])


def _free() -> int | None:
    try:
        return disk.free_bytes(settings.DATA_DIR / "postgres") if settings.PRIVATE_DATABASE else None
    except OSError:
        return None


def warning(room: Room, days: int) -> str:
    """A sentence if the disk is full within so many days; else ''."""
    left = room.days_left
    if left is None or left >= days:
        return ""
    when = "within a day" if left < 1 else "in a day" if left < 2 else f"in {left:.0f} days"
    return f"The disk of the database is full {when}, if events come as in the last week."
