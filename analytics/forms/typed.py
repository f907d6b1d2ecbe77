"""Names that people type instead of choosing: "Signed up" in place of "event:Signed up"."""

import re
from collections.abc import Mapping

from django.http import QueryDict

from analytics.definitions.glossary import BUILTIN_LABELS, KIND_LABELS
from analytics.models import Definition
from analytics.questions.conditions import EVENT_FIELDS, MAX_VALUE, PERSON_FIELDS, Source
from analytics.questions.parameters import Reader
from analytics.questions.query import RefersTo, Scope
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from projects.models import Environment

MOST_TYPED = 20  # each is looked up by itself
EVENT = re.compile(r"(?:^|\.)event$")
FIELD = re.compile(r"(?:^|\.)(?:field|by)(?:\.\d+)?$")
OF_PEOPLE = re.compile(r"^group\.\d+\.where\.")  # a segment's conditions on people (analytics/forms/definitions.py)


def read_typed(environment: Environment, parameters: QueryDict | Mapping[str, list[str]]) -> Reader:
    """A reader of the parameters, in which every name that was typed is what it means.

    A field beside a drop-down, for typing, has its name: what was typed counts. A name that nothing has is taken for
    that of an event, or of a property: it may have no room in the catalogue. One that several things have is an error.
    """
    raw = Reader(parameters)
    left = MOST_TYPED
    for name, values in raw.values.items():
        prefixes = RefersTo if EVENT.search(name) else Source if FIELD.search(name) else None
        if prefixes is None:
            continue
        typed = [value for value in values if value.strip() and value.partition(":")[0] not in set(prefixes)]
        chosen = [value for value in values if value.strip() and value not in typed]
        if not typed:
            raw.values[name] = chosen or values[-1:]
            continue
        wanted = typed[-1].strip()
        if "\0" in wanted or len(wanted) > MAX_VALUE:
            continue  # nothing is called so
        if not left:
            raw.wrong(name, f"At most {MOST_TYPED} names can be typed at once.")
            continue
        left -= 1
        found = _events(environment, wanted) if prefixes is RefersTo else _fields(environment, wanted, name)
        raw.values[name] = [*chosen[:-1], found[0] if len(found) == 1 else wanted]
        if len(found) > 1:
            raw.wrong(name, f"“{wanted}” is several things. Type one of: {', '.join(found)}.")
    return raw


def _events(environment: Environment, wanted: str) -> list[str]:
    """What is called so: "event:Signed up"."""
    found = [*_labelled(RefersTo.BUILTIN, BUILTIN_LABELS, wanted), *_labelled(RefersTo.KIND, KIND_LABELS, wanted)]
    definitions = Definition.objects.filter(environment=environment, name=wanted).order_by("pk")[:2]
    found += [f"{RefersTo.DEFINITION}:{each.lineage}" for each in definitions]
    try:
        is_name = wanted in event_store().event_names(Scope.of(environment), wanted)
    except QueryTimeout:
        is_name = False
    return [*found, f"{RefersTo.CUSTOM}:{wanted}"] if is_name or not found else found


def _fields(environment: Environment, wanted: str, name: str) -> list[str]:
    """What is called so: "property:plan"."""
    of_people = OF_PEOPLE.search(name) is not None
    found = _labelled(Source.PERSON, PERSON_FIELDS, wanted)
    sources = [Source.USER]
    if not of_people:
        found += _labelled(Source.EVENT, EVENT_FIELDS, wanted)
        sources.insert(0, Source.PROPERTY)
    for source in sources:
        try:
            if wanted in event_store().property_names(Scope.of(environment), source, wanted):
                found.append(f"{source}:{wanted}")
        except QueryTimeout:
            continue
    return found or [f"{sources[0]}:{wanted}"]


def _labelled(prefix: str, labels: Mapping[str, str], wanted: str) -> list[str]:
    return [f"{prefix}:{key}" for key, label in labels.items() if label.lower() == wanted.lower()]
