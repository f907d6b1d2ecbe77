"""Counts how many events each rule keeps out: in memory, written to KeptOut in batches.

Each worker adds to its own counters for every excluded event and writes them every few seconds, so that workers do
not compete for one row. A killed worker loses what it has not written: a few seconds of a statistic, never an event.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from common.periodic_writer import BoundStatement

CounterKey = tuple[int, int, date]
"""Rule id, environment id, day (UTC)."""
KeptOutCounts = Mapping[CounterKey, tuple[int, datetime]]
"""How many events, and when the last one arrived."""

FLUSH_SQL = """
with came as (
    select * from unnest(%(rules)s::bigint[], %(environments)s::bigint[], %(days)s::date[], %(counts)s::bigint[],
                         %(lasts)s::timestamptz[]) as row (rule_id, environment_id, day, count, last_at)
), alive as (
    select came.* from came
      join ipfilter_excludedip rule on rule.id = came.rule_id
      join ipfilter_excludediplist list on list.id = rule.list_id
      join projects_environment environment on environment.id = came.environment_id
      join projects_project project on project.id = environment.project_id
     where list.account_id = project.account_id
       and (list.environment_id is null or list.environment_id = came.environment_id)
     order by came.rule_id, came.environment_id, came.day
       for key share of rule, environment
)
insert into ipfilter_keptout as kept (rule_id, environment_id, day, count, last_at)
select rule_id, environment_id, day, count, last_at from alive order by rule_id, environment_id, day
    on conflict (rule_id, environment_id, day) do update
       set count = kept.count + excluded.count, last_at = greatest(kept.last_at, excluded.last_at)
"""
"""Adds counts to the stored ones. Counts for deleted rows are skipped, and so are those that the database would refuse
(migration 0004), because one such row would make the whole statement fail.

The fixed order prevents deadlocks between workers. The lock keeps rules and environments from being deleted before
this commits, so no foreign key can fail.
"""


class Counters:
    """The counters of one process that are not written yet."""

    def __init__(self) -> None:
        self._counts: dict[tuple[int, int, int], list[float]] = {}

    def __bool__(self) -> bool:
        return bool(self._counts)

    def add(self, *, rule_id: int, environment_id: int, at: float, events: int = 1) -> None:
        """Count `events` that a rule kept out of an environment; `at` is unix seconds."""
        if events < 1:  # a bulk request may have no events
            return
        key = rule_id, environment_id, int(at // 86_400)
        counted = self._counts.get(key)
        if counted is None:
            self._counts[key] = [events, at]
        else:
            counted[0] += events
            counted[1] = max(counted[1], at)

    def take(self) -> KeptOutCounts:
        """Return everything counted since the last call, and reset the counters."""
        taken, self._counts = self._counts, {}
        return {
            (rule_id, environment_id, datetime.fromtimestamp(day * 86_400, UTC).date()): (
                int(count),
                datetime.fromtimestamp(last_at, UTC),
            )
            for (rule_id, environment_id, day), (count, last_at) in taken.items()
        }

    def give_back(self, counts: KeptOutCounts) -> None:
        """Add counts back that were taken but could not be written."""
        for (rule_id, environment_id, _), (count, last_at) in counts.items():
            self.add(rule_id=rule_id, environment_id=environment_id, at=last_at.timestamp(), events=count)

    def statement(self, counts: KeptOutCounts) -> BoundStatement:
        """The one statement that adds `counts` to what is stored."""
        keys = sorted(counts)
        parameters: dict[str, Any] = {
            "rules": [rule_id for rule_id, _, _ in keys],
            "environments": [environment_id for _, environment_id, _ in keys],
            "days": [day for _, _, day in keys],
            "counts": [counts[key][0] for key in keys],
            "lasts": [counts[key][1] for key in keys],
        }
        return BoundStatement(FLUSH_SQL, parameters)
