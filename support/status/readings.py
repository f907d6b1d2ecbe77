"""Results of the checks, in the words of the status page."""

from dataclasses import dataclass
from datetime import datetime

from support.status.models import Component, State


@dataclass(frozen=True)
class Reading:
    """The state of one part, and the reason as a sentence. The reason is '' if the part is up."""

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
    """The worse of two readings of one part; the first if they are equal."""
    return other if other.state > one.state else one
