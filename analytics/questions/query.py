"""The base class of questions and their shared parts. The kinds are in analytics/kinds.

Nothing here knows SQL or pages. A question that makes no sense cannot be constructed: the constructors raise BadQuery,
in words for people.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from analytics.questions.conditions import MAX_VALUE, BadQuery, Field, Group
from analytics.questions.spans import Span
from projects.models import Environment

MAX_SEGMENTS = 4
TOP_GROUPS = 20
LAST_7_DAYS = Span(7)
LAST_30_DAYS = Span(30)
LAST_90_DAYS = Span(90)
R = TypeVar("R")  # the Result that answers it


@dataclass(frozen=True)
class Scope:
    """The environment of a question, and where its days and weeks begin (`week_starts_on`: 1 is Monday).

    Without robots, the answer is as if none had ever come.
    """

    environment_id: int
    time_zone: str = "UTC"
    week_starts_on: int = 1
    without_robots: bool = False

    @classmethod
    def of(cls, environment: Environment) -> "Scope":
        project = environment.project
        return cls(environment.pk, project.time_zone, project.week_starts_on, project.leaves_out_robots)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Builtin(StrEnum):
    """Events that need no definition. A session counts once, at the time of its first event."""

    PAGEVIEW = "pageview"
    SESSION = "session"
    ANY = "any"


class RefersTo(StrEnum):
    BUILTIN = "builtin"  # key: a Builtin
    DEFINITION = "definition"  # key: the definition's lineage
    CUSTOM = "event"  # key: the name that a custom event was sent with
    KIND = "kind"  # key: "click", "change" or "submit"


@dataclass(frozen=True)
class EventReference:
    """Names some events. Text form `<to>:<key>`: "builtin:pageview", "definition:<uuid>", "event:Signed up"."""

    to: RefersTo
    key: str

    def __post_init__(self) -> None:
        if not self.key or len(self.key) > MAX_VALUE or "\0" in self.key:
            raise BadQuery("Choose an event.")
        if self.to is RefersTo.BUILTIN and self.key not in set(Builtin):
            raise BadQuery("There is no such built-in event.")
        if self.to is RefersTo.KIND and self.key not in {"click", "change", "submit"}:
            raise BadQuery("There is no such kind of event.")
        if self.to is RefersTo.DEFINITION:
            try:
                object.__setattr__(self, "key", str(UUID(self.key)))
            except ValueError as error:
                raise BadQuery("There is no such definition.") from error

    def __str__(self) -> str:
        return f"{self.to}:{self.key}"

    @classmethod
    def parse(cls, text: str) -> "EventReference":
        to, _, key = text.partition(":")
        try:
            return cls(RefersTo(to), key)
        except ValueError as error:
            raise BadQuery("Choose an event.") from error

    @property
    def lineage(self) -> UUID | None:
        return UUID(self.key) if self.to is RefersTo.DEFINITION else None

    @property
    def is_session(self) -> bool:
        return self.to is RefersTo.BUILTIN and self.key == Builtin.SESSION


PAGEVIEW = EventReference(RefersTo.BUILTIN, Builtin.PAGEVIEW)
SESSION = EventReference(RefersTo.BUILTIN, Builtin.SESSION)
ANY_EVENT = EventReference(RefersTo.BUILTIN, Builtin.ANY)


@dataclass(frozen=True)
class Selection:
    """The events of one reference for which the conditions hold."""

    event: EventReference
    where: Group = field(default_factory=Group)


class Comparison(StrEnum):
    AT_LEAST = "at_least"
    AT_MOST = "at_most"  # at most 0 is "did not do"


@dataclass(frozen=True)
class Did:
    """A person did something at least or at most `times` times in the last `days` days (None: ever)."""

    selection: Selection
    comparison: Comparison = Comparison.AT_LEAST
    times: int = 1
    days: int | None = None

    def __post_init__(self) -> None:
        if self.times < (1 if self.comparison is Comparison.AT_LEAST else 0) or self.times > 1_000_000:
            raise BadQuery("How many times? At least 1, or at most 0 and more.")
        if self.days is not None and not 1 <= self.days <= 3660:
            raise BadQuery("Within how many days? 1 to 3,660.")


class Counts(StrEnum):
    """What is counted of events, or measured of one of their properties."""

    EVENTS = "events"
    USERS = "users"  # people after merging
    SESSIONS = "sessions"
    PER_USER = "per_user"  # events divided by users
    SUM = "sum"
    AVERAGE = "average"
    MEDIAN = "median"
    P95 = "p95"  # 95 % of the numbers are smaller
    SMALLEST = "smallest"
    LARGEST = "largest"
    DIFFERENT = "different"  # values, as texts

    @property
    def is_of_numbers(self) -> bool:
        """Whether it is measured of the numbers of a property."""
        return self in OF_NUMBERS

    @property
    def takes_property(self) -> bool:
        return self.is_of_numbers or self is Counts.DIFFERENT

    @property
    def is_distinct(self) -> bool:
        """Whether each of what it counts is counted once, however many events it has."""
        return self in (Counts.USERS, Counts.SESSIONS, Counts.DIFFERENT)

    @property
    def adds_up(self) -> bool:
        """Whether it can be counted since the start of a range: no average of averages, nor a largest of all."""
        return self.is_distinct or self in (Counts.EVENTS, Counts.SUM)


PERCENTILES = {Counts.MEDIAN: 50, Counts.P95: 95}
OF_NUMBERS = {Counts.SUM, Counts.AVERAGE, *PERCENTILES, Counts.SMALLEST, Counts.LARGEST}


@dataclass(frozen=True)
class Counting:
    """What to count over time, or to measure of the property `of`. `where` and `also` filter events, `segments` people.

    With `by`, the TOP_GROUPS largest groups are counted separately and all others together. With `cumulative`, people,
    sessions and values are only counted in their first bucket.
    """

    event: EventReference
    counts: Counts = Counts.EVENTS
    of: Field | None = None
    where: Group = field(default_factory=Group)
    also: Group = field(default_factory=Group)
    by: tuple[Field, ...] = ()
    segments: tuple[UUID, ...] = ()
    cumulative: bool = False


@dataclass(frozen=True)
class Compared:
    """One side of a comparison: a segment by its lineage, or everyone (None)."""

    segment: UUID | None

    def __str__(self) -> str:
        return str(self.segment) if self.segment else "everyone"

    def among(self, segments: tuple[UUID, ...]) -> tuple[UUID, ...]:
        """The segments that people of this side are in, if everybody must be in `segments`."""
        return (*segments, self.segment) if self.segment else segments


def check_compared(sides: tuple[Compared, ...]) -> None:
    """Raise BadQuery if these sides cannot be compared."""
    if sum(side.segment is not None for side in sides) > MAX_SEGMENTS:
        raise BadQuery(f"At most {MAX_SEGMENTS} segments can be compared.", "compare")
    if len(set(sides)) < len(sides):
        raise BadQuery("A segment is compared with itself.", "compare")


@dataclass(frozen=True)
class Query(ABC, Generic[R]):
    """A question of some kind. It cannot be made without a `Scope`, its environment.

    `where` filters events (or people), `segments` the people, who must be in all of them. `events` and `named_segments`
    say what the question refers to, so that deleting and copying can respect it.
    """

    kind: ClassVar[str]  # its name in URLs and reports

    scope: Scope
    where: Group = field(default_factory=Group, kw_only=True)
    segments: tuple[UUID, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        if len(self.segments) > MAX_SEGMENTS:
            raise BadQuery(f"At most {MAX_SEGMENTS} segments can be compared.", "compare")

    @abstractmethod
    def parameters(self) -> Iterator[tuple[str, str]]:
        """The URL parameters from which its kind reads an equal question: with defaults, in a fixed order."""

    @abstractmethod
    def events(self) -> Iterable[EventReference]:
        """All events that it names directly."""

    @abstractmethod
    def named_segments(self) -> Iterable[UUID]:
        """The lineages of all segments that it names."""

    @abstractmethod
    def range_words(self) -> str:
        """Its time range, such as "last 30 days"; empty if it has none."""
