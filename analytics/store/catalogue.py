"""What there is to ask about: names of events, and properties."""

from dataclasses import dataclass
from datetime import datetime

from analytics.definitions.catalogue_names import CatalogueName
from analytics.questions.conditions import BadQuery, Source
from analytics.questions.query import Builtin, RefersTo


@dataclass(frozen=True)
class SaidOfName:
    """What people say of a name (models.NameNote)."""

    description: str = ""
    is_hidden: bool = False
    is_verified: bool = False


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
    said: SaidOfName = SaidOfName()

    @property
    def called(self) -> CatalogueName | None:
        """None for what no question can name: an event without a name, or with one that is too long."""
        if self.kind == "custom":
            return _called(RefersTo.CUSTOM, self.name)
        return _called(RefersTo.BUILTIN if self.kind == Builtin.PAGEVIEW else RefersTo.KIND, self.kind)


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
    said: SaidOfName = SaidOfName()

    @property
    def called(self) -> CatalogueName | None:
        return _called(self.source, self.key)

    @property
    def is_of_people(self) -> bool:
        return self.source is Source.USER


def _called(kind: str, name: str) -> CatalogueName | None:
    try:
        return CatalogueName(kind, name)
    except BadQuery:
        return None
