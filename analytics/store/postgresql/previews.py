"""What a definition or a segment would match, while it is being edited and before it is saved."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.utils import timezone

from analytics.definitions.bodies import DefinitionBody, SegmentBody
from analytics.definitions.glossary import Glossary, Named, read_definitions
from analytics.questions.conditions import Group
from analytics.questions.query import LAST_7_DAYS, LAST_90_DAYS, EventReference, RefersTo, Scope, Selection
from analytics.questions.spans import Span
from analytics.sql.dialect import POSTGRESQL
from analytics.sql.people import people_count_sql
from analytics.sql.selections import Limits, event_rows, selected
from analytics.sql.statement import Statement
from analytics.store.postgresql.live import COLUMNS, described
from analytics.store.postgresql.snapshot import limited
from analytics.store.protocol import DefinitionPreview

LATEST = 10
TIME_LIMIT = timedelta(seconds=5)


def preview_definition(scope: Scope, body: DefinitionBody) -> DefinitionPreview:
    now = timezone.now()
    with limited(scope.environment_id, TIME_LIMIT):
        counting, conditions, source = _matching(scope, body, now, LAST_7_DAYS)
        count = _number(f"select count(*) as n {source} where {conditions}", counting.parameters)
        listing, conditions, source = _matching(scope, body, now, LAST_90_DAYS)
        chosen = f"select {COLUMNS} {source} where {conditions} order by e.time desc, e.id desc limit {LATEST}"
        return DefinitionPreview(count, described(scope.environment_id, chosen, listing.parameters))


def preview_segment(scope: Scope, body: SegmentBody, lineage: UUID | None = None) -> int:
    lineage = lineage or uuid4()
    definitions = read_definitions(scope.environment_id, body.lineages())
    glossary = Glossary(definitions, {lineage: Named("", body)})
    statement = Statement(scope, glossary, timezone.now(), POSTGRESQL)
    sql = people_count_sql(statement, Group(), (lineage,))
    with limited(scope.environment_id, TIME_LIMIT):
        return _number(sql, statement.parameters)


def _matching(scope: Scope, body: DefinitionBody, now: datetime, span: Span) -> tuple[Statement, str, str]:
    """A statement, and the conditions and the FROM under which its events match."""
    lineage = uuid4()
    definitions = read_definitions(scope.environment_id, body.lineages())
    statement = Statement(scope, Glossary(definitions | {lineage: Named("", body)}), now, POSTGRESQL)
    rows, conditions = event_rows(statement, Limits(*span.bounds(now, scope.zone)))
    conditions.append(selected(rows, Selection(EventReference(RefersTo.DEFINITION, str(lineage)))))
    return statement, " and ".join(conditions), rows.from_()


def _number(sql: str, parameters: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        (number,) = cursor.fetchone() or (0,)
        return int(number)
