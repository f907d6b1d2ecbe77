# ruff: noqa: S608  # this SQL is built only from fixed texts and placeholders; see sql/statement.py
"""Who stands behind a number of retention. Its place is "<what>.<group>.<cohort>.<period>".

what     "came", who came back; "size", all people of the cohort; "share", came of size
group    NumberPlace.check_group
cohort   its number from 0; "all" for those of the average: all whose period is over
period   its number, 0 for the first after the cohort; "all" for the size of a cohort, or of all of them
"""

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.kinds.behind import Behind, NumberPart, group_named
from analytics.kinds.retention.question import (
    CAME,
    SHARE,
    SIZE,
    CohortEntry,
    Retention,
    RetentionResult,
    Return,
    number_place,
    words,
)
from analytics.kinds.retention.sql import define_cohorts
from analytics.questions.behind import ALL, BehindList, NoPlace, NumberPlace, group_digest, index
from analytics.questions.conditions import Match
from analytics.questions.spans import Bucket, Unit
from analytics.sql.active import matching
from analytics.sql.behind import BEHIND, define_behind, group_values, of_group, only_of
from analytics.sql.context import QueryContext
from analytics.sql.rows import joined
from analytics.sql.selections import Limits
from analytics.sql.statement import Statement
from analytics.sql.time_counts import encode_key
from common.charts.scales import bucket_name


def shown_groups(result: RetentionResult) -> tuple[str, ...]:
    """The digests of the groups of the answer, in its order."""
    return tuple(group_digest([encode_key(group.key)]) for group in result.groups if not group.is_rest)


@dataclass(frozen=True)
class RetentionNumber:
    """The people of these cohorts, one after the other in `cut`; with a period (from 1) those who came back in it."""

    retention: Retention
    cut: Sequence[Bucket]
    cohorts: range
    period: int | None
    group: str
    groups: tuple[str, ...]  # digests

    def chosen(self, statement: Statement) -> str:
        """Those of the count, as a FROM and its conditions. Somebody may be in several cohorts."""
        cohorts, returns = define_cohorts(statement, self.retention, self.cut)
        first, last = (statement.bind(self.cut[each].start) for each in (self.cohorts[0], self.cohorts[-1]))
        where = [
            f"c.cohort >= {first}",
            f"c.cohort <= {last}",
            *of_group(statement, ["c.key"], self.group, self.groups),
        ]
        came = ""
        if self.period is not None:
            came = f" join {returns} r on r.actor = c.actor"
            returned, began = (
                statement.dialect.place(time, self.cut, statement.bind) for time in ("r.bucket", "c.cohort")
            )
            comparison = ">=" if self._is_or_after else "="
            where.append(f"{returned} - {began} {comparison} {statement.bind(self.period)}")
        return f"from {cohorts} c{came} where {joined(Match.ALL, where)}"

    @property
    def _is_or_after(self) -> bool:
        return self.retention.counts_as is Return.OR_AFTER

    def define(self, statement: Statement, listed: BehindList) -> None:
        """Events are only those of one cohort: of people of several, they would be of as many times."""
        chosen = statement.define("chosen", f"select distinct c.actor as actor {self.chosen(statement)}")
        if len(self.cohorts) > 1:
            statement.define(BEHIND, f"select actor, 0 as events from {chosen}")
            return
        selection, own = self.retention.start, self.cut[self.cohorts[0]]
        limits = Limits(own.start, own.end)
        if self.period is not None:
            selection, own = self.retention.returning, self.cut[self.cohorts[0] + self.period]
            limits = Limits(own.start, self.cut[-1].end if self._is_or_after else own.end)
        rows, where = matching(statement, self.retention, selection, limits)
        only_of(rows, chosen)
        define_behind(statement, rows, where, listed)

    def values(self, context: QueryContext) -> list[str | None] | None:
        """The group's value; None if nobody has it any more."""
        statement = context.statement()
        return group_values(context, statement, ["c.key"], self.chosen(statement))


def behind(retention: Retention, place: NumberPlace, context: QueryContext) -> Behind:
    what, group, cohort, period = place.parts(4)
    place.check_group(group, is_grouped=retention.by is not None)
    cut = context.placed(retention.span, retention.unit).buckets
    number = None if period == ALL else index(period, len(cut) - 1) + 1
    cohorts = _cohorts(cut, cohort, number, context)
    by = (retention.by,) if retention.by else ()
    cell = RetentionNumber(retention, cut, cohorts, number if what == CAME else None, group, place.groups)
    named = [f"{words(retention, context.glossary)}: {_cohort_words(retention, cut, cohorts, number)}"]
    named += filter(None, [group_named(by, group, lambda: cell.values(context))])
    came = f"came back in {retention.unit} {number}{' or later' * (retention.counts_as is Return.OR_AFTER)}"
    if what == SIZE and (number is None or cohort == ALL):
        came = "all people"
    elif what not in (CAME, SHARE) or number is None:
        raise NoPlace
    elif what == SHARE:
        parts = (
            NumberPart(came, number_place(CAME, group, cohort, number)),
            NumberPart("all people", number_place(SIZE, group, cohort, number if cohort == ALL else ALL)),
        )
        return Behind(", ".join([*named, f"the share that {came}"]), parts=parts)
    is_several = len(cohorts) > 1
    is_once = not is_several or retention.entry is not CohortEntry.EVERY
    return Behind(
        ", ".join([*named, came]),
        (BehindList.PEOPLE,) if is_several else (BehindList.PEOPLE, BehindList.EVENTS),
        cell.define,
        is_count=is_once,
        note="" if is_once else "People of several cohorts are listed once.",
    )


def _cohorts(cut: Sequence[Bucket], cohort: str, period: int | None, context: QueryContext) -> range:
    """The numbers of the cohorts. Those of an average are all whose period was over at the moment of the answer."""
    if cohort == ALL:
        as_of = context.received_until or context.now
        ended = sum(each.complete and each.end <= as_of for each in cut[period:]) if period else len(cut)
        if not ended:
            raise NoPlace
        return range(ended)
    own = index(cohort, len(cut))
    if own + (period or 0) >= len(cut):
        raise NoPlace
    return range(own, own + 1)


def _cohort_words(retention: Retention, cut: Sequence[Bucket], cohorts: range, period: int | None) -> str:
    unit = retention.unit
    if len(cohorts) == 1:
        start, is_week = cut[cohorts[0]].start.astimezone(retention.scope.zone), unit is Unit.WEEK
        return f"cohort of the {unit} {'from ' * is_week}{bucket_name(start, Unit.DAY if is_week else unit)}"
    return "all cohorts" if period is None else f"all cohorts whose {unit} {period} is over"
