# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see statement.py
"""What stands behind a number as SQL: the common table expression `behind`, and its pages.

people     rows (actor, events): how many events of theirs stand behind it
sessions   rows (session_id, started, actor, events): begun by which person, and how many of its events stand behind it
events     rows (time, id)
"""

from collections.abc import Sequence

from analytics.questions.behind import ALL, REST, BehindCursor, BehindList
from analytics.questions.conditions import Match
from analytics.sql.context import QueryContext
from analytics.sql.rows import Rows, joined
from analytics.sql.statement import Statement
from analytics.sql.time_counts import decode_key

BEHIND = "behind"
ORDER = {  # of a list, the last first
    BehindList.PEOPLE: ("events", "actor"),
    BehindList.SESSIONS: ("started", "session_id"),
    BehindList.EVENTS: ("time", "id"),
}
COLUMNS = {
    BehindList.PEOPLE: ("actor", "events"),
    BehindList.SESSIONS: ("session_id", "started", "actor", "events"),
    BehindList.EVENTS: ("time", "id"),
}
OF_PERSON = ("identity", "first_seen_at", "last_seen_at", "is_robot")


def define_behind(statement: Statement, rows: Rows, where: Sequence[str], listed: BehindList) -> None:
    """Define `behind` by the events that are counted: a FROM and its conditions."""
    if listed is BehindList.EVENTS:
        matching = joined(Match.ALL, list(where))
        statement.define(BEHIND, f"select e.time as time, e.id as id {rows.from_()} where {matching}")
        return
    columns, group = "e.actor_id as actor_id, count(*) as n", " group by 1"
    if listed is BehindList.SESSIONS:
        where, group = [*where, "e.session_id is not null"], ""
        columns = (
            "e.session_id as session_id, e.time as started, e.actor_id as actor_id, "
            "row_number() over (partition by e.session_id order by e.time, e.id) as place, "
            "count(*) over (partition by e.session_id) as n"
        )
    acted = f"select {columns} {rows.from_()} where {joined(Match.ALL, list(where))}{group}"
    resolved = Rows(statement, f"{statement.define('acted', acted)} e")
    actor = resolved.actor
    if listed is BehindList.SESSIONS:
        own = f"e.session_id as session_id, e.started as started, {actor} as actor, e.n as events"
        statement.define(BEHIND, f"select {own} {resolved.from_()} where e.place = 1")
    else:
        statement.define(BEHIND, f"select {actor} as actor, sum(e.n) as events {resolved.from_()} group by 1")


def only_of(rows: Rows, people: str) -> None:
    """Keep only events of those in the common table expression `people`, whose column is `actor`, once each."""
    actor = rows.actor
    rows.join(people, f"join {people} on {people}.actor = {actor}")


def group_values(
    context: QueryContext, statement: Statement, keys: Sequence[str], source: str
) -> list[str | None] | None:
    """The values of the one group in `source`, a FROM and its conditions; None if nobody is in it any more.

    `keys` are expressions of encoded values.
    """
    columns = ", ".join(f"{key} as key_{place}" for place, key in enumerate(keys))
    found = context.rows(statement, statement.text(f"select {columns} {source} limit 1"))
    return [decode_key(each) for each in found[0]] if found else None


def page_sql(statement: Statement, listed: BehindList, after: BehindCursor | None, most: int) -> str:
    """Rows (how many there are in all, *COLUMNS), with OF_PERSON where there is an `actor`.

    Without any row in the page there is one, whose columns are null.
    """
    first, second = ORDER[listed]
    beyond = "true"
    if after is not None:
        start = after.first if listed is BehindList.PEOPLE else after.moment
        beyond = f"({first}, {second}) < ({statement.bind(start)}, {statement.bind(after.second)})"
    order = f"order by {first} desc, {second} desc"
    statement.define("totals", f"select count(*) as total from {BEHIND}")
    statement.define("page", f"select * from {BEHIND} where {beyond} {order} limit {statement.bind(most)}")
    columns = ", ".join(f"s.{name} as {name}" for name in COLUMNS[listed])
    person, people = "", ""
    if "actor" in COLUMNS[listed]:
        person = "".join(f", p.{name} as {name}" for name in OF_PERSON)
        people = f"left join people p on p.environment_id = {statement.environment} and p.actor_id = s.actor "
    return statement.text(
        f"select t.total as total, {columns}{person} from totals t left join page s on 1 = 1 {people}"
        f"order by s.{first} desc, s.{second} desc"
    )


def of_group(statement: Statement, keys: Sequence[str], group: str, digests: Sequence[str]) -> list[str]:
    """The condition that these encoded values are of the group (NumberPlace.check_group); none if it is all."""
    if group == ALL or (group == REST and not digests):
        return []
    key = digest(statement, keys)
    if group == REST:
        return [f"{key} not in ({', '.join(statement.bind(each) for each in digests)})"]
    return [f"{key} = {statement.bind(digests[int(group)])}"]


def digest(statement: Statement, keys: Sequence[str]) -> str:
    """The expression of questions/behind.group_digest. `keys` are expressions of encoded values."""
    digests = [statement.dialect.digest(each) for each in keys]
    return digests[0] if len(digests) == 1 else statement.dialect.digest(" || ".join(digests))
