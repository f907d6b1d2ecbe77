"""Erasing people: their events, the events of visitors merged into them, the merges, and their properties."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from events.catalogue.counting import note
from events.catalogue.rows import OF_PEOPLE

LOCK_TIMEOUT = "3s"  # shorter than that of the collector, which waits for the rows that are locked here

# The actors of these people: their own numbers and, for identified people, the visitors merged into them.
THEIRS = """any(%(people)s::bigint[] || array(
    select from_actor from merges where environment_id = %(environment)s and to_actor = any(%(people)s::bigint[])))"""
# Events are deleted from the table itself, not from a partition: otherwise the roll-ups would not notice. A few rows
# are joined to large tables, so the join must use the primary key, whatever the planner estimates.
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
ALL = {  # events before merges, because the roll-ups look up in merges who an event belongs to
    "events": f"delete from events where environment_id = %(environment)s and actor_id = {THEIRS}",  # noqa: S608
    "people": f"delete from people where environment_id = %(environment)s and actor_id = {THEIRS}",  # noqa: S608
    "merges": "delete from merges where environment_id = %(environment)s and to_actor = any(%(people)s::bigint[])",
}


ALSO = "delete from {table} where environment_id = %(environment)s and actor_id = {theirs}"
lists_of_actors: list[str] = []  # tables of apps above


def register_list(table: str) -> None:
    """People who are deleted, or kept no longer, leave this table too: it has environment_id and actor_id."""
    if table not in lists_of_actors:
        lists_of_actors.append(table)


@dataclass
class Erased:
    """How many rows were deleted, by table, and whether all is deleted. If not, there are more events."""

    rows: dict[str, int] = field(default_factory=dict)
    is_complete: bool = False


@transaction.atomic
def erase(environment_id: int, people: Sequence[int], *, most_events: int | None = None) -> Erased:
    """Delete all data of `people` in one environment. If they have `most_events` or more events, delete only so many.

    The number of statements does not depend on the number of people. From the lock on, other writers of these people
    wait; afterwards they find no such person and create a new one. An event that is written at this moment and does
    not change its person stays, and the next event creates the person again. Raises OperationalError if other
    transactions keep these people locked for seconds.
    """
    values: dict[str, Any] = {"environment": environment_id, "people": list(people), "most": most_events}
    with connection.cursor() as cursor:
        cursor.execute(BY_INDEX)
        # A roll-up of days may block this for a long time, so it runs before people are locked.
        cursor.execute(SOME_EVENTS, values)
        erased = Erased({"events": cursor.rowcount})
        if cursor.rowcount == most_events:
            return erased
        cursor.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        cursor.execute(LOCK, values)
        for table in lists_of_actors:  # before merges, which tell whose the rows are
            cursor.execute(ALSO.format(table=table, theirs=THEIRS), values)
        for table, statement in ALL.items():
            cursor.execute(statement, values)
            erased.rows[table] = erased.rows.get(table, 0) + cursor.rowcount
    if erased.rows["people"]:
        note(environment_id, OF_PEOPLE)
    erased.is_complete = True
    return erased
