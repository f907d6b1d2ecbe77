"""One person: what is known of them, the visitors they were before they had a name, and how much they did."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from analytics.event_words import person_name
from analytics.store.postgresql.asking import limited
from events.models import Merge, Person


@dataclass(frozen=True)
class KnownPerson:
    """`visitors` are the numbers under which this person came before."""

    actor_id: int
    identity: str | None
    properties: dict[str, Any]
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    visitors: tuple[int, ...]

    @property
    def name(self) -> str:
        return person_name(self.actor_id, self.identity)

    @property
    def actors(self) -> tuple[int, ...]:
        return (self.actor_id, *self.visitors)


@dataclass(frozen=True)
class Done:
    """How much somebody did, the visitors they were included."""

    events: int
    sessions: int


def merged_into(environment_id: int, actor_id: int) -> int | None:
    """Who this visitor has become; None for nobody."""
    found = Merge.objects.filter(environment_id=environment_id, from_actor=actor_id)
    return found.values_list("to_actor", flat=True).first()


def known_person(environment_id: int, actor_id: int) -> KnownPerson | None:
    """The person of this environment, or None. Somebody without a row of their own may still have events."""
    row = (
        Person.objects.filter(environment_id=environment_id, actor_id=actor_id)
        .values_list("identity", "properties", "first_seen_at", "last_seen_at")
        .first()
    )
    visitors = Merge.objects.filter(environment_id=environment_id, to_actor=actor_id).order_by("at", "from_actor")
    numbers = tuple(visitors.values_list("from_actor", flat=True))
    if row is None and not _has_events(environment_id, (actor_id, *numbers)):
        return None
    identity, properties, first, last = row or (None, {}, None, None)
    return KnownPerson(actor_id, identity, properties, first, last, numbers)


def _has_events(environment_id: int, actors: tuple[int, ...]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "select exists(select from events where environment_id = %s and actor_id = any(%s))",
            [environment_id, list(actors)],
        )
        return bool(cursor.fetchone()[0])


def count_done(environment_id: int, person: KnownPerson, limit: timedelta) -> Done:
    """Every one of their events is read for it: 200,000 took a tenth of a second. Raises QueryTimeout."""
    with limited(limit), connection.cursor() as cursor:
        cursor.execute(
            "select count(*), count(distinct session_id) from events where environment_id = %s and actor_id = any(%s)",
            [environment_id, list(person.actors)],
        )
        return Done(*cursor.fetchone())
