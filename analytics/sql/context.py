"""The context in which one question is asked: environment, catalogue, moment and connection."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analytics.definitions.catalogue import Catalogue
from analytics.questions.query import Scope
from analytics.questions.spans import Bucket, Span, Unit, buckets
from analytics.sql.dialect import Dialect
from analytics.sql.statement import Statement

Tuples = list[tuple[Any, ...]]
Ask = Callable[[str, dict[str, Any]], Tuples]  # SQL and its parameters


def has_merges(environment_id: int, ask: Ask) -> bool:
    """Whether the environment has merges. If not, statements skip the merges table."""
    sql = "select exists (select 1 from merges where environment_id = %(environment)s) as has_merges"
    return bool(ask(sql, {"environment": environment_id})[0][0])


@dataclass(frozen=True)
class QueryContext:
    """Whose data is asked for, what names mean there, as of when, in which SQL, and what sends statements."""

    scope: Scope
    catalogue: Catalogue
    now: datetime
    dialect: Dialect
    ask: Ask

    def statement(self) -> Statement:
        """A new, empty statement."""
        return Statement(self.scope, self.catalogue, self.now, self.dialect)

    def rows(self, statement: Statement, sql: str) -> Tuples:
        """What the database answers to `sql`, whose parameters `statement` holds."""
        return self.ask(sql, statement.parameters)

    def cut(self, span: Span, unit: Unit) -> tuple[Bucket, ...]:
        """The span in buckets of the project's calendar."""
        return buckets(span, unit, self.now, self.scope.zone, self.scope.week_starts_on)
