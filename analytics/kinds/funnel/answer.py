"""Funnels: asking the database, and its rows as an answer."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from analytics.kinds.funnel.question import (
    BIN_EDGES,
    Asks,
    Funnel,
    FunnelResult,
    FunnelSide,
    StepTimes,
)
from analytics.kinds.funnel.reached import MOST_SPREAD
from analytics.kinds.funnel.sql import REACHED, funnel_sql, groups_sql, times_sql, trend_sql
from analytics.kinds.funnel.words import step_labels
from analytics.questions.before import Earlier
from analytics.questions.conditions import BadQuery
from analytics.questions.group_labels import group_label, rest_label
from analytics.questions.query import TOP_GROUPS, Compared
from analytics.questions.results import Ran
from analytics.questions.spans import Bucket
from analytics.sql.context import QueryContext, Tuples
from analytics.sql.time_counts import decode_key

EVERYBODYS_SLOT = 0
MICROSECONDS = 1_000_000  # in a second
TOO_MANY = (
    "Over time this funnel reads too many events, each for every day, week or month in which its person began. "
    "Take a longer unit, a shorter conversion window or a shorter range."
)


def answer(funnel: Funnel, context: QueryContext) -> FunnelResult:
    is_trend = funnel.asks is Asks.TREND
    placed = context.placed(funnel.span, funnel.unit if is_trend else None)
    cut = placed.buckets
    start, end = placed.span.bounds(context.now, funnel.scope.zone)
    earlier = context.earlier(funnel.before, funnel.span, placed, None) if funnel.before else None
    one = _Asked(funnel, context, start, end, cut, earlier)
    if funnel.by is not None:
        sides = one.groups()
    else:
        sides = [one.side(each, is_compared=bool(funnel.compare)) for each in funnel.compare or (Compared(None),)]
    labels = step_labels(funnel, context.glossary)
    ran = Ran(context.now, start, end, note=" ".join(filter(None, [placed.note, earlier.note if earlier else ""])))
    buckets = _until_over(funnel, cut, context.now) if is_trend else ()
    return FunnelResult(funnel, ran, labels, tuple(sides), buckets, earlier)


def _until_over(funnel: Funnel, cut: tuple[Bucket, ...], now: datetime) -> tuple[Bucket, ...]:
    """The buckets, complete only when those who began at their end have had their time."""
    return tuple(replace(bucket, complete=bucket.complete and bucket.end + funnel.within <= now) for bucket in cut)


@dataclass(frozen=True)
class _Asked:
    """A funnel whose span is `start` to `end`, cut into these buckets."""

    funnel: Funnel
    context: QueryContext
    start: datetime
    end: datetime
    cut: tuple[Bucket, ...]
    earlier: Earlier | None

    def side(self, compared: Compared, *, is_compared: bool) -> FunnelSide:
        of_side = replace(self, funnel=replace(self.funnel, compare=(), segments=compared.among(self.funnel.segments)))
        levels, times = of_side.levels()
        return FunnelSide(
            self.context.glossary.segment_label(compared.segment),
            self.reached({level: int(people) for _, _, level, people, _ in levels}),
            compared if is_compared else None,
            times=times[EVERYBODYS_SLOT],
            trend=of_side.trend(),
            before=of_side.before(),
        )

    def before(self) -> tuple[int, ...]:
        """How many reached each step in the same part of the earlier range, up to the moment that was now then.

        Whoever began late has had as little time for the later steps as those who began late today.
        """
        if self.earlier is None:
            return ()
        if not self.earlier.part:
            return (0,) * len(self.funnel.steps)
        start, end, until = self.earlier.buckets[0].start, self.earlier.until, self.earlier.known_until
        statement = self.context.statement()
        rows = self.context.rows(statement, funnel_sql(statement, self.funnel, start, end, until))
        return self.reached({level: int(people) for level, people in rows})

    def groups(self) -> list[FunnelSide]:
        """Everybody, the largest groups by size, and the rest."""
        assert self.funnel.by is not None
        rows, times = self.levels()
        levels: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        keys: dict[int, str | None] = {}
        labels: dict[int, str] = {}
        for slot, encoded, level, people, number_of_groups in rows:
            levels[slot][level] += int(people)
            levels[EVERYBODYS_SLOT][level] += int(people)
            keys[slot] = decode_key(encoded)
            is_rest = slot > TOP_GROUPS
            labels[slot] = (
                rest_label(number_of_groups - TOP_GROUPS) if is_rest else group_label(self.funnel.by, keys[slot])
            )
        everyone = self.context.glossary.segment_label(None)
        everybody = FunnelSide(everyone, self.reached(levels[EVERYBODYS_SLOT]), times=times[EVERYBODYS_SLOT])
        return [everybody] + [
            FunnelSide(
                labels[slot],
                self.reached(levels[slot]),
                key=keys[slot],
                is_group=True,
                is_rest=slot > TOP_GROUPS,
                times=times[slot],
            )
            for slot in sorted(keys)
        ]

    def reached(self, levels: Mapping[int, int]) -> tuple[int, ...]:
        """How many people reached each step, from {level: how many came so far, and no further}."""
        steps = range(1, len(self.funnel.steps) + 1)
        return tuple(sum(people for level, people in levels.items() if level >= step) for step in steps)

    def levels(self) -> tuple[Tuples, defaultdict[int, tuple[StepTimes, ...]]]:
        """Rows as those of groups_sql, in one slot without groups; and the times by slot, if they are asked for."""
        funnel, statement = self.funnel, self.context.statement()
        if funnel.asks is Asks.TIMES:
            rows = self.context.rows(statement, times_sql(statement, funnel, self.start, self.end, TOP_GROUPS))
            of_times = [(slot, step, place, n) for slot, _, step, place, n, _ in rows if place != REACHED]
            levels = [(slot, key, step, n, groups) for slot, key, step, place, n, groups in rows if place == REACHED]
            return levels, self.times(of_times)
        if funnel.by is not None:
            sql = groups_sql(statement, funnel, self.start, self.end, TOP_GROUPS)
            return self.context.rows(statement, sql), defaultdict(tuple)
        rows = self.context.rows(statement, funnel_sql(statement, funnel, self.start, self.end))
        return [(EVERYBODYS_SLOT, None, level, people, 0) for level, people in rows], defaultdict(tuple)

    def times(self, rows: Tuples) -> defaultdict[int, tuple[StepTimes, ...]]:
        """{slot: the times of each step after the first}, from rows (slot, step, bin, number) of times_sql."""
        bins: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0] * (len(BIN_EDGES) + 1))
        middle: dict[tuple[int, int], list[int]] = defaultdict(list)
        for slot, step, place, number in rows:
            if place is None:
                middle[slot, step].append(int(number))
            else:
                bins[slot, step][place] = int(number)
        steps = range(2, len(self.funnel.steps) + 1)

        def of_slot(slot: int) -> tuple[StepTimes, ...]:
            return tuple(StepTimes(_median(middle[slot, step]), tuple(bins[slot, step])) for step in steps)

        nobody = of_slot(-1)
        return defaultdict(lambda: nobody, {slot: of_slot(slot) for slot, _ in list(bins)})

    def trend(self) -> tuple[tuple[int, ...], ...]:
        """How many reached each step in each bucket, if this is asked for."""
        if self.funnel.asks is not Asks.TREND:
            return ()
        statement = self.context.statement()
        rows = self.context.rows(statement, trend_sql(statement, self.funnel, self.cut))
        levels: dict[datetime | None, dict[int, int]] = defaultdict(dict)
        for bucket, level, people in rows:
            if bucket is None and people > MOST_SPREAD:
                raise BadQuery(TOO_MANY, "unit")
            levels[bucket][level] = int(people)
        return tuple(self.reached(levels[bucket.start]) for bucket in self.cut)


def _median(microseconds: list[int]) -> float | None:
    """The seconds in the middle, from the one or two times that are there."""
    if not microseconds:
        return None
    seconds = Decimal(sum(microseconds)) / (len(microseconds) * MICROSECONDS)
    return float(round(seconds, 6))
