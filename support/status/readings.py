"""Results of the checks, in the words of the status page."""

from dataclasses import dataclass
from datetime import datetime

from support.status.models import Component, State

NOT_KNOWN = None  # a state that nothing tells
FROM_BEST_TO_WORST = [State.UP, NOT_KNOWN, State.DEGRADED, State.DOWN]


@dataclass(frozen=True)
class Reading:
    """The state of one part (None: it is not known), and the reason as a sentence.

    If it is up, the reason is '' or a warning.
    """

    component: Component
    state: State | None
    reason: str = ""


@dataclass(frozen=True)
class Freshness:
    """How recent the data is: when the newest committed event arrived; None without events.

    An event is acknowledged only once it is committed, so the newest accepted event is the newest committed one.
    """

    arrived_at: datetime | None


def badness(state: State | None) -> int:
    """A number that is greater for a worse state."""
    return FROM_BEST_TO_WORST.index(state)


def worse(one: Reading, other: Reading) -> Reading:
    """The worse of two readings of one part; the first if they are equal."""
    return other if badness(other.state) > badness(one.state) else one
