"""What a check found, in words that stand on the status page."""

from dataclasses import dataclass
from datetime import datetime

from support.status.models import Component, State


@dataclass(frozen=True)
class Reading:
    """How one part does, and why, as a sentence; the sentence is '' when all is well and nothing is to be said."""

    component: Component
    state: State
    reason: str = ""


@dataclass(frozen=True)
class Freshness:
    """How recent the data is: when the newest committed event arrived; None without events.

    An event is acknowledged only once it is committed, so the newest accepted event is the newest committed one.
    """

    arrived_at: datetime | None


def worse(one: Reading, other: Reading) -> Reading:
    """Of two readings of one part the worse; of equals the first."""
    return other if other.state > one.state else one
