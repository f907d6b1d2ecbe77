"""The bound of what the catalogue keeps of an environment in all months: the oldest months make room for the others."""

from typing import Any

from django.db import connection

from events.catalogue.rows import FEW_ROWS, OF_PEOPLE, ROWS_AFTER_COUNT

KEPT = """
select (select count(*) from catalogue_counts c where c.environment_id = k.environment_id and c.month <> %(people)s),
       case when first_month > '-infinity' then first_month end
  from catalogue_marks k where environment_id = %(environment)s
"""
# The oldest month up to which there is room, counted from the newest on.
FIRST_WITH_ROOM = """
select min(month) from (
    select month, sum(count(*)) over (order by month desc) as rows from catalogue_counts
     where environment_id = %(environment)s and month <> %(people)s group by month) months
 where rows <= %(most)s
"""
LEAVE_OUT = """
with gone as (
    delete from catalogue_counts
     where environment_id = %(environment)s and month < %(first)s and month <> %(people)s
    returning month, key_id, events)
insert into catalogue_left_out as kept (environment_id, month, events, property_values)
select %(environment)s, month, coalesce(sum(events) filter (where key_id = 0), 0),
       coalesce(sum(events) filter (where key_id <> 0), 0)
  from gone group by month having sum(events) > 0
    on conflict (environment_id, month) do update
       set events = kept.events + excluded.events, property_values = kept.property_values + excluded.property_values
"""
SET_FIRST = "update catalogue_marks set first_month = %(first)s where environment_id = %(environment)s"
COUNT_AGAIN = """
insert into catalogue_gone (environment_id, month)
select environment_id, month from catalogue_left_out where environment_id = %(environment)s and month < %(before)s
"""


def make_room(environment_id: int) -> bool:
    """Leave out the oldest months of an environment that has too many rows; returns whether any went.

    If only few are left, by deletions, those months are noted to be counted again. Call it in the transaction that
    holds the environment's mark.
    """
    about: dict[str, Any] = {"environment": environment_id, "people": OF_PEOPLE}
    with connection.cursor() as cursor:
        cursor.execute(KEPT, about)
        rows, first = cursor.fetchone()
        if rows > ROWS_AFTER_COUNT:
            cursor.execute(FIRST_WITH_ROOM, {**about, "most": ROWS_AFTER_COUNT})
            (with_room,) = cursor.fetchone()
            cursor.execute(SET_FIRST, {**about, "first": with_room})
            cursor.execute(LEAVE_OUT, {**about, "first": with_room})
            return True
        if first is not None and rows <= FEW_ROWS:
            cursor.execute(COUNT_AGAIN, {**about, "before": first})
            cursor.execute(SET_FIRST, {**about, "first": "-infinity"})
    return False
