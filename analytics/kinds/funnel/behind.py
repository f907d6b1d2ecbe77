# this SQL is built only from fixed texts and placeholders; see sql/statement.py
"""Who stands behind a number of a funnel (its place: places.py)."""

from dataclasses import dataclass, replace
from datetime import datetime

from analytics.kinds.behind import Behind, NumberPart, group_named
from analytics.kinds.funnel.places import FIRST, LOST, PREVIOUS, REACHED, number_place
from analytics.kinds.funnel.question import Asks, Funnel, FunnelResult, Order
from analytics.kinds.funnel.sql import define_people, in_bin
from analytics.kinds.funnel.words import step_labels, words
from analytics.questions.behind import ALL, BehindList, NoPlace, NumberPlace, group_digest, index
from analytics.questions.conditions import Match
from analytics.sql.behind import BEHIND, group_values, of_group
from analytics.sql.context import QueryContext
from analytics.sql.rows import joined
from analytics.sql.statement import Statement
from analytics.sql.time_counts import encode_key
from common.charts.scales import bucket_name


def shown_groups(result: FunnelResult) -> tuple[str, ...]:
    """The digests of the groups of the answer, in its order."""
    return tuple(group_digest([encode_key(side.key)]) for side in result.sides if side.is_group and not side.is_rest)


@dataclass(frozen=True)
class FunnelNumber:
    """The people of one number: of a funnel of one side, of those who began from `start` to before `end`.

    They reached step `level` (from 1), and no further if `is_lost`; within the bin of times, if there is one.
    """

    funnel: Funnel
    start: datetime
    end: datetime
    group: str
    groups: tuple[str, ...]  # digests
    level: int
    is_lost: bool
    bin: int | None

    def chosen(self, statement: Statement) -> str:
        """Those of the count, as a FROM and its conditions."""
        people = define_people(statement, self.funnel, self.start, self.end, with_times=self.bin is not None)
        where = [f"level {'=' if self.is_lost else '>='} {statement.bind(self.level)}"]
        where += of_group(statement, ["key"], self.group, self.groups)
        if self.bin is not None:
            where += in_bin(statement, self.level, self.bin)
        return f"from {people} where {joined(Match.ALL, where)}"

    def define(self, statement: Statement, listed: BehindList) -> None:
        statement.define(BEHIND, f"select actor, 0 as events {self.chosen(statement)}")

    def values(self, context: QueryContext) -> list[str | None] | None:
        """The group's value; None if nobody has it any more."""
        statement = context.statement()
        return group_values(context, statement, ["key"], self.chosen(statement))


def behind(funnel: Funnel, place: NumberPlace, context: QueryContext) -> Behind:
    what, side, step, part = place.parts(4)
    number = index(step, len(funnel.steps))
    if what not in (REACHED, LOST, PREVIOUS, FIRST) or (what == LOST and number == 0):
        raise NoPlace
    named, did, group, compared = words(funnel, context.glossary), _did(funnel, context), side, ""
    if funnel.compare:
        chosen = funnel.compare[index(side, len(funnel.compare))]
        compared, group = context.glossary.segment_label(chosen.segment), ALL
        funnel = replace(funnel, compare=(), segments=chosen.among(funnel.segments))
    place.check_group(group, is_grouped=funnel.by is not None)
    start, end, when = _when(funnel, part, context)
    is_lost, in_time = what == LOST, _bin(funnel, what, number, part)
    level = number if is_lost else number + 1
    cell = FunnelNumber(funnel, start, end, group, place.groups, level, is_lost, in_time)
    said = [
        f"people who {did[level - 1]}{', and no further' * is_lost}",
        "" if in_time is None else f"taking {funnel.bin_names[in_time]}",
        compared,
        group_named((funnel.by,) if funnel.by else (), group, lambda: cell.values(context)),
        when,
    ]
    line = ", ".join(filter(None, said))
    if what in (PREVIOUS, FIRST):
        whole = 0 if what == FIRST else max(number - 1, 0)
        of = ((did[each], number_place(REACHED, side, each, part)) for each in (number, whole))
        parts = tuple(NumberPart(f"people who {name}", at) for name, at in of)
        return Behind(f"{named}: the share of {line}", parts=parts)
    return Behind(f"{named}: {line}", (BehindList.PEOPLE,), cell.define)


def _did(funnel: Funnel, context: QueryContext) -> list[str]:
    """Of each step "reached step 2, Signed up"; in any order "did 2 of 3"."""
    labels = step_labels(funnel, context.glossary)
    if funnel.order is Order.ANY:
        return [f"did {label}" for label in labels]
    return [f"reached step {number}, {label}" for number, label in enumerate(labels, 1)]


def _when(funnel: Funnel, part: str, context: QueryContext) -> tuple[datetime, datetime, str]:
    """When they began: of a bucket in it, because each bucket is the funnel of that bucket."""
    if funnel.asks is Asks.TREND and part != ALL:
        cut = context.placed(funnel.span, funnel.unit).buckets
        own = cut[index(part, len(cut))]
        return own.start, own.end, f"began: {bucket_name(own.start.astimezone(funnel.scope.zone), funnel.unit)}"
    start, end = context.placed(funnel.span, None).span.bounds(context.now, funnel.scope.zone)
    return start, end, funnel.range_words()


def _bin(funnel: Funnel, what: str, step: int, part: str) -> int | None:
    """The number of the bin of times; only those who reached a step after the first have one."""
    if part == ALL or funnel.asks is Asks.TREND:
        return None
    if funnel.asks is not Asks.TIMES or what != REACHED or step == 0:
        raise NoPlace
    return index(part, len(funnel.bin_names))
