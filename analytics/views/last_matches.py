"""When definitions matched last: as far as the catalogue tells, in one statement, else as a job found out at night.

The catalogue knows names, not which of their events fulfil conditions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from analytics.definitions.bodies import DefinitionBody
from analytics.definitions.glossary import MAX_DEPTH, read_definitions
from analytics.models import Definition
from analytics.questions.conditions import BadQuery
from analytics.questions.query import ANY_EVENT, Scope, Selection
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from projects.models import Environment

Bodies = Mapping[UUID, DefinitionBody]
LastTimes = Mapping[str, datetime | None]  # by the text of the reference; None where it is not counted yet


@dataclass(frozen=True)
class LastMatch:
    """`at` is None if it is not known. `never`: nothing is there that matches.

    With `as_of` it is what was found at that moment; without `at`, nothing of 90 days matched then.
    """

    at: datetime | None = None
    never: bool = False
    as_of: datetime | None = None


@dataclass(frozen=True)
class _Bounds:
    """It matched last from `least` to `most`: None where it is not known to match at all, or known not to match."""

    least: datetime | None = None
    most: datetime | None = None


UNKNOWN = _Bounds(None, datetime.max.replace(tzinfo=UTC))


def last_matches(environment: Environment, definitions: Sequence[Definition]) -> dict[UUID, LastMatch]:
    """By lineage."""
    known = _known_matches(environment, definitions)
    return {each.lineage: known.get(each.lineage) or _of_night(each) for each in definitions}


def _of_night(definition: Definition) -> LastMatch:
    if definition.looked_at is None or definition.looked_at < definition.changed_at:
        return LastMatch()
    return LastMatch(definition.matched_at, as_of=definition.looked_at)


def _known_matches(environment: Environment, definitions: Sequence[Definition]) -> dict[UUID, LastMatch]:
    """What the catalogue tells: nothing if it is slow."""
    bodies = _bodies(environment, definitions)
    scope, store = Scope.of(environment), event_store()
    events = {each.event for body in bodies.values() for each in body.alternatives if each.event.lineage is None}
    try:
        state = store.catalogue_state(scope)
        seen = store.last_seen(scope, sorted(events, key=str))
    except QueryTimeout:
        return {}
    is_whole = state.counted_until is not None and not state.is_full
    matches, found = _NestedMatches(bodies, seen), {}
    for lineage in bodies:
        bounds = matches.of(lineage)
        if bounds.least is not None and bounds.least == bounds.most:
            found[lineage] = LastMatch(bounds.least)
        elif is_whole and bounds.most is None:
            found[lineage] = LastMatch(never=True)
    return found


def _bodies(environment: Environment, definitions: Sequence[Definition]) -> dict[UUID, DefinitionBody]:
    """These definitions, and those that they are made of."""
    read = ((each.lineage, DefinitionBody.if_readable(each.body)) for each in definitions)
    bodies = {lineage: body for lineage, body in read if body}
    wanted = {lineage for body in bodies.values() for lineage in body.lineages()} - set(bodies)
    try:
        return bodies | {key: named.body for key, named in read_definitions(environment.pk, wanted).items()}
    except (BadQuery, KeyError, TypeError, ValueError):
        return bodies


class _NestedMatches:
    """When definitions matched, each looked at once: definitions of definitions multiply."""

    def __init__(self, bodies: Bodies, seen: LastTimes) -> None:
        self._bodies, self._seen = bodies, seen
        self._known: dict[UUID, _Bounds] = {}

    def of(self, lineage: UUID, depth: int = 0) -> _Bounds:
        if lineage not in self._bodies:
            return _Bounds()
        if lineage not in self._known:
            self._known[lineage] = UNKNOWN  # while it is looked at
            bounds = [self._of_selection(each, depth) for each in self._bodies[lineage].alternatives]
            self._known[lineage] = _Bounds(
                max((each.least for each in bounds if each.least), default=None),
                max((each.most for each in bounds if each.most), default=None),
            )
        return self._known[lineage]

    def _of_selection(self, selection: Selection, depth: int) -> _Bounds:
        lineage = selection.event.lineage
        if selection.event == ANY_EVENT or depth > MAX_DEPTH:
            return UNKNOWN
        if lineage is None:
            at = self._seen.get(str(selection.event))
            found = _Bounds(at, at) if at or str(selection.event) not in self._seen else UNKNOWN
        else:
            found = self.of(lineage, depth + 1)
        return _Bounds(None, found.most) if selection.where else found
