"""When people were first and last seen, from their events: corrects rows written while properties counted as activity.

In steps of their own transactions, in the order of the table's key. A step locks the rows of its people, so that a
writer who sees a newer event waits for it and wins.
"""

from dataclasses import dataclass

from django.db import connection, transaction

STEP_PEOPLE = 500

NEXT = """
select environment_id, actor_id from people where (environment_id, actor_id) > (%s, %s)
 order by environment_id, actor_id limit %s for no key update
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
"""


@dataclass(frozen=True)
class Place:
    """The last person of a step: the next one begins after them."""

    environment_id: int
    actor_id: int


START = Place(-(2**63), -(2**63))


@dataclass(frozen=True)
class SeenStep:
    """How many people a step looked at, how many rows it corrected, and where the next one begins (None at the end)."""

    people: int
    corrected: int
    after: Place | None


@transaction.atomic
def correct_some(after: Place, most: int = STEP_PEOPLE) -> SeenStep:
    """Correct the rows of the next `most` people."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT, [after.environment_id, after.actor_id, most])
        keys = cursor.fetchall()
        if not keys:
            return SeenStep(0, 0, None)
        cursor.execute(CORRECT, [[each[0] for each in keys], [each[1] for each in keys]])
        return SeenStep(len(keys), cursor.rowcount, Place(*keys[-1]))
