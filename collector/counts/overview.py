"""The outcomes of the requests to one environment, as its Collection page shows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from collector.decide import Outcome
from collector.models import CollectedHour
from common.sparkline import Bars
from events.models import Kind
from events.newest import Arrival, last_arrival
from projects.models import Environment

HOUR = timedelta(hours=1)
DAY_HOURS, WEEK_HOURS = 24, 7 * 24  # the hour at hand included
TITLES = {  # in the order of the page
    Outcome.ACCEPTED: "Accepted",
    Outcome.EXCLUDED: "Dropped: excluded IP",
    Outcome.BAD: "Refused: bad request",
    Outcome.OVER_LIMIT: "Refused: over the limit",
    Outcome.UNAVAILABLE: "Refused: unavailable",
    Outcome.CLOSED: "Refused: closed",
}
WORDS = {  # for so many of them, beside each other
    Outcome.EXCLUDED: "excluded",
    Outcome.BAD: "bad",
    Outcome.OVER_LIMIT: "over the limit",
    Outcome.UNAVAILABLE: "unavailable",
    Outcome.CLOSED: "closed",
}


class Amount(NamedTuple):
    """How many requests, and the events, people and customers in them."""

    requests: int = 0
    events: int = 0

    def plus(self, other: "Amount") -> "Amount":
        return Amount(self.requests + other.requests, self.events + other.events)


class HourlyBars(Bars):
    """Events per hour of a day, oldest first."""

    @property
    def in_words(self) -> str:
        return f"{self.total:,} in {len(self.counts)} hours, at most {max(self.counts):,} an hour"


@dataclass(frozen=True)
class OutcomeLine:
    """One outcome: within the hour at hand, the last 24 hours and 7 days."""

    outcome: Outcome
    hour: Amount
    day: Amount
    week: Amount
    hourly: HourlyBars

    @property
    def title(self) -> str:
        return TITLES[self.outcome]


@dataclass(frozen=True)
class HourLine:
    """One hour: how much of each outcome, and the slowest commit in seconds (None: nothing was committed)."""

    start: datetime
    amounts: dict[Outcome, Amount]
    slowest_seconds: float | None

    @property
    def accepted(self) -> Amount:
        return self.amounts.get(Outcome.ACCEPTED, Amount())

    @property
    def others(self) -> str:
        """The requests that were dropped or refused: "3 excluded, 1 bad"."""
        found = [(self.amounts[outcome].requests, WORDS[outcome]) for outcome in WORDS if outcome in self.amounts]
        return ", ".join(f"{requests:,} {word}" for requests, word in found)

    @property
    def slowest(self) -> str:
        return in_words(self.slowest_seconds)


@dataclass(frozen=True)
class LeftOutCounts:
    """How many properties were left out, within the hour at hand, the last 24 hours and 7 days."""

    hour: int
    day: int
    week: int

    @property
    def in_words(self) -> str:
        """ "12 properties were left out in the last 7 days, 3 of them in the last 24 hours"; nothing when none were."""
        if not self.week:
            return ""
        were = "property was" if self.week == 1 else "properties were"
        lately = f", {self.day:,} of them in the last 24 hours" if self.day else ""
        return f"{self.week:,} {were} left out in the last 7 days{lately}"


@dataclass(frozen=True)
class CollectionOverview:
    """All numbers of the page. Durations are from the arrival of a request to its answer."""

    lines: Sequence[OutcomeLine]
    hours: Sequence[HourLine]  # of the last day, the newest first
    left_out: LeftOutCounts
    last_arrival: Arrival | None
    last_commit_seconds: float | None  # within 7 days

    @property
    def last_commit(self) -> str:
        return in_words(self.last_commit_seconds)

    @property
    def last_arrived(self) -> str:
        """What arrived last, in words: a custom event's name, or "pageview /pricing"."""
        if self.last_arrival is None:
            return ""
        last = self.last_arrival
        return last.name if last.kind == Kind.CUSTOM else f"{last.kind} {last.path or ''}".strip()

    @property
    def is_empty(self) -> bool:
        return self.last_arrival is None and not any(line.week.requests for line in self.lines)


def overview(environment: Environment, now: datetime) -> CollectionOverview:
    """Two looks into the database, however much is there."""
    this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    since = this_hour - (WEEK_HOURS - 1) * HOUR
    rows = list(environment.collected_hours.filter(hour__gte=since))
    committed = [row for row in rows if row.outcome == Outcome.ACCEPTED and row.slowest_seconds]
    last = max(committed, key=lambda row: row.last_at, default=None)
    return CollectionOverview(
        lines=[_line(outcome, rows, this_hour) for outcome in TITLES],
        hours=[_hour(this_hour - ago * HOUR, rows) for ago in range(DAY_HOURS)],
        left_out=_left_out(rows, this_hour),
        last_arrival=last_arrival(environment.pk),
        last_commit_seconds=last.last_seconds if last else None,
    )


def _line(outcome: Outcome, rows: Iterable[CollectedHour], this_hour: datetime) -> OutcomeLine:
    amounts = {row.hour: Amount(row.requests, row.events) for row in rows if row.outcome == outcome}
    day = [this_hour - ago * HOUR for ago in reversed(range(DAY_HOURS))]
    return OutcomeLine(
        outcome,
        hour=amounts.get(this_hour, Amount()),
        day=_sum(amounts[hour] for hour in day if hour in amounts),
        week=_sum(amounts.values()),
        hourly=HourlyBars([amounts.get(hour, Amount()).events for hour in day]),
    )


def _hour(start: datetime, rows: Iterable[CollectedHour]) -> HourLine:
    of_hour = {Outcome(row.outcome): row for row in rows if row.hour == start}
    accepted = of_hour.get(Outcome.ACCEPTED)
    return HourLine(
        start,
        {outcome: Amount(row.requests, row.events) for outcome, row in of_hour.items()},
        accepted.slowest_seconds if accepted else None,
    )


def _left_out(rows: Iterable[CollectedHour], this_hour: datetime) -> LeftOutCounts:
    first_of_day = this_hour - (DAY_HOURS - 1) * HOUR
    return LeftOutCounts(
        hour=sum(row.left_out for row in rows if row.hour == this_hour),
        day=sum(row.left_out for row in rows if row.hour >= first_of_day),
        week=sum(row.left_out for row in rows),
    )


def _sum(amounts: Iterable[Amount]) -> Amount:
    total = Amount()
    for amount in amounts:
        total = total.plus(amount)
    return total


def in_words(seconds: float | None) -> str:
    """A duration as people read it; a dash for none."""
    if not seconds:
        return "–"
    return f"{seconds:,.1f} s" if seconds >= 1 else f"{seconds * 1e3:.0f} ms" if seconds >= 0.001 else "under 1 ms"
