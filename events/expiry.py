"""Removes events that are kept no longer: whole months where nobody keeps any of theirs, the others in steps."""

from datetime import datetime

from django.db import connection, transaction
from psycopg import sql

from events.catalogue.counting import note
from events.catalogue.rows import OF_PEOPLE
from events.erasure import lists_of_actors
from events.months import Month

LOCK_MILLISECONDS = 250  # as long as the collector's statements wait: others queue up behind who waits for a lock

# One environment after the other, through the primary key. The planner may take a small table for cheaper to read.
OWNERS = sql.SQL("""
with recursive owner(id) as (
    (select environment_id from only {month} order by environment_id limit 1)
    union all
    select (select environment_id from only {month} m where m.environment_id > owner.id order by environment_id limit 1)
      from owner where owner.id is not null)
select id from owner where id is not null
""")
# From `events` itself, not from a partition: otherwise the counted days would not notice. An event that somebody has
# locked, for hours maybe, stays until the next night: who waited for it would hold up all jobs.
SOME_EVENTS = """
with old as materialized (
    select time, id from events
     where environment_id = %(environment)s and time >= %(start)s and time < %(end)s order by time limit %(most)s
       for update skip locked)
delete from events e using old
 where e.environment_id = %(environment)s and e.time = old.time and e.id = old.id
   and e.time >= %(start)s and e.time < %(end)s
"""
# Whoever is being written waits; they are looked at again when the row is free.
SOME_PEOPLE = """
with old as materialized (
    select p.actor_id from people p
     where p.environment_id = %(environment)s and p.last_seen_at is not null
       and coalesce(p.last_seen_at, timestamptz '1970-01-01 00:00:00+00') < %(before)s
       and not exists (select from events e where e.environment_id = %(environment)s and e.actor_id = p.actor_id)
       and not exists (
           select from merges m
             join events e on e.environment_id = m.environment_id and e.actor_id = m.from_actor
            where m.environment_id = %(environment)s and m.to_actor = p.actor_id)
     order by coalesce(p.last_seen_at, timestamptz '1970-01-01 00:00:00+00'), p.actor_id limit %(most)s
       for update of p skip locked),
{further}unmerged as (
    delete from merges m using old where m.environment_id = %(environment)s and m.to_actor = old.actor_id)
delete from people p using old where p.environment_id = %(environment)s and p.actor_id = old.actor_id
"""
OFF_A_LIST = """gone_from_{table} as (
    delete from {table} s using old where s.environment_id = %(environment)s and (s.actor_id = old.actor_id or exists (
        select from merges m where m.environment_id = %(environment)s and m.from_actor = s.actor_id
                               and m.to_actor = old.actor_id))),
"""
BY_INDEX = """
select set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
       set_config('enable_seqscan', 'off', true)
"""


def owners(month: Month) -> set[int]:
    """The environments that have events in this month, by one look at the index for each."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(BY_INDEX)
        cursor.execute(OWNERS.format(month=sql.Identifier(month.table)))
        return {owner for (owner,) in cursor.fetchall()}


def count(month: Month, environment_id: int) -> int:
    """How many events the environment has in this month."""
    with connection.cursor() as cursor:
        statement = sql.SQL("select count(*) from only {} where environment_id = %s")
        cursor.execute(statement.format(sql.Identifier(month.table)), [environment_id])
        number: int = cursor.fetchone()[0]
        return number


def lock(month: Month) -> None:
    """Keep everybody else away from the month until the end of this transaction.

    Waits a quarter of a second at most, then raises OperationalError (LockNotAvailable).
    """
    with connection.cursor() as cursor:
        cursor.execute("select set_config('lock_timeout', %s, true)", [f"{LOCK_MILLISECONDS}ms"])
        cursor.execute(sql.SQL("lock table only {} in access exclusive mode").format(sql.Identifier(month.table)))


def drop(month: Month) -> None:
    """Drop the month, which this transaction has locked. All of `events` is locked for the moment that it takes.

    What comes for this month later goes to the partition of all other times. Raises as `lock` does.
    """
    for owner in owners(month):
        note(owner, month.starts.date())
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("drop table {}").format(sql.Identifier(month.table)))


def has_events(environment_id: int, start: datetime, end: datetime) -> bool:
    """Whether the environment has an event from `start` (included) to `end` (not included)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select exists (select from events where environment_id = %s and time >= %s and time < %s)",
            [environment_id, start, end],
        )
        found: bool = cursor.fetchone()[0]
        return found


def remove_events(environment_id: int, start: datetime, end: datetime, most: int) -> int:
    """Remove the oldest events from `start` to `end`; returns how many. Counted days follow."""
    return _removed(SOME_EVENTS, environment=environment_id, start=start, end=end, most=most)


def remove_people(environment_id: int, before: datetime, most: int) -> int:
    """Remove people last seen before that moment who have no events any more; returns how many.

    Those who never had any stay: their properties were given for what they will do.
    """
    further = "".join(OFF_A_LIST.format(table=table) for table in lists_of_actors)
    removed = _removed(SOME_PEOPLE.format(further=further), environment=environment_id, before=before, most=most)
    if removed:
        note(environment_id, OF_PEOPLE)
    return removed


@transaction.atomic
def _removed(statement: str, **parameters: int | datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(BY_INDEX)
        cursor.execute(statement, parameters)
        number: int = cursor.rowcount
        return number
