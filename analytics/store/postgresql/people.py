"""One person, their visitors, and how much they did."""

from datetime import timedelta

from django.db import connection

from analytics.sql.days import GAP
from analytics.store.people import ActivityCounts, KnownPerson
from analytics.store.postgresql.snapshot import limited
from events.models import Merge, Person


def merged_into(environment_id: int, actor_id: int) -> int | None:
    found = Merge.objects.filter(environment_id=environment_id, from_actor=actor_id)
    return found.values_list("to_actor", flat=True).first()


def has_person(environment_id: int, actor_id: int) -> bool:
    return Person.objects.filter(environment_id=environment_id, actor_id=actor_id).exists()


def known_person(environment_id: int, actor_id: int) -> KnownPerson | None:
    row = (
        Person.objects.filter(environment_id=environment_id, actor_id=actor_id)
        .values_list("identity", "properties", "first_seen_at", "last_seen_at", "is_robot")
        .first()
    )
    visitors = Merge.objects.filter(environment_id=environment_id, to_actor=actor_id).order_by("at", "from_actor")
    numbers = tuple(visitors.values_list("from_actor", flat=True))
    if row is None and not _has_events(environment_id, (actor_id, *numbers)):
        return None
    identity, properties, first, last, is_robot = row or (None, {}, None, None, None)
    return KnownPerson(actor_id, identity, properties, first, last, numbers, bool(is_robot))


def _has_events(environment_id: int, actors: tuple[int, ...]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "select exists (select 1 from events where environment_id = %s and actor_id = any(%s)) as has_events",
            [environment_id, list(actors)],
        )
        return bool(cursor.fetchone()[0])


DONE = f"""
select count(*) as events,
       count(*) filter (where session_id is not null and (previous is null or time > previous + {GAP})) as sessions
  from (select session_id, time, lag(time) over (partition by session_id order by time, id) as previous
          from events where environment_id = %s and actor_id = any(%s)) own
"""  # noqa: S608  fixed text


def count_done(environment_id: int, person: KnownPerson, limit: timedelta) -> ActivityCounts:
    with limited(environment_id, limit), connection.cursor() as cursor:
        cursor.execute(DONE, [environment_id, list(person.actors)])
        return ActivityCounts(*cursor.fetchone())
