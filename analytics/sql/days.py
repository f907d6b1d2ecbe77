"""SQL with which analytics/rollups counts days beforehand.

Its parameters are `%(environment)s`, and `%(starts)s` and `%(ends)s` of a day.
"""

from datetime import timedelta

from analytics.questions.sessions import SESSION_GAP

MINUTE = timedelta(minutes=1)
NO_ROBOT = "{alias}.id >= 0"  # events/models.py
GAP = f"interval '{SESSION_GAP // MINUTE} minutes'"
# How long after an event it decides which sessions began; ARRIVED_LATE tells the event's time to a quarter of an hour.
LATE_REACHES = SESSION_GAP + 15 * MINUTE

ACTIVE = """
    select e.kind as kind, e.name as name, coalesce(m.to_actor, e.actor_id) as actor, count(*) as n
      from {source} left join merges m on m.environment_id = %(environment)s and m.from_actor = e.actor_id
     where {condition}
     group by 1, 2, 3
"""
VALUES = (
    "select {columns}, grouping({fields}) as which, count(*) as n from {source} where {condition} "
    "group by grouping sets ({sets})"
)
EVENTS = "events e"  # a source, with the condition OF_DAY
OF_DAY = "e.environment_id = %(environment)s and e.time >= %(starts)s and e.time < %(ends)s"

# The quarters of an hour of events that arrived since `%(mark)s`, over an hour late. Uses the index events_late.
ARRIVED_LATE = """
    select distinct date_bin('15 minutes', e.time, timestamptz '2000-01-01') as at
      from events e
     where e.environment_id = %(environment)s and e.received_at - e.time > interval '1 hour'
       and e.received_at >= %(mark)s
"""
BETWEEN = "and e.time >= %(first)s and e.time < %(last)s"  # appended to ARRIVED_LATE: only events of this time

# Starts of the days that have events. `%(starts)s` and `%(ends)s` are lists of the same length.
WITH_EVENTS = """
    select day.starts as starts from unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) as day(starts, ends)
     where exists (select 1 from events e where e.environment_id = %(environment)s
                      and e.time >= day.starts and e.time < day.ends)
"""


# The sessions around a day in which several people took part, as far as is known today; no more than `%(most)s`.
SHARED_SESSIONS = f"""
    select e.session_id as session_id
      from events e left join merges m on m.environment_id = %(environment)s and m.from_actor = e.actor_id
     where e.environment_id = %(environment)s and e.time >= %(starts)s - {GAP} and e.time < %(ends)s
       and e.session_id is not null and {{condition}}
     group by 1 having min(coalesce(m.to_actor, e.actor_id)) <> max(coalesce(m.to_actor, e.actor_id))
     limit %(most)s
"""  # noqa: S608  fixed text


def has_events(environment: str) -> str:
    """The condition that `environment`, an SQL expression, has any event."""
    return f"exists (select 1 from events where events.environment_id = {environment})"  # noqa: S608
