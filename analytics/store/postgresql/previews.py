"""What a definition or a segment would match, while it is being edited and before it is saved."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.utils import timezone

from analytics.definitions.bodies import DefinitionBody, SegmentBody
from analytics.definitions.glossary import Glossary, Named, read_definitions
from analytics.questions.before import Before, Earlier, earlier
from analytics.questions.conditions import Group
from analytics.questions.query import LAST_7_DAYS, LAST_90_DAYS, EventReference, RefersTo, Scope, Selection
from analytics.questions.spans import Calendar, placed
from analytics.sql.dialect import POSTGRESQL
from analytics.sql.people import people_count_sql
from analytics.sql.selections import Limits, event_rows, selected
from analytics.sql.statement import Statement
from analytics.store.failures import QueryTimeout
from analytics.store.postgresql.live import COLUMNS, described
from analytics.store.postgresql.snapshot import limited
from analytics.store.protocol import DefinitionPreview

LATEST = 10
TIME_LIMIT = timedelta(seconds=5)
TIME_LIMIT_BEFORE = timedelta(seconds=1)
TIME_LIMIT_OF_LAST = timedelta(seconds=1)


def preview_definition(scope: Scope, body: DefinitionBody) -> DefinitionPreview:
    now = timezone.now()
    with limited(scope.environment_id, TIME_LIMIT):
        count = _count(scope, body, now, Limits(*LAST_7_DAYS.bounds(now, scope.zone)))
        within = Limits(*LAST_90_DAYS.bounds(now, scope.zone))
        listing, conditions, source = _matching(scope, body, now, within)
        chosen = f"select {COLUMNS} {source} where {conditions} order by e.time desc, e.id desc limit {LATEST}"
        latest = described(scope.environment_id, chosen, listing.parameters)
    calendar = Calendar(now, scope.zone, scope.week_starts_on)
    compared = earlier(Before.PERIOD, LAST_7_DAYS, placed(LAST_7_DAYS, None, calendar), None, calendar)
    return DefinitionPreview(count, latest, _count_before(scope, body, now, compared), compared)


def _count_before(scope: Scope, body: DefinitionBody, now: datetime, compared: Earlier) -> int | None:
    """How many matched in the part that is compared; None if that takes too long."""
    try:
        with limited(scope.environment_id, TIME_LIMIT_BEFORE):
            return _count(scope, body, now, Limits(compared.buckets[0].start, compared.until))
    except QueryTimeout:
        return None


def _count(scope: Scope, body: DefinitionBody, now: datetime, limits: Limits) -> int:
    counting, conditions, source = _matching(scope, body, now, limits)
    return _number(f"select count(*) as n {source} where {conditions}", counting.parameters)


def last_match(scope: Scope, body: DefinitionBody) -> datetime | None:
    now = timezone.now()
    with limited(scope.environment_id, TIME_LIMIT_OF_LAST):
        statement, conditions, source = _matching(scope, body, now, Limits(*LAST_90_DAYS.bounds(now, scope.zone)))
        sql = f"select e.time as time {source} where {conditions} order by e.time desc limit 1"
        with connection.cursor() as cursor:
            cursor.execute(sql, statement.parameters)
            (at,) = cursor.fetchone() or (None,)
    return at


def preview_segment(scope: Scope, body: SegmentBody, lineage: UUID | None = None) -> int:
    lineage = lineage or uuid4()
    definitions = read_definitions(scope.environment_id, body.lineages())
    glossary = Glossary(definitions, {lineage: Named("", body)})
    statement = Statement(scope, glossary, timezone.now(), POSTGRESQL)
    sql = people_count_sql(statement, Group(), (lineage,))
    with limited(scope.environment_id, TIME_LIMIT):
        return _number(sql, statement.parameters)


def _matching(scope: Scope, body: DefinitionBody, now: datetime, limits: Limits) -> tuple[Statement, str, str]:
    """A statement, and the conditions and the FROM under which its events match."""
    lineage = uuid4()
    definitions = read_definitions(scope.environment_id, body.lineages())
    statement = Statement(scope, Glossary(definitions | {lineage: Named("", body)}), now, POSTGRESQL)
    rows, conditions = event_rows(statement, limits)
    conditions.append(selected(rows, Selection(EventReference(RefersTo.DEFINITION, str(lineage)))))
    return statement, " and ".join(conditions), rows.from_()


def _number(sql: str, parameters: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        (number,) = cursor.fetchone() or (0,)
        return int(number)
