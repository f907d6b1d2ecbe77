# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see sql/statement.py
"""The SQL: each person's path, and of all paths the largest branches, level by level.

A step is a text: the kind of its event, and what it is told apart by (time_counts.encoded). A place is the rank of a
step among the branches of its node, from 1; MOST_BRANCHES + 1 stands for all others, 0 for the end of the path.
"""

from datetime import datetime

from analytics.kinds.paths.question import WITHIN, Along, Direction, Paths
from analytics.questions.conditions import Match
from analytics.sql.active import matching
from analytics.sql.rows import joined
from analytics.sql.segments import in_segments
from analytics.sql.selections import Limits, event_rows
from analytics.sql.statement import Statement
from analytics.sql.time_counts import encoded

MOST_BRANCHES = 5  # of a node, besides all others and the end
END = 0
EVERYBODY = "anchors a left join walked w on w.actor = a.actor"


def paths_sql(statement: Statement, paths: Paths, start: datetime, end: datetime) -> str:
    """Rows (place_1, step_1, place_2, step_2, …, people), one for each leaf of the tree: 4,687 at most.

    A step is null where its place is not a rank. After others or an end, places are null.
    """
    define_walked(statement, paths, start, end)
    source = _define_routes(statement, paths)
    for level in range(1, paths.steps + 1):
        source = _define_level(statement, level, source)
    columns = [
        column
        for level in range(1, paths.steps + 1)
        for column in (
            f"place_{level}",
            f"case when {_goes_on(level)} then step_{level} end as step_{level}",
        )
    ]
    groups = ", ".join(str(number) for number in range(1, len(columns) + 1))
    return statement.text(f"select {', '.join(columns)}, sum(people) as people from {source} group by {groups}")


def define_walked(statement: Statement, paths: Paths, start: datetime, end: datetime) -> None:
    """Define what EVERYBODY joins: `a`, each person, and `w` (step_1, step_2, …), null where their path has ended."""
    _define_anchors(statement, paths, Limits(start, end))
    _define_steps(statement, paths, start, end)
    picked = ", ".join(f"max(case when number = {n} then step end) as step_{n}" for n in range(1, paths.steps + 1))
    statement.define("walked", f"select actor, {picked} from steps where number <= {paths.steps} group by actor")


def _define_anchors(statement: Statement, paths: Paths, limits: Limits) -> None:
    """Define `anchors` (actor, time, id): the first event of each person from which, or to which, their path goes."""
    rows, where = matching(statement, paths, paths.anchor, limits)
    actor = rows.actor
    statement.define(
        "starts",
        f"select {actor} as actor, e.time as time, e.id as id, "
        f"row_number() over (partition by {actor} order by e.time, e.id) as place "
        f"{rows.from_()} where {joined(Match.ALL, where)}",
    )
    statement.define("anchors", "select actor, time, id from starts where place = 1")


def _define_steps(statement: Statement, paths: Paths, start: datetime, end: datetime) -> None:
    """Define `steps` (actor, number, step): each person's steps in the order of their path, without repetitions."""
    within, is_after = WITHIN[paths.within], paths.direction is Direction.AFTER
    limits = Limits(start, end + within) if is_after else Limits(start - within, end)
    rows, where = event_rows(statement, limits)
    where += [rows.group(paths.where), *in_segments(rows, paths.segments)]
    actor = rows.actor
    rows.join("a", f"join anchors a on a.actor = {actor}")
    window, later = statement.bind(within), statement.dialect.later
    if is_after:
        where += ["(e.time, e.id) >= (a.time, a.id)", f"e.time <= {later('a.time', window)}"]
    else:
        before = "<" if paths.anchor.event.is_session else "<="
        where += [f"(e.time, e.id) {before} (a.time, a.id)", f"a.time <= {later('e.time', window)}"]
    kinds = ", ".join(statement.bind(each.value) for each in paths.along)
    where.append(f"e.kind in ({kinds})")
    is_anchor = "false" if paths.anchor.event.is_session else "e.time = a.time and e.id = a.id"
    statement.define(
        "seen",
        f"select {actor} as actor, e.time as time, e.id as id, {is_anchor} as is_anchor, "
        f"{_step(statement, paths)} as step "
        f"{rows.from_()} where {joined(Match.ALL, where)}",
    )
    order = "time, id" if is_after else "time desc, id desc"
    statement.define(
        "compared",
        "select actor, time, id, is_anchor, step, "
        f"lag(step) over (partition by actor order by {order}) as previous from seen",
    )
    statement.define(
        "steps",
        f"select actor, step, row_number() over (partition by actor order by {order}) as number "
        "from compared where not is_anchor and (previous is null or previous <> step)",
    )


def _step(statement: Statement, paths: Paths) -> str:
    """The text of an event's step."""
    path = statement.dialect.without_ids("e.path") if paths.clean else "e.path"
    cases = {Along.PAGEVIEW: path, Along.CUSTOM: "e.name"}
    whens = " ".join(f"when e.kind = '{kind}' then {column}" for kind, column in cases.items() if kind in paths.along)
    value = f"case {whens} else e.target_text end" if whens else "e.target_text"
    return f"e.kind || {encoded(f'({value})')}"


def _define_routes(statement: Statement, paths: Paths) -> str:
    """Define `routes` (step_1, step_2, …, people): how many people went which way; null from its end on."""
    numbers = range(1, paths.steps + 1)
    columns = ", ".join(f"w.step_{n} as step_{n}" for n in numbers)
    groups = ", ".join(str(n) for n in numbers)
    return statement.define(
        "routes",
        f"select {columns}, count(*) as people from {EVERYBODY} group by {groups}",
    )


def _define_level(statement: Statement, level: int, source: str) -> str:
    """Define `level_<n>`: the rows of the level before with their place among the branches of their node."""
    nodes = [f"place_{above}" for above in range(1, level)]
    step = f"step_{level}"
    columns, reached = ", ".join([*nodes, step]), _goes_on(level - 1)
    statement.define(
        f"sizes_{level}",
        f"select {columns}, sum(people) as people from {source} "
        f"where {step} is not null and {reached} group by {columns}",
    )
    order = f"people desc, {statement.dialect.bytewise(step)}"
    within = f"partition by {', '.join(nodes)} order by {order}" if nodes else f"order by {order}"
    statement.define(f"ranked_{level}", f"select {columns}, row_number() over ({within}) as place from sizes_{level}")
    same = " and ".join(f"r.{column} = s.{column}" for column in [*nodes, step])
    place = f"case when s.{step} is null then {END} else coalesce(r.place, {MOST_BRANCHES + 1}) end"
    return statement.define(
        f"level_{level}",
        f"select s.*, case when {_goes_on(level - 1, 's.')} then {place} end as place_{level} "
        f"from {source} s left join ranked_{level} r on {same} and r.place <= {MOST_BRANCHES}",
    )


def _goes_on(level: int, alias: str = "") -> str:
    """The condition that the place on this level is a rank, so that its node has branches."""
    return f"{alias}place_{level} between 1 and {MOST_BRANCHES}" if level else "true"
