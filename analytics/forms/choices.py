"""The choices of an environment's drop-downs: events, properties and segments."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypedDict, cast
from uuid import UUID

from django.core.cache import cache
from django.db.models import QuerySet

from analytics.definitions.glossary import BUILTIN_LABELS, KIND_LABELS
from analytics.definitions.lineages import LineageKey, references
from analytics.forms.controls import Option, Options
from analytics.models import Definition, Report, Segment
from analytics.questions.conditions import EVENT_FIELDS, PERSON_FIELDS, Source
from analytics.questions.parameters import Reader
from analytics.questions.query import Builtin, RefersTo, Scope
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from projects.models import Environment

MAX_OFFERED = 1000  # definitions, segments or reports in a drop-down, besides those that are chosen
REMEMBERED_SECONDS = 2
BUILTINS = [(f"{RefersTo.BUILTIN}:{key}", label) for key, label in BUILTIN_LABELS.items()]
KINDS = [(f"{RefersTo.KIND}:{key}", label) for key, label in KIND_LABELS.items()]


@dataclass(frozen=True)
class Choices:
    """Groups of options for drop-downs. The values of `segments` are lineages."""

    events: tuple[Options, ...]
    event_fields: tuple[Options, ...]
    people_fields: tuple[Options, ...]
    segments: tuple[Option, ...]

    @property
    def all_fields(self) -> tuple[Options, ...]:
        return (*self.event_fields, *self.people_fields)

    def without_session(self) -> "Choices":
        """The same without sessions, for definitions: a session is not an event."""
        session = f"{RefersTo.BUILTIN}:{Builtin.SESSION}"
        groups = (
            Options(group.title, tuple(each for each in group.options if each[0] != session)) for group in self.events
        )
        return replace(self, events=tuple(groups))


class Seen(TypedDict):
    """Some names. Plain values, because another version of this code may read them from the cache."""

    events: list[str]
    properties: list[str]
    of_people: list[str]


def suggested(scope: Scope) -> Seen:
    """The most frequent names. All pages of an environment share them for a moment."""

    def look() -> Seen:
        store = event_store()
        try:
            return Seen(
                events=store.event_names(scope),
                properties=store.property_names(scope, Source.PROPERTY),
                of_people=store.property_names(scope, Source.USER),
            )
        except QueryTimeout:  # a form without suggestions is better than none
            return Seen(events=[], properties=[], of_people=[])

    return cast(Seen, cache.get_or_set(f"analytics:names:{scope.environment_id}", look, REMEMBERED_SECONDS))


def choices(environment: Environment, raw: Reader) -> Choices:
    """Read the choices of one environment: its definitions and segments, and names from its data.

    Whatever `raw` has chosen is always included.
    """
    seen = suggested(Scope.of(environment))
    sent = [[name, value] for name, values in raw.values.items() for value in values]
    chosen = list(references({"parameters": sent}))
    return Choices(
        events=_groups(
            ("Built in", BUILTINS),
            ("Definitions", _by_lineage(RefersTo.DEFINITION, _named(Definition, environment, chosen))),
            ("Custom events", _keyed(RefersTo.CUSTOM, seen["events"])),
            ("By kind", KINDS),
        ),
        event_fields=_groups(
            ("Event", _labelled(Source.EVENT, EVENT_FIELDS)),
            ("Properties", _keyed(Source.PROPERTY, seen["properties"])),
        ),
        people_fields=_groups(
            ("Person", _labelled(Source.PERSON, PERSON_FIELDS)),
            ("Properties of the person", _keyed(Source.USER, seen["of_people"])),
        ),
        segments=tuple((str(lineage), name) for lineage, name in _named(Segment, environment, chosen)),
    )


def _named(
    model: type[Definition] | type[Segment], environment: Environment, chosen: list[LineageKey]
) -> list[tuple[UUID, str]]:
    noun = model.__name__.lower()
    return offered(model.objects.filter(environment=environment), {key.lineage for key in chosen if key.noun == noun})


def offered(
    kept: QuerySet[Definition] | QuerySet[Segment] | QuerySet[Report], chosen: set[UUID]
) -> list[tuple[UUID, str]]:
    """Lineages and names: first the chosen rows that would be cut off, then the first MAX_OFFERED by name."""
    rows = kept.order_by("name").values_list("lineage", "name")
    found = list(rows[:MAX_OFFERED])
    missing = chosen - {lineage for lineage, _ in found}
    return [*rows.filter(lineage__in=missing), *found] if missing else found


def _groups(*groups: tuple[str, Iterable[Option]]) -> tuple[Options, ...]:
    made = (Options(title, tuple(options)) for title, options in groups)
    return tuple(each for each in made if each.options)


def _by_lineage(prefix: str, rows: Iterable[tuple[object, str]]) -> list[Option]:
    return [(f"{prefix}:{lineage}", name) for lineage, name in rows]


def _labelled(source: Source, labels: dict[str, str]) -> list[Option]:
    return [(f"{source}:{key}", label) for key, label in labels.items()]


def _keyed(prefix: str, names: Iterable[str]) -> list[Option]:
    return [(f"{prefix}:{name}", name) for name in names]
