"""The stored results of the checks: one sample per part and minute, and totals per day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import psycopg

from support.status.models import Component, State
from support.status.readings import NOT_KNOWN, Reading, worse

DAYS = 90
MINUTES = 60
SAMPLES_KEPT = timedelta(days=2)
CURRENT = timedelta(minutes=3)  # a sample older than this says nothing about now

RECORD = """
with before as (
    select state from support_sample where component = %(component)s and at = %(at)s
), kept as (
    insert into support_sample (component, at, state, reason)
    values (%(component)s, %(at)s, %(state)s, %(reason)s)
    on conflict (component, at) do update set state = excluded.state, reason = excluded.reason
    where support_sample.state < excluded.state
    returning state
)
insert into support_day (component, "on", minutes_up, minutes_degraded, minutes_down)
select %(component)s, (%(at)s at time zone 'UTC')::date,
    (kept.state = 0)::int - coalesce((before.state = 0)::int, 0),
    (kept.state = 1)::int - coalesce((before.state = 1)::int, 0),
    (kept.state = 2)::int - coalesce((before.state = 2)::int, 0)
from kept left join before on true
on conflict (component, "on") do update set
    minutes_up = support_day.minutes_up + excluded.minutes_up,
    minutes_degraded = support_day.minutes_degraded + excluded.minutes_degraded,
    minutes_down = support_day.minutes_down + excluded.minutes_down
"""


@dataclass(frozen=True)
class Minute:
    """One minute of the last hour. `state` is None if it was not measured."""

    at: datetime
    state: State | None
    reason: str = ""


@dataclass(frozen=True)
class DayOfPart:
    """One day of the last ninety: how many minutes the part was up, degraded and down."""

    on: date
    up: int = 0
    degraded: int = 0
    down: int = 0

    @property
    def measured(self) -> int:
        return self.up + self.degraded + self.down

    @property
    def state(self) -> State | None:
        """The state of the day: down if one percent of the measured minutes was, degraded if any minute was not up."""
        if not self.measured:
            return None
        if self.down * 100 >= self.measured:
            return State.DOWN
        return State.DEGRADED if self.down or self.degraded else State.UP

    @property
    def up_percent(self) -> float:
        """The share of measured minutes in which the part was not down."""
        return 100 * (self.measured - self.down) / self.measured if self.measured else 0.0


@dataclass(frozen=True)
class PartHistory:
    """The last hour of one part by minute, and its last 90 days, both oldest first.

    `since` is when the first minute of these days was measured, as far as that is still known to the minute.
    """

    minutes: tuple[Minute, ...]
    days: tuple[DayOfPart, ...]
    since: datetime | None = None

    @property
    def measured_minutes(self) -> int:
        return sum(day.measured for day in self.days)

    @property
    def up_percent(self) -> float | None:
        """The share over all days; None if nothing was measured."""
        measured = self.measured_minutes
        return 100 * (measured - sum(day.down for day in self.days)) / measured if measured else None


def minute_of(at: datetime) -> datetime:
    """The start of the minute of `at`."""
    return at.replace(second=0, microsecond=0)


def record(connection: psycopg.Connection, readings: Iterable[Reading], at: datetime) -> None:
    """Store the readings of a check for the minute of `at`. A worse sample of the same minute stays.

    What is not known is not stored: the minute counts as not measured.
    """
    with connection.transaction():
        for reading in sorted(readings, key=lambda each: each.component):
            if reading.state is NOT_KNOWN:
                continue
            values = {
                "component": reading.component.value,
                "at": minute_of(at),
                "state": reading.state.value,
                "reason": reading.reason[:300],
            }
            connection.execute("select pg_advisory_xact_lock(hashtextextended('support_sample', 0))")
            connection.execute(RECORD, values)


def forget(connection: psycopg.Connection, now: datetime) -> None:
    """Remove samples and days that no page shows any more."""
    connection.execute("delete from support_sample where at < %s", [now - SAMPLES_KEPT])
    connection.execute('delete from support_day where "on" < %s', [now.date() - timedelta(days=2 * DAYS)])


def read(connection: psycopg.Connection, now: datetime) -> dict[Component, PartHistory]:
    """Every part's last hour and last 90 days, up to `now`."""
    first_minute = minute_of(now) - timedelta(minutes=MINUTES - 1)
    first_day = now.date() - timedelta(days=DAYS - 1)
    samples = connection.execute(
        "select component, at, state, reason from support_sample where at >= %s", [first_minute]
    ).fetchall()
    totals = connection.execute(
        'select component, "on", minutes_up, minutes_degraded, minutes_down from support_day where "on" >= %s',
        [first_day],
    ).fetchall()
    first_samples = connection.execute("select component, min(at) from support_sample group by component").fetchall()
    first_at = {component: at for component, at in first_samples if at.date() >= first_day}
    minute_at = {(component, at): Minute(at, State(state), reason) for component, at, state, reason in samples}
    day_on = {(component, on): DayOfPart(on, *counts) for component, on, *counts in totals}
    minutes = [first_minute + timedelta(minutes=n) for n in range(MINUTES)]
    dates = [first_day + timedelta(days=n) for n in range(DAYS)]
    return {
        part: PartHistory(
            tuple(minute_at.get((part.value, at), Minute(at, None)) for at in minutes),
            days := tuple(day_on.get((part.value, on), DayOfPart(on)) for on in dates),
            _since(days, first_at.get(part.value)),
        )
        for part in Component
    }


def _since(days: Sequence[DayOfPart], first_sample: datetime | None) -> datetime | None:
    """When measuring began: to the minute while that minute's sample is kept, else the day."""
    first = next((day.on for day in days if day.measured), None)
    if first is None or (first_sample is not None and first_sample.date() == first):
        return first_sample
    return datetime(first.year, first.month, first.day, tzinfo=UTC)


def with_readings(minutes: Sequence[Minute], readings: Mapping[datetime, Reading]) -> tuple[Minute, ...]:
    """The minutes, each with the worse of what is stored of it and of `readings`, which are by minute."""
    return tuple(_with_reading(minute, readings.get(minute.at)) for minute in minutes)


def _with_reading(minute: Minute, reading: Reading | None) -> Minute:
    if reading is None or reading.state is NOT_KNOWN:
        return minute
    if minute.state is NOT_KNOWN:
        return Minute(minute.at, reading.state, reading.reason)
    found = worse(Reading(reading.component, minute.state, minute.reason), reading)
    return Minute(minute.at, found.state, found.reason)


def latest(history: PartHistory, component: Component, now: datetime) -> Reading | None:
    """The newest sample as a reading; None if it is too old to describe the present."""
    for minute in reversed(history.minutes):
        if minute.state is not None and now - minute.at <= CURRENT:
            return Reading(component, minute.state, minute.reason)
    return None
