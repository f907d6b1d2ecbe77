"""How the service is now, and has been: everything that the status page says, taken at one moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from support.status import database, freshness, history, incidents
from support.status.history import Minute, PartHistory
from support.status.incidents import PublishedIncident
from support.status.models import Component, State
from support.status.readings import Freshness, Reading, worse


@dataclass(frozen=True)
class Part:
    """One part of the service: how it does, why, and how it did."""

    component: Component
    state: State
    reason: str
    history: PartHistory


@dataclass(frozen=True)
class Snapshot:
    """`sampled_at` is when the regular checks last ran, None when never; `freshness` is None while nobody can tell."""

    taken_at: datetime
    parts: tuple[Part, ...]
    freshness: Freshness | None
    incidents: tuple[PublishedIncident, ...]
    sampled_at: datetime | None

    @property
    def state(self) -> State:
        """How the service does on the whole: as its worst part."""
        return max(part.state for part in self.parts)

    @property
    def checks_are_late(self) -> bool:
        """Whether the regular checks have stopped, so that only the database was looked at."""
        return self.sampled_at is None or self.taken_at - self.sampled_at > history.CURRENT


def take(connection: psycopg.Connection, now: datetime, fresh: Freshness | None) -> Snapshot:
    """Look at everything. `fresh` is a freshness read a moment ago; None has it read now."""
    histories = history.read(connection, now)
    told = incidents.read(connection, now)
    found = {reading.component: reading for reading in database.readings(connection)}
    for component in Component:
        sample = history.latest(histories[component], component, now)
        if sample is not None and not database.says_unreachable(sample):  # it answers: we have just asked
            found[component] = worse(found[component], sample)
    for incident in told:
        for reading in incident.readings():
            found[reading.component] = worse(found[reading.component], reading)
    return Snapshot(
        taken_at=now,
        parts=tuple(Part(each, found[each].state, found[each].reason, histories[each]) for each in Component),
        freshness=fresh or freshness.read(connection),
        incidents=told,
        sampled_at=_sampled_at(histories),
    )


def without_database(before: Snapshot | None, now: datetime, since: datetime) -> Snapshot:
    """The snapshot while the database does not answer: `since` when, and the last known state."""
    known = {part.component: part.history for part in before.parts} if before else {}
    return Snapshot(
        taken_at=now,
        parts=tuple(
            Part(each.component, each.state, each.reason, _moved(known.get(each.component), each, now, since))
            for each in database.unreachable()
        ),
        freshness=None,
        incidents=before.incidents if before else (),
        sampled_at=before.sampled_at if before else None,
    )


def _moved(known: PartHistory | None, reading: Reading, now: datetime, since: datetime) -> PartHistory:
    """The last hour up to `now`, with the minutes that the database has been away for."""
    at_minute = {minute.at: minute for minute in known.minutes} if known else {}
    first = history.minute_of(now) - timedelta(minutes=history.MINUTES - 1)
    minutes = [first + timedelta(minutes=n) for n in range(history.MINUTES)]
    return PartHistory(
        tuple(
            Minute(at, reading.state, reading.reason)
            if at >= history.minute_of(since)
            else at_minute.get(at, Minute(at, None))
            for at in minutes
        ),
        known.days if known else (),
    )


def _sampled_at(histories: dict[Component, PartHistory]) -> datetime | None:
    measured = [minute.at for each in histories.values() for minute in each.minutes if minute.state is not None]
    return max(measured, default=None)
