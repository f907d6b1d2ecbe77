# this SQL is built only from fixed texts and placeholders; see statement.py
"""The context in which one question is asked: environment, glossary, moment and connection."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, TypeVar

from analytics.definitions.glossary import Glossary
from analytics.questions.before import Before, Earlier, earlier, up_to
from analytics.questions.periods import Period
from analytics.questions.query import Scope
from analytics.questions.spans import Bucket, Calendar, Placed, Span, Unit, buckets, placed
from analytics.sql.dialect import Dialect
from analytics.sql.selections import Limits, event_rows
from analytics.sql.statement import Statement

T = TypeVar("T")
Tuples = list[tuple[Any, ...]]
Ask = Callable[[str, dict[str, Any]], Tuples]  # SQL and its parameters


def has_merges(environment_id: int, ask: Ask) -> bool:
    """Whether the environment has merges. If not, statements skip the merges table."""
    sql = "select exists (select 1 from merges where environment_id = %(environment)s) as has_merges"
    return bool(ask(sql, {"environment": environment_id})[0][0])


@dataclass(frozen=True)
class QueryContext:
    """Whose data is asked for, what names mean there, as of when, in which SQL, and what sends statements.

    With `received_until`, events that arrived later are not looked at. Buckets that are cut here end at `until`, if it
    is given: a part of a range.
    """

    scope: Scope
    glossary: Glossary
    now: datetime
    dialect: Dialect
    ask: Ask
    received_until: datetime | None = None
    until: datetime | None = None
    known: dict[object, Any] = field(default_factory=dict, compare=False)  # by `once`

    def once(self, what: object, find: Callable[[], T]) -> T:
        """What `find` gives, which is the same for all parts of the question: it is called once for each `what`."""
        if what not in self.known:
            self.known[what] = find()
        found: T = self.known[what]
        return found

    def statement(self) -> Statement:
        """A new, empty statement."""
        return Statement(self.scope, self.glossary, self.now, self.dialect, self.received_until)

    def rows(self, statement: Statement, sql: str) -> Tuples:
        """What the database answers to `sql`, whose parameters `statement` holds."""
        return self.ask(sql, statement.parameters)

    def placed(self, span: Span, unit: Unit | None) -> Placed:
        """The span as days of the project's calendar, and cut into buckets, days without a `unit`. Raises BadQuery."""
        return placed(span, unit, self.calendar(span))

    def earlier(self, before: Before, span: Span, found: Placed, unit: Unit | None) -> Earlier:
        """What the span, `found` so, is compared with. Raises BadQuery."""
        then = earlier(before, span, found, unit, self.calendar(span))
        since = self._first_day()
        if since is None or since <= then.buckets[0].start.astimezone(self.scope.zone).date():
            return then
        return replace(then, note=f"There are no events before {since.day} {since:%b %Y}.")

    def calendar(self, span: Span) -> Calendar:
        """The project's calendar; with the day of the first stored event, if the span begins with it."""
        first_day = self._first_day() if span.period is Period.ALL else None
        return Calendar(self.now, self.scope.zone, self.scope.week_starts_on, first_day)

    def _first_day(self) -> date | None:
        """The day of the first stored event; of robots only where they are counted."""
        statement = self.statement()
        rows, conditions = event_rows(statement, Limits(None, None))
        where = " and ".join(conditions)
        found = self.rows(statement, f"select e.time as time {rows.from_()} where {where} order by e.time limit 1")
        return found[0][0].astimezone(self.scope.zone).date() if found else None

    def cut(self, span: Span, unit: Unit) -> tuple[Bucket, ...]:
        """A span of fixed or last days, in buckets of the project's calendar."""
        cut = buckets(span, unit, self.now, self.scope.zone, self.scope.week_starts_on)
        return up_to(cut, self.until) if self.until else cut
