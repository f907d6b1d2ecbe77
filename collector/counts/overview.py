"""The outcomes of the requests to one environment, as its Collection page shows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from collector.decide import Outcome
from collector.models import CollectedHour
from common.counted import counted, noun
from common.database import TookTooLong
from common.local_days import bounds, last_days
from common.sparkline import Bars
from events.catalogue.state import CatalogueState, catalogue_state
from events.models import Kind
from events.newest import Arrival, last_arrival
from projects.models import Environment

HOUR = timedelta(hours=1)
DAY_HOURS = 24  # including the current hour
WEEK_DAYS = 7
TITLES = {  # in the order of the page
    Outcome.ACCEPTED: "Accepted",
    Outcome.EXCLUDED: "Dropped: excluded IP",
    Outcome.LEFT_OUT: "Left out: capture settings",
    Outcome.BAD: "Refused: bad request",
    Outcome.OVER_LIMIT: "Refused: over the limit",
    Outcome.UNAVAILABLE: "Refused: unavailable",
    Outcome.CLOSED: "Refused: closed",
}
WORDS = {  # that follow a number: "3 excluded, 1 bad"
    Outcome.EXCLUDED: "excluded",
    Outcome.LEFT_OUT: "left out",
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
        return f"{self.total:,} in {counted(len(self.counts), 'hour')}, at most {max(self.counts):,} an hour"


@dataclass(frozen=True)
class OutcomeLine:
    """One outcome: in the current hour, the last 24 hours and the last 7 days of the project's calendar."""

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
    """One hour: the amount of each outcome, and the slowest commit in seconds (None if nothing was committed)."""

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
class LatelyCounts:
    """How many there were within the hour at hand, the last 24 hours and 7 days."""

    hour: int
    day: int
    week: int

    def in_words(self, one: str, what: str) -> str:
        """ "12 texts were cut in the last 7 days, 3 of them in the last 24 hours"; nothing when none were."""
        if not self.week:
            return ""
        lately = f", {self.day:,} of them in the last 24 hours" if self.day else ""
        verb = f"{noun(self.week, 'was')} " if what.startswith("was ") else ""
        return f"{counted(self.week, one)} {verb}{what.removeprefix('was ')} in the last 7 days{lately}"


@dataclass(frozen=True)
class CollectionOverview:
    """All numbers of the page. A duration is the time from the arrival of a request to its answer."""

    lines: Sequence[OutcomeLine]
    hours: Sequence[HourLine]  # of the last day, the newest first
    left_out: LatelyCounts  # properties
    texts_cut: LatelyCounts
    identities_ignored: LatelyCounts
    protobufs_refused: LatelyCounts  # requests
    robots: LatelyCounts  # of the accepted events
    robots_hourly: HourlyBars
    last_arrival: Arrival | None
    catalogue: CatalogueState
    is_arrival_known: bool  # false where the database took too long to say
    last_commit_seconds: float | None  # within 7 days

    @property
    def last_commit(self) -> str:
        return in_words(self.last_commit_seconds)

    @property
    def last_arrived(self) -> str:
        """The event that arrived last, in words: the name of a custom event, or "pageview /pricing"."""
        if self.last_arrival is None:
            return ""
        last = self.last_arrival
        return last.name if last.kind == Kind.CUSTOM else f"{last.kind} {last.path or ''}".strip()

    @property
    def is_empty(self) -> bool:
        no_arrival = self.is_arrival_known and self.last_arrival is None
        return no_arrival and not any(line.week.requests for line in self.lines)


def overview(environment: Environment, now: datetime) -> CollectionOverview:
    """Read all numbers of the page, with three queries."""
    this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    zone = ZoneInfo(environment.project.time_zone)
    first_moment, _ = bounds(*last_days(WEEK_DAYS, now, zone), zone)
    since = first_moment.replace(minute=0)  # where days begin at half an hour in UTC, that whole hour counts
    rows = list(environment.collected_hours.filter(hour__gte=since))
    committed = [row for row in rows if row.outcome == Outcome.ACCEPTED and row.slowest_seconds]
    last = max(committed, key=lambda row: row.last_at, default=None)
    try:
        arrival, is_arrival_known = last_arrival(environment.pk), True
    except TookTooLong:
        arrival, is_arrival_known = None, False
    return CollectionOverview(
        lines=[_line(outcome, rows, this_hour) for outcome in TITLES],
        hours=[_hour(this_hour - ago * HOUR, rows) for ago in range(DAY_HOURS)],
        left_out=_lately("properties_left_out", rows, this_hour),
        texts_cut=_lately("texts_cut", rows, this_hour),
        identities_ignored=_lately("identities_ignored", rows, this_hour),
        protobufs_refused=_lately("protobufs_refused", rows, this_hour),
        robots=_lately("robots", rows, this_hour),
        robots_hourly=_robots_hourly(rows, this_hour),
        last_arrival=arrival,
        catalogue=catalogue_state(environment.pk),
        is_arrival_known=is_arrival_known,
        last_commit_seconds=last.last_seconds if last else None,
    )


def _line(outcome: Outcome, rows: Iterable[CollectedHour], this_hour: datetime) -> OutcomeLine:
    amounts = {row.hour: Amount(row.requests, row.events) for row in rows if row.outcome == outcome}
    day = _day(this_hour)
    return OutcomeLine(
        outcome,
        hour=amounts.get(this_hour, Amount()),
        day=_sum(amounts[hour] for hour in day if hour in amounts),
        week=_sum(amounts.values()),
        hourly=HourlyBars([amounts.get(hour, Amount()).events for hour in day]),
    )


def _robots_hourly(rows: Iterable[CollectedHour], this_hour: datetime) -> HourlyBars:
    robots = {row.hour: row.robots for row in rows if row.outcome == Outcome.ACCEPTED}
    return HourlyBars([robots.get(hour, 0) for hour in _day(this_hour)])


def _day(this_hour: datetime) -> list[datetime]:
    """The hours of the day that ends with this one, oldest first."""
    return [this_hour - ago * HOUR for ago in reversed(range(DAY_HOURS))]


def _hour(start: datetime, rows: Iterable[CollectedHour]) -> HourLine:
    of_hour = {Outcome(row.outcome): row for row in rows if row.hour == start}
    accepted = of_hour.get(Outcome.ACCEPTED)
    return HourLine(
        start,
        {outcome: Amount(row.requests, row.events) for outcome, row in of_hour.items()},
        accepted.slowest_seconds if accepted else None,
    )


def _lately(column: str, rows: Iterable[CollectedHour], this_hour: datetime) -> LatelyCounts:
    first_of_day = this_hour - (DAY_HOURS - 1) * HOUR
    numbers = [(row.hour, getattr(row, column)) for row in rows]
    return LatelyCounts(
        hour=sum(number for hour, number in numbers if hour == this_hour),
        day=sum(number for hour, number in numbers if hour >= first_of_day),
        week=sum(number for _, number in numbers),
    )


def _sum(amounts: Iterable[Amount]) -> Amount:
    total = Amount()
    for amount in amounts:
        total = total.plus(amount)
    return total


def in_words(seconds: float | None) -> str:
    """A duration with its unit; a dash if there is none."""
    if not seconds:
        return "–"
    return f"{seconds:,.1f} s" if seconds >= 1 else f"{seconds * 1e3:.0f} ms" if seconds >= 0.001 else "under 1 ms"
