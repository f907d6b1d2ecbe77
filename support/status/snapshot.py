"""A snapshot: everything that the status page shows, taken at one moment."""

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
    """One part of the service: its state now, the reason, and its history."""

    component: Component
    state: State
    reason: str
    history: PartHistory


@dataclass(frozen=True)
class Snapshot:
    """`sampled_at` is when the checks last ran, None if never. `freshness` is None while the database is away."""

    taken_at: datetime
    parts: tuple[Part, ...]
    freshness: Freshness | None
    incidents: tuple[PublishedIncident, ...]
    sampled_at: datetime | None

    @property
    def state(self) -> State:
        """The state of the whole service: that of its worst part."""
        return max(part.state for part in self.parts)

    @property
    def checks_are_late(self) -> bool:
        """Whether the checks have stopped, so that the snapshot knows only the database's state."""
        return self.sampled_at is None or self.taken_at - self.sampled_at > history.CURRENT


def take(connection: psycopg.Connection, now: datetime, fresh: Freshness | None) -> Snapshot:
    """Take a snapshot. `fresh` is a freshness read a moment ago; if it is None, it is read now."""
    histories = history.read(connection, now)
    published = incidents.read(connection, now)
    found = {reading.component: reading for reading in database.readings(connection)}
    for component in Component:
        sample = history.latest(histories[component], component, now)
        if sample is not None and not database.says_unreachable(sample):  # it has just answered
            found[component] = worse(found[component], sample)
    for incident in published:
        for reading in incident.readings():
            found[reading.component] = worse(found[reading.component], reading)
    return Snapshot(
        taken_at=now,
        parts=tuple(Part(each, found[each].state, found[each].reason, histories[each]) for each in Component),
        freshness=fresh or freshness.read(connection),
        incidents=published,
        sampled_at=_sampled_at(histories),
    )


def without_database(before: Snapshot | None, now: datetime, since: datetime) -> Snapshot:
    """The snapshot while the database is away `since` that time. The rest is from the snapshot `before`."""
    known = {part.component: part.history for part in before.parts} if before else {}
    return Snapshot(
        taken_at=now,
        parts=tuple(
            Part(each.component, each.state, each.reason, _with_outage(known.get(each.component), each, now, since))
            for each in database.unreachable()
        ),
        freshness=None,
        incidents=before.incidents if before else (),
        sampled_at=before.sampled_at if before else None,
    )


def _with_outage(known: PartHistory | None, reading: Reading, now: datetime, since: datetime) -> PartHistory:
    """The known history up to `now`, with `reading` in every minute of the outage."""
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
