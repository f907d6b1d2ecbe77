"""References inside one environment: checked before saving, shown before deleting."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import TextField
from django.db.models.functions import Cast

from analytics.definitions.bodies import DefinitionBody, SegmentBody
from analytics.definitions.glossary import definitions_of, read_definitions
from analytics.definitions.lineages import DASHBOARD, LineageKey, references, unreferenced
from analytics.models import MODELS, Definition, Report, Segment
from analytics.questions.conditions import BadQuery
from analytics.questions.query import Query
from projects.models import Environment

M = TypeVar("M", Definition, Report, Segment)


@dataclass(frozen=True)
class UsedBy:
    """The rows that refer to a definition or a segment, by name. It is false if there are none."""

    reports: list[Report] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.reports or self.definitions or self.segments)


def users_of_definition(definition: Definition) -> UsedBy:
    """The reports, segments and other definitions that name it directly."""
    environment, lineage = definition.environment, definition.lineage
    reports = _rows_naming(Report, environment, lineage)
    definitions = [
        each
        for each in _rows_naming(Definition, environment, lineage)
        if lineage in DefinitionBody.from_json(each.body).lineages()
    ]
    return UsedBy(reports, definitions, _rows_naming(Segment, environment, lineage))


def users_of_segment(segment: Segment) -> UsedBy:
    return UsedBy(_rows_naming(Report, segment.environment, segment.lineage))


@dataclass(frozen=True)
class BulkDeletion:
    """What deleting several things of one noun does: which go, and which stay, each with the names of what uses it."""

    goes: list[Definition | Segment | Report] = field(default_factory=list)
    stays: list[tuple[Definition | Segment | Report, list[str]]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.goes or self.stays)


def bulk_deletion(environment: Environment, noun: str, lineages: Iterable[UUID]) -> BulkDeletion:
    """Tell those of these things that can go from those that something uses which stays."""
    chosen = MODELS[noun]._default_manager.filter(environment=environment, lineage__in=list(lineages))
    rows: list[Any] = list(chosen.order_by("name", "pk"))
    keys = {LineageKey(noun, row.lineage): row for row in rows}
    named = _everything(environment)
    going = unreferenced(set(keys), {key: body for key, (_, body) in named.items()})
    users: dict[LineageKey, list[str]] = {}
    for key, (name, body) in named.items():
        for used in {*references(body)} & (keys.keys() - going) if key not in going else ():
            users.setdefault(used, []).append(name)
    goes = [row for key, row in keys.items() if key in going]
    return BulkDeletion(goes, [(row, sorted(users[key])) for key, row in keys.items() if key not in going])


def _everything(environment: Environment) -> dict[LineageKey, tuple[str, Any]]:
    """{key: (name, body)} of what is kept here, without dashboards: a report takes its tiles along."""
    return {
        LineageKey(noun, lineage): (name, body)
        for noun, model in MODELS.items()
        if noun != DASHBOARD
        for lineage, name, body in model._default_manager.filter(environment=environment).values_list(
            "lineage", "name", "body"
        )
    }


USES = """
select lineage::uuid, count(*)
  from (select distinct noun, id, right(word, 36) as lineage
          from (select 'd', id, body::text from analytics_definition where environment_id = %(environment)s
                union all select 's', id, body::text from analytics_segment where environment_id = %(environment)s
                union all select 'r', id, body::text from analytics_report where environment_id = %(environment)s
               ) body (noun, id, text),
               string_to_table(text, '"') word
         where length(word) in (36, length('definition:') + 36)
           and right(word, 36) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
       ) used
 group by 1
"""


def uses(environment: Environment) -> dict[UUID, int]:
    """How many definitions, segments and reports name each definition or segment directly: one statement for all.

    For 10,000 reports it takes 0.15 seconds: a regular expression over whole bodies would take 0.6.
    """
    with connection.cursor() as cursor:
        cursor.execute(USES, {"environment": environment.pk})
        return dict(cursor.fetchall())


def _rows_naming(model: type[M], environment: Environment, lineage: UUID) -> list[M]:
    """Rows whose body contains this lineage. Lineages are random, so the text in a body is always a reference."""
    rows = model.objects.filter(environment=environment).annotate(text=Cast("body", TextField()))
    return list(rows.filter(text__contains=str(lineage)).order_by("name", "pk"))


def check_query(environment: Environment, query: Query) -> None:
    """Raises BadQuery if the query is of another environment or names something that this one lacks."""
    if query.scope.environment_id != environment.pk:
        raise BadQuery("This query is of another environment.")
    _need(Definition, environment, set(definitions_of(query)), "A definition that this query uses is not there.")
    _need(Segment, environment, set(query.named_segments()), "A segment that this query uses is not there.")


def check_segment(environment: Environment, body: SegmentBody) -> None:
    """Raises BadQuery if the segment names a definition that this environment lacks."""
    _need(Definition, environment, set(body.lineages()), "A definition that this segment uses is not there.")


def check_definition(environment: Environment, body: DefinitionBody, itself: UUID | None = None) -> None:
    """Raises BadQuery if it names a definition that this environment lacks, or would contain itself."""
    wanted = set(body.lineages())
    _need(Definition, environment, wanted, "A definition that this one is made of is not there.")
    if itself is not None and itself in read_definitions(environment.pk, wanted):
        raise BadQuery("A definition cannot be made of itself.", "any")


def _need(model: type[Definition] | type[Segment], environment: Environment, lineages: set[UUID], words: str) -> None:
    if not lineages:
        return
    if model.objects.filter(environment=environment, lineage__in=lineages).count() < len(lineages):
        raise BadQuery(words)
