"""What there is to ask about: names of events, and properties."""

from dataclasses import dataclass
from datetime import datetime

from analytics.questions.conditions import Source


@dataclass(frozen=True)
class KnownEvent:
    """A kind and name of events, `kind` "custom" with a name and others without. `events` is 0 until they are counted.

    `first_at` and `last_at` are times of events.
    """

    kind: str
    name: str
    events: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class KnownProperty:
    """A property, and how many events (or people) have it: with a number, a text, a truth value, or none of these.

    A text that questions take for a number is one. `of_event`: the event that was asked about has it.
    """

    source: Source
    key: str
    events: int
    numbers: int
    texts: int
    booleans: int
    first_at: datetime
    last_at: datetime
    of_event: bool = False
