"""What can be asked. Every question is a frozen dataclass that cannot be made without a `Scope`: its environment.

Nothing here knows SQL, URLs or pages: `parameters.py` reads and writes URLs, `sql/` makes SQL, `results.py` holds
answers.
A question that makes no sense cannot be made: the constructors raise BadQuery, in words for people.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from analytics.questions.conditions import MAX_VALUE, BadQuery, Field, Group, Source
from analytics.questions.spans import Span, Unit
from projects.models import Environment

MAX_STEPS = 10
MAX_SEGMENTS = 4
TOP_GROUPS = 20
LAST_30_DAYS = Span(30)
LAST_90_DAYS = Span(90)


@dataclass(frozen=True)
class Scope:
    """Whose data a question is about, and how its days and weeks are cut (`week_starts_on`: 1 is Monday)."""

    environment_id: int
    time_zone: str = "UTC"
    week_starts_on: int = 1

    @classmethod
    def of(cls, environment: Environment) -> "Scope":
        project = environment.project
        return cls(environment.pk, project.time_zone, project.week_starts_on)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Builtin(StrEnum):
    """Events that need no definition. A session is one occurrence, at its first event."""

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
    """Which events are meant; as text `<to>:<key>`: "builtin:pageview", "definition:<uuid>", "event:Signed up"."""

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
    """What is counted of events."""

    EVENTS = "events"
    USERS = "users"  # people after merging
    SESSIONS = "sessions"
    PER_USER = "per_user"  # events divided by users


@dataclass(frozen=True)
class Counting:
    """These events, or their people or sessions, to be counted by time. `where` filters events, `segments` people.

    With `by`, the TOP_GROUPS largest groups are counted, and all others together.
    """

    event: EventReference
    counts: Counts = Counts.EVENTS
    where: Group = field(default_factory=Group)
    by: Field | None = None
    segments: tuple[UUID, ...] = ()


class Chart(StrEnum):
    LINE = "line"
    BAR = "bar"
    TABLE = "table"


@dataclass(frozen=True)
class Compared:
    """One side of a comparison: a segment by its lineage, or everyone (None)."""

    segment: UUID | None

    def __str__(self) -> str:
        return str(self.segment) if self.segment else "everyone"


def _check_sides(compare: tuple[Compared, ...], segments: tuple[UUID, ...]) -> None:
    if sum(side.segment is not None for side in compare) > MAX_SEGMENTS or len(segments) > MAX_SEGMENTS:
        raise BadQuery(f"At most {MAX_SEGMENTS} segments can be compared.", "compare")
    if len(set(compare)) < len(compare):
        raise BadQuery("A segment is compared with itself.", "compare")


@dataclass(frozen=True)
class Graph:
    """How often, by time. `where` filters events, `segments` people (all must hold); `compare` gives each a line."""

    kind: ClassVar[str] = "graph"

    scope: Scope
    event: EventReference
    counts: Counts = Counts.EVENTS
    span: Span = LAST_30_DAYS
    unit: Unit = Unit.DAY
    where: Group = field(default_factory=Group)
    by: Field | None = None
    segments: tuple[UUID, ...] = ()
    compare: tuple[Compared, ...] = ()
    chart: Chart = Chart.LINE

    def __post_init__(self) -> None:
        _check_sides(self.compare, self.segments)
        self.span.check(self.unit)
        if self.by is not None and self.compare:
            raise BadQuery("Compare segments or group by a property, not both.", "by")

    @property
    def counting(self) -> Counting:
        return Counting(self.event, self.counts, self.where, self.by, self.segments)


@dataclass(frozen=True)
class Funnel:
    """How many people did the steps in order, the last one at most `within` after the first.

    People count who began inside the span; the later steps may follow after its end.
    """

    kind: ClassVar[str] = "funnel"

    scope: Scope
    steps: tuple[Selection, ...]
    within: timedelta = timedelta(days=7)
    span: Span = LAST_30_DAYS
    where: Group = field(default_factory=Group)
    segments: tuple[UUID, ...] = ()
    compare: tuple[Compared, ...] = ()

    def __post_init__(self) -> None:
        _check_sides(self.compare, self.segments)
        self.span.check(None)
        if not 2 <= len(self.steps) <= MAX_STEPS:
            raise BadQuery(f"A funnel has 2 to {MAX_STEPS} steps.", "step")
        if not timedelta(0) < self.within <= timedelta(days=366):
            raise BadQuery("The conversion window is 1 minute to 366 days.", "within")


@dataclass(frozen=True)
class Retention:
    """Who came back. People belong to the period of their first start event in the span; see `RetentionResult`."""

    kind: ClassVar[str] = "retention"

    scope: Scope
    start: Selection
    returning: Selection
    unit: Unit = Unit.WEEK
    span: Span = LAST_90_DAYS
    where: Group = field(default_factory=Group)
    segments: tuple[UUID, ...] = ()

    def __post_init__(self) -> None:
        _check_sides((), self.segments)
        self.span.check(self.unit)
        if self.unit is Unit.HOUR:
            raise BadQuery("Retention is by day, week or month.", "unit")


@dataclass(frozen=True)
class Cursor:
    """Where a list of people goes on: after this row. Text form "<last_seen microseconds>_<actor>"."""

    last_seen_microseconds: int
    actor_id: int

    def __str__(self) -> str:
        return f"{self.last_seen_microseconds}_{self.actor_id}"


@dataclass(frozen=True)
class Users:
    """People by last activity, newest first. `where` may use `user:` and `person:` fields only."""

    kind: ClassVar[str] = "users"

    scope: Scope
    where: Group = field(default_factory=Group)
    segments: tuple[UUID, ...] = ()
    search: str = ""  # part of an identity
    after: Cursor | None = None
    limit: int = 50

    def __post_init__(self) -> None:
        _check_sides((), self.segments)
        if any(each.field.source not in (Source.USER, Source.PERSON) for each in self.where.conditions):
            raise BadQuery("People can be filtered by what is known of them, not by events: make a segment.", "where")


Query = Graph | Funnel | Retention | Users
