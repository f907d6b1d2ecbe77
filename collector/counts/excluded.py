"""Counting what excluded IPs keep out."""

from collector.decide import Decision
from ipfilter.counters import Counters


def count(counters: Counters, decision: Decision, now: float) -> None:
    """Count a request that was decided at `now` (unix seconds); nothing when no rule kept it out."""
    if decision.rule_id is not None and decision.environment is not None:
        counters.add(
            rule_id=decision.rule_id, environment_id=decision.environment.environment_id, at=now, events=decision.weight
        )
