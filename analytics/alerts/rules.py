"""When an alert fires and when it is over. Pure.

There are two thresholds, so that a number that lies about one of them does not fire again and again: an alert that
watches whether a number is above 100 may only be over once it is below 80.
"""

from dataclasses import dataclass

from analytics.alerts.models import AlertRule


@dataclass(frozen=True)
class Thresholds:
    """Where it fires, and where it is over: the same, or on the calm side of it."""

    rule: AlertRule
    fires_at: float
    over_at: float

    def is_firing(self, before: bool, value: float | None) -> bool:
        """Whether it fires with this number, if it did `before`. Without a number it stays as it was.

        Of a difference, `value` is how much more there is than in the period before.
        """
        if value is None:
            return before
        if self.rule is AlertRule.BELOW:
            return value < self.fires_at or (before and value <= self.over_at)
        seen = _seen(self.rule, value)
        if self.rule is AlertRule.LASTS:
            return seen >= self.fires_at or (before and seen >= self.over_at)
        return seen > self.fires_at or (before and seen >= self.over_at)


def _seen(rule: AlertRule, value: float) -> float:
    """The number as it is compared with thresholds that are not negative."""
    if rule is AlertRule.FELL:
        return -value
    return abs(value) if rule is AlertRule.CHANGED else value
