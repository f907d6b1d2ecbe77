"""The definitions and segments that a question refers to, read only from its own environment."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

from analytics.definitions.bodies import DefinitionBody, SegmentBody
from analytics.models import Definition, Segment
from analytics.questions.conditions import BadQuery
from analytics.questions.query import EventReference, Query, RefersTo
from common.bidi import unturned

BUILTIN_LABELS = {"pageview": "Pageview", "session": "Session", "any": "Any event"}
KIND_LABELS = {"click": "Click", "change": "Change", "submit": "Submit"}
MAX_DEPTH = 20
Body = TypeVar("Body", covariant=True)


@dataclass(frozen=True)
class Named(Generic[Body]):
    name: str
    body: Body


@dataclass(frozen=True)
class Glossary:
    """The meaning of lineages in one environment, and whether it has merges at all (if not, queries skip them)."""

    definitions: dict[UUID, Named[DefinitionBody]] = field(default_factory=dict)
    segments: dict[UUID, Named[SegmentBody]] = field(default_factory=dict)
    has_merges: bool = True
    reports: dict[UUID, str] = field(default_factory=dict)  # names, for dashboards in words

    def definition(self, lineage: UUID) -> DefinitionBody:
        try:
            return self.definitions[lineage].body
        except KeyError:
            raise BadQuery("A definition that this query uses is not there any more.") from None

    def segment(self, lineage: UUID) -> SegmentBody:
        try:
            return self.segments[lineage].body
        except KeyError:
            raise BadQuery("A segment that this query uses is not there any more.", "segment") from None

    def event_label(self, event: EventReference) -> str:
        """The event's name for people."""
        if event.to is RefersTo.DEFINITION:
            named = self.definitions.get(UUID(event.key))
            return named.name if named else "Deleted definition"
        labels = {RefersTo.BUILTIN: BUILTIN_LABELS, RefersTo.KIND: KIND_LABELS}.get(event.to, {})
        return labels.get(event.key) or unturned(event.key)

    def segment_label(self, lineage: UUID | None) -> str:
        if lineage is None:
            return "Everyone"
        named = self.segments.get(lineage)
        return named.name if named else "Deleted segment"


def glossary_for(query: Query, *, has_merges: bool = True) -> Glossary:
    """Read what this query refers to, directly and through definitions: one statement per level."""
    segments = read_segments(query.scope.environment_id, query.named_segments())
    wanted = set(definitions_of(query))
    for named in segments.values():
        wanted |= set(named.body.lineages())
    return Glossary(read_definitions(query.scope.environment_id, wanted), segments, has_merges)


def read_segments(environment_id: int, lineages: Iterable[UUID]) -> dict[UUID, Named[SegmentBody]]:
    if not (lineages := set(lineages)):
        return {}
    found = Segment.objects.filter(environment_id=environment_id, lineage__in=lineages)
    return {
        lineage: Named(name, SegmentBody.from_json(body))
        for lineage, name, body in found.values_list("lineage", "name", "body")
    }


def read_definitions(environment_id: int, lineages: Iterable[UUID]) -> dict[UUID, Named[DefinitionBody]]:
    """These definitions and those that they contain, without definitions that do not exist."""
    found: dict[UUID, Named[DefinitionBody]] = {}
    wanted = set(lineages)
    for _ in range(MAX_DEPTH):
        if not wanted:
            break
        rows = Definition.objects.filter(environment_id=environment_id, lineage__in=wanted)
        level = {lineage: _named(name, body) for lineage, name, body in rows.values_list("lineage", "name", "body")}
        found |= level
        wanted = {each for named in level.values() for each in named.body.lineages()} - set(found)
    return found


def _named(name: str, body: dict[str, Any]) -> Named[DefinitionBody]:
    return Named(name, DefinitionBody.from_json(body))


def definitions_of(query: Query) -> list[UUID]:
    """The lineages of definitions that a query names directly."""
    return [lineage for event in query.events() if (lineage := event.lineage)]
