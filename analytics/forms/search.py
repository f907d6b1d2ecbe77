"""What a drop-down offers when one types into it: all events or properties that contain what was typed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.text import Truncator

from analytics.definitions.glossary import BUILTIN_LABELS, KIND_LABELS, read_definitions
from analytics.forms.controls import Pickable
from analytics.models import Definition
from analytics.questions.conditions import EVENT_FIELDS, PERSON_FIELDS, BadQuery, Source
from analytics.questions.query import Builtin, EventReference, RefersTo, Scope
from analytics.store.catalogue import KnownEvent, KnownProperty, SaidOfName
from analytics.store.current import event_store
from common.counted import counted
from projects.models import Environment

MOST = 50  # of each group; who looks for another one types more of it
MAX_ABOUT = 120  # characters of a description
NO_ROOM = "The list has no room for some names. Type the whole name of one that is missing."


class FoundOption(NamedTuple):
    """`about`: a few words beside the label."""

    value: str
    label: str
    about: str = ""


class FoundOptions(NamedTuple):
    title: str
    options: list[FoundOption]


@dataclass(frozen=True)
class FoundChoices:
    """Groups, without empty ones, and what to know about the list as a whole."""

    groups: list[FoundOptions]
    note: str


def search(environment: Environment, what: Pickable, part: str, near: str = "") -> FoundChoices:
    """What contains `part`, without regard to case. `near` is the event whose properties come first, as a text.

    Raises QueryTimeout.
    """
    scope = Scope.of(environment)
    state = event_store().catalogue_state(scope)
    is_counted = state.counted_until is not None
    if what.is_of_events:
        groups = _events(environment, scope, what, part, is_counted=is_counted)
    else:
        groups = _fields(scope, what, part, near, is_counted=is_counted)
    groups = [each for each in groups if each.options]
    exact = any(part.strip().lower() == option.label.lower() for group in groups for option in group.options)
    if part.strip() and not exact:
        groups.append(FoundOptions("As typed", [FoundOption(f"{what.prefix}:{part.strip()}", part.strip())]))
    return FoundChoices(groups, NO_ROOM if state.is_full else "")


def _events(
    environment: Environment, scope: Scope, what: Pickable, part: str, *, is_counted: bool
) -> list[FoundOptions]:
    """Before the environment `is_counted` for the catalogue, also names of recent events, without a number."""
    builtins = {key: label for key, label in BUILTIN_LABELS.items() if what.has_sessions or key != Builtin.SESSION}
    definitions = Definition.objects.filter(environment=environment, name__icontains=part).order_by("name")
    known = {each.name: each for each in event_store().known_events(scope, part, MOST) if each.kind == "custom"}
    names = dict.fromkeys([*known, *([] if is_counted else event_store().event_names(scope, part))])
    return [
        _group("Built in", RefersTo.BUILTIN, _with(builtins, part)),
        _group(
            "Definitions",
            RefersTo.DEFINITION,
            [(str(lineage), name) for lineage, name in definitions.values_list("lineage", "name")[:MOST]],
        ),
        FoundOptions(
            "Custom events",
            [FoundOption(f"{RefersTo.CUSTOM}:{name}", name, _of_event(known.get(name))) for name in names],
        ),
        _group("By kind", RefersTo.KIND, _with(KIND_LABELS, part)),
    ]


def _fields(scope: Scope, what: Pickable, part: str, near: str, *, is_counted: bool) -> list[FoundOptions]:
    """Likewise, of properties."""

    def recent(source: Source, known: Sequence[KnownProperty]) -> list[FoundOption]:
        keys = [] if is_counted else event_store().property_names(scope, source, part)
        return [FoundOption(f"{source}:{key}", key) for key in keys if key not in {each.key for each in known}]

    groups: list[FoundOptions] = []
    if what.has_event_fields:
        events = _consists_of(scope, near)
        known = event_store().known_properties(scope, Source.PROPERTY, part, events, MOST)
        of_event = [each for each in known if each.of_event]
        others = [each for each in known if not each.of_event]
        groups.append(_properties("Properties of this event", Source.PROPERTY, of_event))
        groups.append(_group("Event", Source.EVENT, _with(EVENT_FIELDS, part)))
        rest = _properties("Other properties" if of_event else "Properties", Source.PROPERTY, others)
        groups.append(rest._replace(options=[*rest.options, *recent(Source.PROPERTY, known)]))
    if what.has_people_fields:
        people = event_store().known_properties(scope, Source.USER, part, (), MOST)
        groups.append(_group("Person", Source.PERSON, _with(PERSON_FIELDS, part)))
        of_people = _properties("Properties of the person", Source.USER, people)
        groups.append(of_people._replace(options=[*of_people.options, *recent(Source.USER, people)]))
    return groups


def _consists_of(scope: Scope, event: str) -> list[EventReference]:
    """The event itself, or what a definition consists of."""
    try:
        chosen = EventReference.parse(event)
    except BadQuery:
        return []
    if chosen.lineage is None:
        return [chosen]
    bodies = [named.body for named in read_definitions(scope.environment_id, [chosen.lineage]).values()]
    return [each.event for body in bodies for each in body.alternatives if each.event.lineage is None]


def _with(labels: Mapping[str, str], part: str) -> list[tuple[str, str]]:
    return [(key, label) for key, label in labels.items() if part.strip().lower() in label.lower()]


def _group(title: str, prefix: str, options: Iterable[tuple[str, str]]) -> FoundOptions:
    return FoundOptions(title, [FoundOption(f"{prefix}:{key}", label) for key, label in options])


def _properties(title: str, source: Source, known: Sequence[KnownProperty]) -> FoundOptions:
    return FoundOptions(title, [FoundOption(f"{source}:{each.key}", each.key, _of_property(each)) for each in known])


def _of_event(known: KnownEvent | None) -> str:
    return about(counted(known.events, "event") if known.events else "", known.said) if known else ""


def _of_property(known: KnownProperty) -> str:
    """ "verified · 1,204 events, a number in 97 · What it means": no numbers before they are counted."""
    if not known.events:
        return about("", known.said)
    said = counted(known.events, "person" if known.source is Source.USER else "event")
    if known.numbers:
        said += ", a number in all" if known.numbers == known.events else f", a number in {known.numbers:,}"
    return about(said, known.said)


def about(numbers: str, said: SaidOfName) -> str:
    """ "verified · 1,204 events · What it means": those of the three that there are."""
    parts = ["verified" if said.is_verified else "", numbers, Truncator(said.description).chars(MAX_ABOUT)]
    return " · ".join(part for part in parts if part)
