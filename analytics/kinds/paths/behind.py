# this SQL is built only from fixed texts and placeholders; see sql/statement.py
"""Who stands behind a number of paths: the people of a node. Its place is "people." and the node's (places.py)."""

from dataclasses import dataclass
from datetime import datetime

from analytics.kinds.behind import Behind
from analytics.kinds.paths.answer import END_LABELS, OTHERS_LABEL, step_label
from analytics.kinds.paths.places import BETWEEN, ENDED, HERE
from analytics.kinds.paths.question import PEOPLE, Direction, Paths, words
from analytics.kinds.paths.sql import EVERYBODY, define_walked
from analytics.questions.behind import ALL, REST, BehindList, NoPlace, NumberPlace, check_digests, index
from analytics.questions.conditions import Match
from analytics.sql.behind import BEHIND, digest
from analytics.sql.context import QueryContext
from analytics.sql.rows import joined
from analytics.sql.statement import Statement


@dataclass(frozen=True)
class PathsNumber:
    """The people who came along `steps` steps whose digest is `path`, from `start` to before `end`.

    `which`: all of them, or those whose path ends there, or who went on another path than those with digests `but`.
    """

    paths: Paths
    start: datetime
    end: datetime
    steps: int
    path: str
    which: str
    but: tuple[str, ...]

    def chosen(self, statement: Statement) -> str:
        """Those of the count, as a FROM and its conditions."""
        define_walked(statement, self.paths, self.start, self.end)
        where = []
        if self.steps:
            where.append(f"{_digest(statement, self.steps)} = {statement.bind(self.path)}")
        if self.which == ENDED:
            where.append(f"w.step_{self.steps + 1} is null")
        if self.which == REST:
            but = ", ".join(statement.bind(each) for each in self.but)
            where.append(f"{_digest(statement, self.steps + 1)} not in ({but})")
        return f"from {EVERYBODY} where {joined(Match.ALL, where)}"

    def define(self, statement: Statement, listed: BehindList) -> None:
        statement.define(BEHIND, f"select a.actor as actor, 0 as events {self.chosen(statement)}")

    def labels(self, context: QueryContext) -> list[str]:
        """The steps as people read them."""
        if not self.steps:
            return []
        statement = context.statement()
        chosen = self.chosen(statement)
        steps = ", ".join(f"w.step_{n} as step_{n}" for n in range(1, self.steps + 1))
        found = context.rows(statement, statement.text(f"select {steps} {chosen} limit 1"))
        return [step_label(each) for each in found[0]] if found else ["a path that nobody goes any more"]


def _digest(statement: Statement, steps: int) -> str:
    """Null if the path has not so many steps."""
    return digest(statement, [f"w.step_{n}" for n in range(1, steps + 1)])


def behind(paths: Paths, place: NumberPlace, context: QueryContext) -> Behind:
    what, steps, path, tail = place.parts(4)
    which, *but = tail.split(BETWEEN)
    number = index(steps, paths.steps + (which == HERE))
    check_digests([*but, *([] if path == ALL else [path])])
    is_known = what == PEOPLE and which in (HERE, ENDED, REST)
    if not is_known or (path == ALL) != (number == 0) or bool(but) != (which == REST):
        raise NoPlace
    start, end = context.placed(paths.span, None).span.bounds(context.now, paths.scope.zone)
    cell = PathsNumber(paths, start, end, number, path, which, tuple(but))
    last = {ENDED: [END_LABELS[paths.direction]], REST: [OTHERS_LABEL]}.get(which, [])
    arrow = " → " if paths.direction is Direction.AFTER else " ← "
    named = arrow.join([words(paths, context.glossary), *cell.labels(context), *last])
    return Behind(f"{named}, {paths.range_words()}", (BehindList.PEOPLE,), cell.define)
