"""A snapshot: everything that the status page shows, taken at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import psycopg

from support.status import history, incidents
from support.status.history import Minute, PartHistory
from support.status.incidents import PublishedIncident
from support.status.models import Component, State
from support.status.readings import Freshness, Reading, badness, worse
from support.status.verdicts import Evidence, by_component, verdicts

OUTAGE_GAP = timedelta(minutes=15)  # between two looks that failed: it counts as one outage


@dataclass(frozen=True)
class Part:
    """One part of the service: its state now (None: not known), the reason, and its history."""

    component: Component
    state: State | None
    reason: str
    history: PartHistory


@dataclass(frozen=True)
class StoredStatus:
    """What the database keeps for the page. `freshness` is None if it is not known."""

    histories: Mapping[Component, PartHistory]
    incidents: tuple[PublishedIncident, ...]
    freshness: Freshness | None
    sampled_at: datetime | None  # the last minute with a regular check


@dataclass(frozen=True)
class Snapshot:
    """`sampled_at` is when the checks last ran, None if never. `freshness` is None while the database is away.

    `failing_since` is since when no look at the database was answered; None if the last one was.
    """

    taken_at: datetime
    parts: tuple[Part, ...]
    freshness: Freshness | None
    incidents: tuple[PublishedIncident, ...]
    sampled_at: datetime | None
    failing_since: datetime | None = None

    @property
    def state(self) -> State | None:
        """The state of the whole service: that of its worst part."""
        return max((part.state for part in self.parts), key=badness)

    @property
    def checks_are_late(self) -> bool:
        """Whether the checks have stopped, so that the snapshot knows only what was found just now."""
        return self.sampled_at is None or self.taken_at - self.sampled_at > history.CURRENT

    def part(self, component: Component) -> Part:
        return next(part for part in self.parts if part.component == component)


def read(connection: psycopg.Connection, now: datetime, freshness: Freshness | None) -> StoredStatus:
    """Read what the page needs of the database. Raises psycopg.Error."""
    histories = history.read(connection, now)
    return StoredStatus(histories, incidents.read(connection, now), freshness, _sampled_at(histories))


def stored_before(before: Snapshot | None, now: datetime) -> StoredStatus:
    """What was known of the database's content at the snapshot `before`, moved on to `now`."""
    known = {part.component: part.history for part in before.parts} if before else {}
    histories = {each: _moved_on(known.get(each, PartHistory((), ())), now) for each in Component}
    return (
        StoredStatus(histories, before.incidents, None, before.sampled_at)
        if before
        else StoredStatus(histories, (), None, None)
    )


def take(evidence: Evidence, stored: StoredStatus, counted_minutes: Mapping[datetime, Reading]) -> Snapshot:
    """The snapshot of a database that answers, though perhaps slowly."""
    now = evidence.now
    samples = {each: history.latest(stored.histories[each], each, now) for each in Component}
    checked = {each: sample for each, sample in samples.items() if sample is not None}
    found = by_component(verdicts(replace(evidence, checked=checked)))
    for incident in stored.incidents:
        for reading in incident.readings():
            found[reading.component] = worse(found[reading.component], reading)
    counted = {Component.COLLECTION: counted_minutes}
    return Snapshot(
        taken_at=now,
        parts=tuple(
            Part(each, found[each].state, found[each].reason, _with(stored.histories[each], counted.get(each, {})))
            for each in Component
        ),
        freshness=stored.freshness,
        incidents=stored.incidents,
        sampled_at=stored.sampled_at,
    )


def without_database(
    evidence: Evidence, asked_at: datetime, before: Snapshot | None, counted_minutes: Mapping[datetime, Reading]
) -> Snapshot:
    """The snapshot if a look at the database, begun at `asked_at`, was not answered. The rest is from `before`."""
    since = failing_since(before, asked_at)
    silent = replace(evidence, silent_seconds=(evidence.now - since).total_seconds())
    found = take(silent, stored_before(before, evidence.now), counted_minutes)
    parts = tuple(
        replace(part, history=_with(part.history, outage_minutes(part, since, evidence.now))) for part in found.parts
    )
    return replace(found, parts=parts, failing_since=since)


def failing_since(before: Snapshot | None, asked_at: datetime) -> datetime:
    """When the outage began in which a look failed that began at `asked_at`."""
    if before is None or before.failing_since is None or asked_at - before.taken_at > OUTAGE_GAP:
        return asked_at
    return before.failing_since


def outage_minutes(part: Part, since: datetime, until: datetime) -> dict[datetime, Reading]:
    """The part's state for every minute of the outage. Minutes in which requests were counted speak for themselves."""
    reading = Reading(part.component, part.state, part.reason)
    counted = {minute.at for minute in part.history.minutes if minute.state is not None}
    first, last = history.minute_of(since), history.minute_of(until)
    minutes = (first + timedelta(minutes=n) for n in range(int((last - first).total_seconds() // 60) + 1))
    if part.component is Component.COLLECTION:
        return {at: reading for at in minutes if at == last or at not in counted}
    return dict.fromkeys(minutes, reading)


def _with(known: PartHistory, readings: Mapping[datetime, Reading]) -> PartHistory:
    return replace(known, minutes=history.with_readings(known.minutes, readings))


def _moved_on(known: PartHistory, now: datetime) -> PartHistory:
    """The same history with the sixty minutes up to `now`."""
    at_minute = {minute.at: minute for minute in known.minutes}
    first = history.minute_of(now) - timedelta(minutes=history.MINUTES - 1)
    minutes = [first + timedelta(minutes=n) for n in range(history.MINUTES)]
    return replace(known, minutes=tuple(at_minute.get(at, Minute(at, None)) for at in minutes))


def _sampled_at(histories: Mapping[Component, PartHistory]) -> datetime | None:
    measured = [minute.at for each in histories.values() for minute in each.minutes if minute.state is not None]
    return max(measured, default=None)
