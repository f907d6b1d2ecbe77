"""Segments as SQL conditions. What people did is counted once per clause, then joined."""

from uuid import UUID

from analytics.definitions.bodies import Clause
from analytics.questions.conditions import Condition, Match
from analytics.questions.query import Comparison, Did
from analytics.questions.spans import Span
from analytics.sql.rows import Rows, joined
from analytics.sql.selections import Limits, event_rows, selected
from analytics.sql.statement import Statement


def in_segment(rows: Rows, lineage: UUID) -> str:
    """The condition that the row's person is in the segment."""
    body = rows.statement.glossary.segment(lineage)
    if body.is_fixed:
        return _listed(rows, lineage)
    groups = [joined(group.match, [_clause(rows, each) for each in group.clauses]) for group in body.groups]
    return joined(body.match, groups)


def in_segments(rows: Rows, lineages: tuple[UUID, ...]) -> list[str]:
    return [in_segment(rows, lineage) for lineage in lineages]


def _listed(rows: Rows, lineage: UUID) -> str:
    """The condition that the person, or any actor who was merged into them, is on the list of a fixed segment."""
    statement = rows.statement
    members = Rows(statement, "analytics_segmentmember e")
    actor = members.actor
    sql = (
        f"select distinct {actor} as actor {members.from_()} "
        f"where e.environment_id = {statement.environment} and e.lineage = {statement.bind(lineage)}"
    )
    name = statement.define(f"listed_{lineage.hex}", sql)
    rows.join(name, f"left join {name} on {name}.actor = {rows.actor}")
    return f"{name}.actor is not null"


def _clause(rows: Rows, clause: Clause) -> str:
    return rows.condition(clause) if isinstance(clause, Condition) else _did(rows, clause)


def _did(rows: Rows, did: Did) -> str:
    name = _counted(rows, did)
    rows.join(name, f"left join {name} on {name}.actor = {rows.actor}")
    operator = ">=" if did.comparison is Comparison.AT_LEAST else "<="
    return f"coalesce({name}.times, 0) {operator} {rows.statement.bind(did.times)}"


def _counted(rows: Rows, did: Did) -> str:
    """A common table expression: how often each person did it, without people who never did."""
    statement = rows.statement
    is_session = did.selection.event.is_session
    done, conditions = event_rows(statement, _limits(statement, did), sessions=is_session)
    conditions.append(joined(Match.ALL, [selected(done, did.selection)]))
    actor = done.actor
    sql = f"select {actor} as actor, count(*) as times {done.from_()} where {' and '.join(conditions)} group by 1"
    return statement.define(f"did_{len(statement.expressions)}", sql)


def _limits(statement: Statement, did: Did) -> Limits:
    """Of the days in which it was done; none if it was done at any time."""
    if did.days is None:
        return Limits(None, None)
    return Limits(*Span(did.days).bounds(statement.now, statement.scope.zone))
