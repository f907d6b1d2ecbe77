"""SQL that finds or counts people who meet conditions."""

from uuid import UUID

from analytics.questions.conditions import Group, Match
from analytics.sql.rows import Rows, joined
from analytics.sql.segments import in_segments
from analytics.sql.statement import Statement


def people_rows(
    statement: Statement, where: Group, segments: tuple[UUID, ...], search: str = ""
) -> tuple[Rows, list[str]]:
    """People of the environment, as a FROM and its conditions. `search` is part of their identity."""
    rows = Rows(statement, "people p", are_people=True)
    conditions = [f"p.environment_id = {statement.environment}", rows.group(where)]
    if statement.scope.without_robots:
        conditions.append("(p.is_robot is null or not p.is_robot)")
    if search:
        conditions.append(statement.dialect.contains("p.identity", statement.bind(search)))
    return rows, conditions + in_segments(rows, segments)


def people_count_sql(statement: Statement, where: Group, segments: tuple[UUID, ...], search: str = "") -> str:
    """One row: the number of people."""
    rows, conditions = people_rows(statement, where, segments, search)
    return statement.text(f"select count(*) as people {rows.from_()} where {joined(Match.ALL, conditions)}")
