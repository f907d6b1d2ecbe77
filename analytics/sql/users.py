"""People by last activity as SQL: a page, and how many there are in all."""

from datetime import UTC, datetime, timedelta

from analytics.questions.conditions import Match
from analytics.questions.query import Cursor, Users
from analytics.sql.rows import Rows, joined
from analytics.sql.segments import in_segments
from analytics.sql.statement import Statement

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def page_sql(statement: Statement, users: Users) -> str:
    """Rows (actor_id, identity, properties, first_seen_at, last_seen_at), one more than the page is long."""
    rows, where = _people(statement, users)
    if users.after is not None:
        seen, actor = statement.bind(moment_of(users.after)), statement.bind(users.after.actor_id)
        where.append(f"(p.last_seen_at, p.actor_id) < ({seen}, {actor})")
    return statement.text(
        "select p.actor_id as actor_id, p.identity as identity, p.properties as properties, "
        f"p.first_seen_at as first_seen_at, p.last_seen_at as last_seen_at {rows.from_()} "
        f"where {joined(Match.ALL, where)} order by p.last_seen_at desc, p.actor_id desc "
        f"limit {statement.bind(users.limit + 1)}"
    )


def count_sql(statement: Statement, users: Users) -> str:
    rows, where = _people(statement, users)
    return statement.text(f"select count(*) as people {rows.from_()} where {joined(Match.ALL, where)}")


def _people(statement: Statement, users: Users) -> tuple[Rows, list[str]]:
    rows = Rows(statement, "people p", are_people=True)
    where = [f"p.environment_id = {statement.environment}", rows.group(users.where)]
    if users.search:
        where.append(statement.dialect.contains("p.identity", statement.bind(users.search)))
    return rows, where + in_segments(rows, users.segments)


def cursor_after(last_seen_at: datetime, actor_id: int) -> Cursor:
    return Cursor((last_seen_at - EPOCH) // timedelta(microseconds=1), actor_id)


def moment_of(cursor: Cursor) -> datetime:
    """Raises OverflowError where there is no such moment: parameters.py lets none of them through."""
    return EPOCH + timedelta(microseconds=cursor.last_seen_microseconds)
