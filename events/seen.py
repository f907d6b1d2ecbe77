"""When people were first and last seen, from their events: corrects rows written while properties counted as activity.

Step by step, while events are collected. A step locks the rows of its people, so that who sees a newer event waits for
it and wins. But a writer leaves a row alone that tells enough already, and the step may change that row before it can
see the writer's events. So it waits until all who write now are done, and looks at what it has corrected once more.

Visitors come before the identities into which they may be folded meanwhile: their numbers are higher.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import sleep

from django.db import OperationalError, connection, transaction

from events.faults import Fault, fault_of

STEP_PEOPLE = 500
TRIES = 4  # after deadlocks with writers
SECONDS_BETWEEN_LOOKS = 0.01

NEXT = """
select environment_id, actor_id from people where (environment_id, actor_id) < (%s, %s)
 order by environment_id desc, actor_id desc limit %s
"""
LOCK = """
select 1 from people join unnest(%s::bigint[], %s::bigint[]) as p(environment_id, actor_id)
       using (environment_id, actor_id)
 order by environment_id, actor_id for no key update of people
"""
# Each actor's first and last event come from the ends of an index, in every partition.
CORRECT = """
with seen as (
    select p.environment_id, p.actor_id, min(event.first_at) as first_at, max(event.last_at) as last_at
      from unnest(%s::bigint[], %s::bigint[]) as p(environment_id, actor_id)
     cross join lateral (
           select p.actor_id as actor_id
           union all
           select from_actor from merges m where m.environment_id = p.environment_id and m.to_actor = p.actor_id
           ) as actor
     cross join lateral (
           select min(time) as first_at, max(time) as last_at from events e
            where e.environment_id = p.environment_id and e.actor_id = actor.actor_id) as event
     group by 1, 2)
update people p set first_seen_at = seen.first_at, last_seen_at = seen.last_at
  from seen
 where p.environment_id = seen.environment_id and p.actor_id = seen.actor_id
   and (p.first_seen_at is distinct from seen.first_at or seen.last_at is null
        or p.last_seen_at not between seen.last_at - interval '1 minute' and seen.last_at)
   and (p.first_seen_at is not null or seen.first_at is not null)
returning p.environment_id, p.actor_id
"""
WRITERS = """
select virtualtransaction from pg_locks
 where relation = 'events'::regclass and database = (select oid from pg_database where datname = current_database())
   and mode = 'RowExclusiveLock' and pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class Place:
    """The last person of a step: the next one begins after them."""

    environment_id: int
    actor_id: int


START = Place(2**63 - 1, 2**63 - 1)


@dataclass(frozen=True)
class SeenStep:
    """How many people a step looked at, how many rows it corrected, and where the next one begins (None at the end)."""

    people: int
    corrected: int
    after: Place | None


Key = tuple[int, int]  # of `people`


def correct_some(after: Place, most: int = STEP_PEOPLE) -> SeenStep:
    """Correct the rows of the next `most` people."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT, [after.environment_id, after.actor_id, most])
        people = cursor.fetchall()
    if not people:
        return SeenStep(0, 0, None)
    corrected = _correct(people)
    if corrected:
        _wait_for_writers()
        _correct(corrected)
    return SeenStep(len(people), len(corrected), Place(*people[-1]))


def _correct(people: Sequence[Key]) -> list[Key]:
    """Return the people whose rows were wrong."""
    for attempt in range(1, TRIES + 1):
        try:
            return _correct_once(people)
        except OperationalError as error:
            if fault_of(error) is not Fault.TRY_AGAIN or attempt == TRIES:
                raise
    raise AssertionError("the last attempt returns or raises")


@transaction.atomic
def _correct_once(people: Sequence[Key]) -> list[Key]:
    keys = [[each[0] for each in people], [each[1] for each in people]]
    with connection.cursor() as cursor:
        cursor.execute(LOCK, keys)
        cursor.execute(CORRECT, keys)
        corrected: list[Key] = cursor.fetchall()
        return corrected


def _wait_for_writers() -> None:
    """Wait for the end of all transactions that write events at this moment."""
    before = _writers()
    while before:
        sleep(SECONDS_BETWEEN_LOOKS)
        before &= _writers()


def _writers() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(WRITERS)
        return {transaction_id for (transaction_id,) in cursor.fetchall()}
