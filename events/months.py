"""The months of `events`: partitions, and months without one, whose events share the partition of all other times."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import connection

MONTHS = """
select class.relname from pg_inherits child
  join pg_class class on class.oid = child.inhrelid
 where child.inhparent = 'events'::regclass and class.relname ~ '^events_[0-9]{4}_[0-9]{2}$' order by 1
"""
CROWDED = """
select date_trunc('month', time, 'UTC') as month from only events_default
 where time >= %s and time < %s group by 1 having count(*) >= %s order by 1
"""


@dataclass(frozen=True)
class Month:
    """A partition of `events`: one month, in UTC."""

    table: str
    starts: datetime
    ends: datetime

    @classmethod
    def of(cls, table: str) -> "Month":
        year, month = (int(part) for part in table.removeprefix("events_").split("_"))
        following = (year + month // 12, month % 12 + 1)
        return cls(table, datetime(year, month, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC))


def months() -> list[Month]:
    """The months that have a partition, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(MONTHS)
        return [Month.of(table) for (table,) in cursor.fetchall()]


def without_partition(first: date, last: date, least: int) -> list[Month]:
    """The months from `first` to `last` that have at least so many events and no partition. Reads all such events."""
    starts, ends = Month.of(f"events_{first:%Y_%m}").starts, Month.of(f"events_{last:%Y_%m}").ends
    with connection.cursor() as cursor:
        cursor.execute(CROWDED, [starts, ends, least])
        return [Month.of(f"events_{month.astimezone(UTC):%Y_%m}") for (month,) in cursor.fetchall()]
