"""One person: what is known of them, the visitors they were before they were identified, how much they did."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analytics.event_words import person_name


@dataclass(frozen=True)
class KnownPerson:
    """`visitors` are the numbers under which this person came before."""

    actor_id: int
    identity: str | None
    properties: dict[str, Any]
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    visitors: tuple[int, ...]
    is_robot: bool = False

    @property
    def name(self) -> str:
        return person_name(self.actor_id, self.identity)

    @property
    def actors(self) -> tuple[int, ...]:
        return (self.actor_id, *self.visitors)


@dataclass(frozen=True)
class ActivityCounts:
    """How much a person did, including as their former visitors. The sessions are those of their own events."""

    events: int
    sessions: int
