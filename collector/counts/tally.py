"""Counts the outcomes of requests in memory, writes them to CollectedHour in batches, and adds them to the metrics.

Like ipfilter/counters.py: requests do not compete for a row, and a killed worker loses a few seconds of these counts,
but no event.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from collector.counts import metrics
from collector.counts.last_hour import Reporter
from collector.decide import Decision, Outcome
from common.periodic_writer import BoundStatement

HOUR_SECONDS = 3_600

WRITE_SQL = """
with came as (
    select * from unnest(%(environments)s::bigint[], %(hours)s::timestamptz[], %(outcomes)s::text[],
                         %(requests)s::bigint[], %(events)s::bigint[], %(properties_left_out)s::bigint[],
                         %(texts_cut)s::bigint[], %(identities_ignored)s::bigint[], %(protobufs_refused)s::bigint[],
                         %(robots)s::bigint[],
                         %(lasts)s::timestamptz[], %(last_seconds)s::float8[], %(slowest_seconds)s::float8[])
        as row (environment_id, hour, outcome, requests, events, properties_left_out,
                texts_cut, identities_ignored, protobufs_refused, robots, last_at, last_seconds, slowest_seconds)
), alive as (
    select came.* from came
      join projects_environment environment on environment.id = came.environment_id
     order by came.environment_id, came.hour, came.outcome
       for key share of environment
)
insert into collector_collectedhour as kept
       (environment_id, hour, outcome, requests, events, properties_left_out,
        texts_cut, identities_ignored, protobufs_refused, robots, last_at, last_seconds, slowest_seconds)
select environment_id, hour, outcome, requests, events, properties_left_out,
       texts_cut, identities_ignored, protobufs_refused, robots, last_at, last_seconds, slowest_seconds
  from alive order by environment_id, hour, outcome
    on conflict (environment_id, hour, outcome) do update
       set requests = kept.requests + excluded.requests, events = kept.events + excluded.events,
           properties_left_out = kept.properties_left_out + excluded.properties_left_out,
           texts_cut = kept.texts_cut + excluded.texts_cut,
           identities_ignored = kept.identities_ignored + excluded.identities_ignored,
           protobufs_refused = kept.protobufs_refused + excluded.protobufs_refused,
           robots = kept.robots + excluded.robots,
           last_seconds = case when excluded.last_at < kept.last_at then kept.last_seconds
                               else excluded.last_seconds end,
           last_at = greatest(kept.last_at, excluded.last_at),
           slowest_seconds = greatest(kept.slowest_seconds, excluded.slowest_seconds)
"""
"""Skips deleted environments. The others cannot be deleted until this is committed.

Rows are locked in a fixed order, so that workers cannot deadlock.
"""

HourKey = tuple[int, int, Outcome]
"""Environment id, hours since 1970 (UTC), outcome."""


@dataclass(slots=True)
class Count:
    """Requests of one kind. `last_at` is in unix seconds.

    Durations are from arrival to answer, and 0 where nothing had to be committed.
    """

    requests: int = 0
    events: int = 0  # includes people and customers, as far as the request was read
    properties_left_out: int = 0
    texts_cut: int = 0
    identities_ignored: int = 0
    protobufs_refused: int = 0
    robots: int = 0  # of the events
    last_at: float = 0.0
    last_seconds: float = 0.0
    slowest_seconds: float = 0.0

    def add(self, other: "Count") -> None:
        self.requests += other.requests
        self.events += other.events
        self.properties_left_out += other.properties_left_out
        self.texts_cut += other.texts_cut
        self.identities_ignored += other.identities_ignored
        self.protobufs_refused += other.protobufs_refused
        self.robots += other.robots
        self.slowest_seconds = max(self.slowest_seconds, other.slowest_seconds)
        if other.last_at >= self.last_at:
            self.last_at, self.last_seconds = other.last_at, other.last_seconds


TallyCounts = Mapping[HourKey, Count]


class Tally:
    """The counts of one process that are not written yet."""

    def __init__(self, reporter: Reporter | None = None) -> None:
        self._reporter = reporter
        self._counts: dict[tuple[int, int, Outcome, str], Count] = {}
        self._unwritten: dict[HourKey, Count] = {}  # from writes that failed

    def __bool__(self) -> bool:
        return bool(self._counts or self._unwritten)

    def add(self, path: str, decision: Decision, at: float, seconds: float = 0.0) -> None:
        """Count a request that arrived at `at` and was committed `seconds` later.

        Called for every request: about half a microsecond. An unknown environment has the id 0 here.
        """
        count = self._count(path, decision, at, decision.outcome)
        count.requests += 1
        count.events += decision.weight
        count.properties_left_out += decision.properties_left_out
        count.last_at, count.last_seconds = at, seconds
        if seconds > count.slowest_seconds:
            count.slowest_seconds = seconds
        if (noted := decision.noted) is not None:
            count.texts_cut += noted.texts_cut
            count.identities_ignored += noted.nobodies
            count.protobufs_refused += noted.protobufs
            if noted.is_robot:
                count.robots += decision.weight
            if noted.refused:  # of a request whose other items are accepted: it counts as both
                refused = self._count(path, decision, at, Outcome.BAD)
                refused.requests += 1
                refused.events += noted.refused
                refused.last_at = at

    def _count(self, path: str, decision: Decision, at: float, outcome: Outcome) -> Count:
        environment = decision.environment
        key = (0 if environment is None else environment.environment_id, int(at) // HOUR_SECONDS, outcome, path)
        count = self._counts.get(key)
        if count is None:
            count = self._counts[key] = Count()
        return count

    def take(self) -> TallyCounts:
        """Return the counts of known environments since the last call, and start over.

        Also adds all new counts to the metrics and to the last hour: here, so that each is added once even if a write
        fails.
        """
        fresh, self._counts = self._counts, {}
        taken, self._unwritten = self._unwritten, {}
        for (environment_id, hour, outcome, path), count in fresh.items():
            metrics.requests.labels(path, outcome).inc(count.requests)
            metrics.events.labels(outcome).inc(count.events)
            metrics.left_out.inc(count.properties_left_out)
            if self._reporter is not None:
                self._reporter.note(outcome, count.requests, count.last_at)
            if environment_id:
                taken.setdefault((environment_id, hour, outcome), Count()).add(count)
        return taken

    def give_back(self, counts: TallyCounts) -> None:
        """Keep counts that could not be written for the next `take`."""
        for key, count in counts.items():
            self._unwritten.setdefault(key, Count()).add(count)

    def statement(self, counts: TallyCounts) -> BoundStatement:
        """One statement that adds `counts` to the stored counts."""
        rows = sorted(counts.items(), key=lambda row: row[0])
        parameters: dict[str, Any] = {
            "environments": [environment_id for (environment_id, _, _), _ in rows],
            "hours": [_moment(hour * HOUR_SECONDS) for (_, hour, _), _ in rows],
            "outcomes": [str(outcome) for (_, _, outcome), _ in rows],
            "requests": [count.requests for _, count in rows],
            "events": [count.events for _, count in rows],
            "properties_left_out": [count.properties_left_out for _, count in rows],
            "texts_cut": [count.texts_cut for _, count in rows],
            "identities_ignored": [count.identities_ignored for _, count in rows],
            "protobufs_refused": [count.protobufs_refused for _, count in rows],
            "robots": [count.robots for _, count in rows],
            "lasts": [_moment(count.last_at) for _, count in rows],
            "last_seconds": [count.last_seconds for _, count in rows],
            "slowest_seconds": [count.slowest_seconds for _, count in rows],
        }
        return BoundStatement(WRITE_SQL, parameters)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
