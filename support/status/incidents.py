"""Reading incidents for the status page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from support.status.models import Component, Impact, State
from support.status.readings import Reading

SHOWN_FOR = timedelta(days=14)
STATE_OF = {Impact.NONE: State.UP, Impact.DEGRADED: State.DEGRADED, Impact.DOWN: State.DOWN}


@dataclass(frozen=True)
class PublishedIncident:
    """An incident with its updates, newest first."""

    title: str
    impact: Impact
    components: tuple[Component, ...]
    started_at: datetime
    ended_at: datetime | None
    updates: tuple[tuple[datetime, str], ...]

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None

    def readings(self) -> list[Reading]:
        """The readings of the parts it concerns, while the incident lasts."""
        if self.is_over:
            return []
        return [Reading(each, STATE_OF[self.impact], self.title) for each in self.components]


def read(connection: psycopg.Connection, now: datetime) -> tuple[PublishedIncident, ...]:
    """Incidents that still last or ended in the last two weeks, newest first."""
    incidents = connection.execute(
        "select id, title, impact, console, collection, queries, started_at, ended_at from support_incident "
        "where started_at <= %s and (ended_at is null or ended_at > %s) order by started_at desc limit 20",
        [now, now - SHOWN_FOR],
    ).fetchall()
    updates = connection.execute(
        "select incident_id, at, text from support_incidentupdate where incident_id = any(%s) "
        "order by at desc, id desc",
        [[row[0] for row in incidents]],
    ).fetchall()
    return tuple(
        PublishedIncident(
            title=title,
            impact=Impact(impact),
            components=tuple(part for part, concerned in zip(Component, concerns, strict=True) if concerned),
            started_at=started_at,
            ended_at=ended_at,
            updates=tuple((at, text) for incident, at, text in updates if incident == pk),
        )
        for pk, title, impact, *concerns, started_at, ended_at in incidents
    )
