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
    step_labels,
)
from analytics.kinds.funnel.sql import funnel_sql, groups_sql, times_sql, trend_sql
from analytics.questions.before import Earlier
from analytics.questions.group_labels import group_label, rest_label
from analytics.questions.query import TOP_GROUPS, Compared
from analytics.questions.results import Ran
from analytics.questions.spans import Bucket
from analytics.sql.context import QueryContext
from analytics.sql.time_counts import decode_key

EVERYBODYS_SLOT = 0
MICROSECONDS = 1_000_000  # in a second


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
        statement = self.context.statement()
        (row,) = self.context.rows(statement, funnel_sql(statement, of_side.funnel, self.start, self.end))
        return FunnelSide(
            self.context.glossary.segment_label(compared.segment),
            tuple(int(count or 0) for count in row),
            compared if is_compared else None,
            times=of_side.times()[EVERYBODYS_SLOT],
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
        (row,) = self.context.rows(statement, funnel_sql(statement, self.funnel, start, end, until))
        return tuple(int(count or 0) for count in row)

    def groups(self) -> list[FunnelSide]:
        """Everybody, the largest groups by size, and the rest."""
        assert self.funnel.by is not None
        statement = self.context.statement()
        rows = self.context.rows(statement, groups_sql(statement, self.funnel, self.start, self.end, TOP_GROUPS))
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
        times = self.times()
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

    def times(self) -> defaultdict[int, tuple[StepTimes, ...]]:
        """{slot: the times of each step after the first}, if they are asked for."""
        if self.funnel.asks is not Asks.TIMES:
            return defaultdict(tuple)
        statement = self.context.statement()
        rows = self.context.rows(statement, times_sql(statement, self.funnel, self.start, self.end, TOP_GROUPS))
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
        levels: dict[datetime, dict[int, int]] = defaultdict(dict)
        for bucket, level, people in rows:
            levels[bucket][level] = int(people)
        return tuple(self.reached(levels[bucket.start]) for bucket in self.cut)


def _median(microseconds: list[int]) -> float | None:
    """The seconds in the middle, from the one or two times that are there."""
    if not microseconds:
        return None
    seconds = Decimal(sum(microseconds)) / (len(microseconds) * MICROSECONDS)
    return float(round(seconds, 6))
