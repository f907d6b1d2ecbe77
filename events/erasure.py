"""Erasing people: their events, those of the visitors they were before, merges, and what is known of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

LOCK_TIMEOUT = "3s"  # shorter than the collector's own, which waits for the rows that are locked here

# People come as an array: their own numbers, and of those who have a name the visitors merged into them.
THEIRS = """any(%(people)s::bigint[] || array(
    select from_actor from merges where environment_id = %(environment)s and to_actor = any(%(people)s::bigint[])))"""
# From the table itself and not from a partition, or what is counted beforehand would not hear of it. Few rows meet
# large tables: the join goes through the primary key, whatever the planner believes.
BY_INDEX = """
select set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
       set_config('enable_seqscan', 'off', true)
"""
SOME_EVENTS = f"""
with theirs as materialized (
    select time, id from events where environment_id = %(environment)s and actor_id = {THEIRS} limit %(most)s)
delete from events e using theirs
 where e.environment_id = %(environment)s and e.time = theirs.time and e.id = theirs.id
"""  # noqa: S608  fixed text
LOCK = """
select 1 from people where environment_id = %(environment)s and actor_id = any(%(people)s::bigint[])
 order by actor_id for update
"""
ALL = {  # events before merges: what was counted beforehand looks up whose events they are
    "events": f"delete from events where environment_id = %(environment)s and actor_id = {THEIRS}",  # noqa: S608
    "people": f"delete from people where environment_id = %(environment)s and actor_id = {THEIRS}",  # noqa: S608
    "merges": "delete from merges where environment_id = %(environment)s and to_actor = any(%(people)s::bigint[])",
}


@dataclass
class Erased:
    """How many rows went, by table, and whether the people are gone: if not, they have more events."""

    rows: dict[str, int] = field(default_factory=dict)
    is_complete: bool = False


@transaction.atomic
def erase(environment_id: int, people: Sequence[int], *, most_events: int | None = None) -> Erased:
    """Delete everything of `people` in one environment; where they have `most_events` or more, just so many of these.

    As many statements for ten thousand people as for one. Whoever changes these people meanwhile waits from the lock
    on, and then finds nobody, as for somebody new. An event that is being written at that very moment and changes
    nothing of its person stays; the next one makes the person anew. Raises OperationalError when others hold these
    people for seconds.
    """
    values: dict[str, Any] = {"environment": environment_id, "people": list(people), "most": most_events}
    with connection.cursor() as cursor:
        cursor.execute(BY_INDEX)
        # Whoever counts days beforehand may keep this waiting for long, so nobody is locked yet.
        cursor.execute(SOME_EVENTS, values)
        erased = Erased({"events": cursor.rowcount})
        if cursor.rowcount == most_events:
            return erased
        cursor.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        cursor.execute(LOCK, values)
        for table, statement in ALL.items():
            cursor.execute(statement, values)
            erased.rows[table] = erased.rows.get(table, 0) + cursor.rowcount
    erased.is_complete = True
    return erased
