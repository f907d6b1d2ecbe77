"""The content of definitions and segments, as dataclasses and as JSON, which refers to definitions by lineage."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from analytics.questions.conditions import BadQuery, Condition, Field, Group, Match, Operator
from analytics.questions.query import Comparison, Did, EventReference, Selection

MAX_ALTERNATIVES = 20
MAX_CLAUSES = 20
JsonBody = dict[str, Any]


@dataclass(frozen=True)
class DefinitionBody:
    """An event matches if it is in any of the `alternatives`. Conditions are about the event, not about people."""

    alternatives: tuple[Selection, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.alternatives) <= MAX_ALTERNATIVES:
            raise BadQuery(f"A definition has 1 to {MAX_ALTERNATIVES} alternatives.", "any")
        if any(each.event.is_session for each in self.alternatives):
            raise BadQuery("Session is built in and cannot be part of a definition.", "any")
        if any(each.field.is_of_people for one in self.alternatives for each in one.where.every()):
            raise BadQuery("A definition looks at events. For people, make a segment.", "any")

    def lineages(self) -> Iterator[UUID]:
        return (each.event.lineage for each in self.alternatives if each.event.lineage)

    def to_json(self) -> JsonBody:
        return {"alternatives": [selection_to_json(each) for each in self.alternatives]}

    @classmethod
    def from_json(cls, body: JsonBody) -> "DefinitionBody":
        return cls(tuple(selection_from_json(each) for each in body["alternatives"]))

    @classmethod
    def if_readable(cls, body: JsonBody) -> "DefinitionBody | None":
        """The same; None for one that cannot be read any more, so that lists go on with the others."""
        try:
            return cls.from_json(body)
        except (BadQuery, KeyError, TypeError, ValueError):
            return None


Clause = Condition | Did


@dataclass(frozen=True)
class ClauseGroup:
    """Clauses about a person, of which all or any must hold: conditions on `user:`/`person:` fields, and Did."""

    clauses: tuple[Clause, ...]
    match: Match = Match.ALL


@dataclass(frozen=True)
class SegmentBody:
    """The people for whom all of the groups, or any of them, hold.

    A fixed one has no groups, but a list of people, which is stored apart (models.SegmentMember).
    """

    groups: tuple[ClauseGroup, ...]
    match: Match = Match.ALL
    is_fixed: bool = False

    def __post_init__(self) -> None:
        if self.is_fixed:
            object.__setattr__(self, "groups", ())
            return
        clauses = [each for group in self.groups for each in group.clauses]
        if not 1 <= len(clauses) <= MAX_CLAUSES or not all(group.clauses for group in self.groups):
            raise BadQuery(f"A segment has 1 to {MAX_CLAUSES} conditions.", "group")
        for each in clauses:
            if isinstance(each, Condition) and not each.field.is_of_people:
                raise BadQuery("A segment looks at people: take a user property, or what they did.", "group")
            if isinstance(each, Did) and any(one.field.is_of_people for one in each.selection.where.every()):
                raise BadQuery("Conditions on what was done look at the event, not at the person.", "group")

    def lineages(self) -> Iterator[UUID]:
        for group in self.groups:
            for each in group.clauses:
                if isinstance(each, Did) and (lineage := each.selection.event.lineage):
                    yield lineage

    def to_json(self) -> JsonBody:
        if self.is_fixed:
            return FIXED.copy()
        return {
            "match": self.match.value,
            "groups": [
                {"match": group.match.value, "clauses": [clause_to_json(each) for each in group.clauses]}
                for group in self.groups
            ],
        }

    @classmethod
    def from_json(cls, body: JsonBody) -> "SegmentBody":
        if body.get("fixed"):
            return FIXED_SEGMENT
        groups = (
            ClauseGroup(tuple(clause_from_json(each) for each in group["clauses"]), Match(group["match"]))
            for group in body["groups"]
        )
        return cls(tuple(groups), Match(body["match"]))


FIXED: JsonBody = {"fixed": True}
FIXED_SEGMENT = SegmentBody((), is_fixed=True)


def selection_to_json(selection: Selection) -> JsonBody:
    return {"event": str(selection.event), "where": group_to_json(selection.where)}


def selection_from_json(body: JsonBody) -> Selection:
    return Selection(EventReference.parse(body["event"]), group_from_json(body["where"]))


def group_to_json(group: Group) -> JsonBody:
    body: JsonBody = {
        "match": group.match.value,
        "conditions": [condition_to_json(each) for each in group.conditions],
    }
    return body | {"groups": [group_to_json(each) for each in group.groups]} if group.groups else body


def group_from_json(body: JsonBody) -> Group:
    conditions = tuple(condition_from_json(each) for each in body["conditions"])
    return Group(conditions, Match(body["match"]), tuple(group_from_json(each) for each in body.get("groups", [])))


def condition_to_json(condition: Condition) -> JsonBody:
    return {"field": str(condition.field), "op": condition.operator.value, "value": condition.value}


def condition_from_json(body: JsonBody) -> Condition:
    return Condition(Field.parse(body["field"]), Operator(body["op"]), body["value"])


def clause_to_json(clause: Clause) -> JsonBody:
    if isinstance(clause, Condition):
        return condition_to_json(clause)
    return {
        "did": selection_to_json(clause.selection),
        "comparison": clause.comparison.value,
        "times": clause.times,
        "days": clause.days,
    }


def clause_from_json(body: JsonBody) -> Clause:
    if "did" not in body:
        return condition_from_json(body)
    return Did(selection_from_json(body["did"]), Comparison(body["comparison"]), body["times"], body["days"])
