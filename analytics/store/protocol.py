"""The interface of an event store: all reads of `events`, `people` and `merges`.

Writing, deletion and maintenance are not here, nor when the newest event arrived: events are always accepted
by PostgreSQL, and `events/` knows.
"""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings

from analytics.definitions.bodies import DefinitionBody, SegmentBody
from analytics.questions.before import Earlier
from analytics.questions.conditions import Field, Source
from analytics.questions.query import Counting, EventReference, Scope, Selection
from analytics.questions.spans import Bucket, Span, Unit
from analytics.sql.context import QueryContext, Tuples
from analytics.sql.dialect import Dialect
from analytics.store.catalogue import KnownEvent, KnownProperty
from analytics.store.live import LiveEvent, Page, Position
from analytics.store.people import ActivityCounts, KnownPerson
from events.catalogue.state import CatalogueState
from projects.models import Environment
from projects.registry import Usage

TIME_LIMIT = timedelta(seconds=30)  # of a question


def new_token() -> str:
    """Names one run, so that it can be cancelled; nobody can guess it."""
    return secrets.token_hex(16)


@dataclass(frozen=True)
class DefinitionPreview:
    """How many events of the last days match, and the latest few of the last months.

    `before` is how many did in the same part of the `earlier` days; None if that would have taken too long.
    """

    count: int
    latest: list[LiveEvent]
    before: int | None
    earlier: Earlier


@dataclass(frozen=True)
class Clicked:
    """What was captured of an element (analytics/sql/elements.py, TARGET), and how often it happened to it."""

    texts: tuple[str, ...]
    events: int


@dataclass(frozen=True)
class ElementEvent:
    """An event in short: `text` is its element's, its name or its page's title."""

    at: datetime
    text: str
    path: str


@dataclass(frozen=True)
class EventSpan:
    """When the oldest and the newest event happened, by their own time; None without any."""

    oldest_at: datetime | None
    newest_at: datetime | None


@dataclass(frozen=True)
class CountingLag:
    """Since when the environment that waits longest was not brought up to date; how many are not counted completely."""

    seconds: float
    unfinished: int


@dataclass(frozen=True)
class ReplicaState:
    """By how many seconds at most the replica that answers questions is behind; None with the `problem`, in words that
    go on after "The replica"."""

    behind_seconds: float | None
    problem: str = ""

    @property
    def is_too_far_behind(self) -> bool:
        """To answer questions."""
        return self.behind_seconds is not None and self.behind_seconds > settings.REPLICA_LAG_SECONDS


class AskingOnce(Protocol):
    """Asks the statements of one question. `behind_seconds`: what was stored within these may be missing in what it
    answers; None where nothing is, because it is answered where events are stored."""

    behind_seconds: float | None

    def __call__(self, sql: str, parameters: dict[str, Any]) -> Tuples: ...


class Collected(StrEnum):
    """The tables behind this door."""

    EVENTS = "events"
    PEOPLE = "people"
    MERGES = "merges"


class EventStore(Protocol):
    """Operations that may take long have a limit, and raise QueryTimeout after it (analytics/store/failures.py)."""

    @property
    def dialect(self) -> Dialect:
        """How the SQL of questions is written for this store."""
        ...

    # --- Questions ---

    def snapshot(self, environment_id: int, *, token: str, limit: timedelta) -> AbstractContextManager[AskingOnce]:
        """Statements that see the same data and end together after `limit`; with a `token` they can be cancelled.

        Raises QueryTimeout, QueryCancelled, and QueryDisturbed where it may be asked again at once.
        """
        ...

    def cancel(self, environment_id: int, token: str) -> bool:
        """Stop the statements of this environment that have this token; returns whether any were running."""
        ...

    def preview_definition(self, scope: Scope, body: DefinitionBody) -> DefinitionPreview:
        """What a definition matches. Raises BadQuery (it refers to something missing) and QueryTimeout."""
        ...

    def last_match(self, scope: Scope, body: DefinitionBody) -> datetime | None:
        """The time of the last event of 90 days that a definition matches. Raises as preview_definition does."""
        ...

    def preview_segment(self, scope: Scope, body: SegmentBody, lineage: UUID | None = None) -> int:
        """How many people are in a segment; a fixed one needs its lineage. Raises BadQuery and QueryTimeout."""
        ...

    # --- Elements of pages, in the last seven days; raises QueryTimeout ---

    def elements_of(self, scope: Scope, page: Mapping[str, str], kind: str, most: int) -> list[Clicked]:
        """The elements of a page to which this happened, the most frequent first. `page`: its columns."""
        ...

    def busy_pages(self, scope: Scope, most: int) -> list[tuple[str, str, int]]:
        """The pages where most was clicked, changed and submitted: domain, path, how often."""
        ...

    def newest_of(self, scope: Scope, selection: Selection, most: int) -> list[ElementEvent]:
        """The newest events of a selection, of 30 days. Raises BadQuery too."""
        ...

    def meanings_of(self, scope: Scope, event: Mapping[str, str], lineages: Sequence[UUID]) -> list[UUID]:
        """Those of the definitions to which an event with these columns would belong."""
        ...

    def counts_on_page(
        self, scope: Scope, page: Mapping[str, str], lineages: Sequence[UUID], most: int
    ) -> dict[UUID, int]:
        """Those of the definitions that may happen to elements of the page, and how often each did there."""
        ...

    # --- Days counted beforehand: a store that needs none answers None, and has nothing to count ---

    def counted_times(
        self,
        counting: Counting,
        span: Span,
        unit: Unit,
        context: QueryContext,
        chosen: Sequence[tuple[str, ...]] | None = None,
    ) -> Tuples | None:
        """The rows of analytics/sql/time_counts.py without reading every event; None where they must be read.

        `chosen`: the encoded values of groups, if they are not to be ranked.
        """
        ...

    def counted_cohorts(
        self,
        start: Selection,
        returning: Selection,
        span: Span,
        cut: Sequence[Bucket],
        context: QueryContext,
        *,
        every: bool,
        last: bool,
    ) -> Tuples | None:
        """The rows of analytics/kinds/retention/sql.py for everybody, likewise.

        `every`: people are in the cohort of every bucket in which they start; `last`: only the last period counts.
        """
        ...

    def environments_to_count(self, since: datetime) -> list[Environment]:
        """The environments whose days were not brought up to date since then."""
        ...

    def count_days(self, environment: Environment, seconds: float) -> bool:
        """Count the days of one environment for at most so long; returns whether all are counted."""
        ...

    def forget_days(self, environment_id: int, before: datetime) -> None:
        """Forget what is counted of the time before that moment: its events go."""
        ...

    def counting_lag(self, limit_seconds: float) -> "CountingLag":
        """How far counting is behind. Raises QueryFailed where the store does not answer in time."""
        ...

    def replica_state(self, limit_seconds: float) -> ReplicaState | None:
        """How far the server that answers questions is behind; None if it is the one that stores events.

        Raises QueryFailed where the latter does not answer in time.
        """
        ...

    # --- Events and people, one by one ---

    def newest_events(
        self,
        environment_id: int,
        before: Position | None = None,
        actors: Sequence[int] | None = None,
        only: Selection | None = None,
    ) -> Page:
        """The newest events, or the newest of those that come before `before`; of these actors only, if given.

        `only` those that are in the selection, whose conditions are about events. Of everybody's events a bounded
        number is looked at for them. Raises QueryTimeout, and BadQuery if a definition is gone.
        """
        ...

    def events_at(self, environment_id: int, places: Sequence[Position]) -> list[LiveEvent]:
        """The events at these places, newest first, without those that are gone. Raises QueryTimeout."""
        ...

    def merged_into(self, environment_id: int, actor_id: int) -> int | None:
        """The person whom this visitor was merged into; None if there is none."""
        ...

    def known_person(self, environment_id: int, actor_id: int) -> KnownPerson | None:
        """The person of this environment, or None. A person without a row may still have events."""
        ...

    def has_person(self, environment_id: int, actor_id: int) -> bool:
        """Whether there is a row of this person."""
        ...

    def count_done(self, environment_id: int, person: KnownPerson, limit: timedelta) -> ActivityCounts:
        """Reads every one of their events. Raises QueryTimeout."""
        ...

    def person_page(
        self, table: Collected, environment_id: int, actor_id: int, after: Sequence[str] | None, most: int
    ) -> list[tuple[str, ...]]:
        """The next `most` rows of one actor, as `export_page` gives them; of merges, those into the actor.

        Raises QueryTimeout.
        """
        ...

    # --- What there is to ask about: of a name, a `part` is enough, without regard to case; raises QueryTimeout ---

    def known_events(self, scope: Scope, part: str = "", most: int = 50, *, hidden: bool = False) -> list[KnownEvent]:
        """Kinds and names of events: those called exactly so first, then those that are verified, the most frequent.

        `hidden` ones are only found by their whole name, unless asked for.
        """
        ...

    def known_properties(
        self,
        scope: Scope,
        source: Source,
        part: str = "",
        of: Sequence[EventReference] = (),
        most: int = 50,
        *,
        hidden: bool = False,
    ) -> list[KnownProperty]:
        """Properties of events (Source.PROPERTY) or of people (Source.USER), in the same order.

        Those come first that events of `of` have. A definition among these says nothing: pass what it consists of.
        """
        ...

    def catalogue_state(self, scope: Scope) -> CatalogueState:
        """Until when the counts of the two before are complete, and what they lack for want of room."""
        ...

    def event_names(self, scope: Scope, part: str = "") -> list[str]:
        """Names of custom events, some at most; also of recent events that are not counted yet."""
        ...

    def property_names(
        self, scope: Scope, source: Source, part: str = "", of: Sequence[EventReference] = ()
    ) -> list[str]:
        """Keys of properties, likewise."""
        ...

    def field_values(self, scope: Scope, field: Field, part: str = "") -> list[str]:
        """Values of a field: the most frequent of recent events, and some of the newest events that have it."""
        ...

    # --- What is known of single names; raises QueryTimeout ---

    def daily_events(
        self, scope: Scope, events: Sequence[EventReference], days: Sequence[Bucket]
    ) -> Mapping[str, list[int]]:
        """How many events there were on each of these consecutive days, by the text of the reference."""
        ...

    def monthly_values(self, scope: Scope, keys: Sequence[str], since: date) -> dict[str, dict[date, int]]:
        """How many events had each of these properties, by month (UTC) since that one, without empty months."""
        ...

    def last_seen(self, scope: Scope, events: Sequence[EventReference]) -> dict[str, datetime | None]:
        """The time of the newest event of each, by the text of the reference; None before they are counted.

        Those that no event is called are left out.
        """
        ...

    def properties_of(self, scope: Scope, event: EventReference, most: int) -> list[KnownProperty]:
        """The most frequent properties of one event, counted in its events alone."""
        ...

    def events_with(self, scope: Scope, key: str, most: int) -> list[KnownEvent]:
        """Events that have a property, the most frequent first; `events` are those that have it."""
        ...

    def values_of(self, scope: Scope, event: EventReference) -> dict[str, list[str]]:
        """Some frequent, short values of each property in the newest events of this sort."""
        ...

    # --- How much there is ---

    def usage(self, scopes: Sequence[Scope]) -> dict[int, Usage]:
        """Usage by environment, without those that never got an event, in a fixed number of statements.

        Raises QueryTimeout.
        """
        ...

    def bytes_used(self, environment_ids: Sequence[int]) -> dict[int, int]:
        """About how much room the events of each take on disk, with indexes; those of which nothing is known are left
        out: they are small, or new. Raises QueryTimeout.
        """
        ...

    def count_before(self, befores: Mapping[int, datetime], most: int, limit: timedelta) -> dict[int, int]:
        """How many events each environment has from before its moment, `most` at most. Raises QueryTimeout."""
        ...

    def events_per_day(self, environment_ids: Sequence[int], first: date, limit: timedelta) -> dict[date, int]:
        """Events of all these environments by day (UTC) since `first`; days without any are left out."""
        ...

    def span(self, environment_ids: Sequence[int]) -> EventSpan:
        """The times of the oldest and newest event of these environments."""
        ...

    # --- For the service itself ---

    def export_page(
        self, table: Collected, environment_id: int, after: Sequence[str] | None, most: int
    ) -> list[tuple[str, ...]]:
        """The next `most` rows in the order of their key, those after the key `after`: the row as JSON text, its key.

        The key is what is unique within the environment, as texts.
        """
        ...

    def probe(self, environment_id: int, limit: timedelta) -> None:
        """Answer a small question of the sort that reports ask, whatever else is going on.

        Raises QueryTimeout, and QueryFailed where the store does not answer.
        """
        ...
