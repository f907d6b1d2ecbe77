"""Counts the events that are dropped because of excluded IPs."""

from collections import OrderedDict

from collector.decide import Decision
from ipfilter.counters import Counters

MOST_KEYS = 50_000


class RecentlyExcluded:
    """The last events that one process excluded. They are remembered to count an event once if it is sent again.

    Excluded events are not stored, so the database cannot detect repeats. A repeat that reaches another process is
    counted again.
    """

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._seen: OrderedDict[int, None] = OrderedDict()  # hashes, because keys may be long; the oldest first

    def once(self, decision: Decision) -> Decision:
        """The decision, not counting events that came before."""
        if decision.environment is None or not decision.keys:
            return decision
        repeats = 0
        for key in decision.keys:
            seen = hash((decision.environment.environment_id, key))
            repeats += seen in self._seen
            self._seen[seen] = None
        while len(self._seen) > self._most:
            self._seen.popitem(last=False)
        return decision.without(repeats)


def count(counters: Counters, decision: Decision, now: float) -> None:
    """Count a request that was decided at `now` (unix seconds), if a rule excluded it."""
    if decision.rule_id is not None and decision.environment is not None:
        counters.add(
            rule_id=decision.rule_id, environment_id=decision.environment.environment_id, at=now, events=decision.weight
        )
