"""What stands behind a number of a graph. Its place is "<series>.<group>.<bucket>".

series   its number from 0, "f" for the formula; of a comparison the number of its side
group    its number among the groups that the answer shows, "rest" for everything else, "all" for all together
bucket   its number from 0, "all" for the whole range
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analytics.kinds.behind import Behind, NumberPart, group_named
from analytics.kinds.graph.formula import LETTERS, Formula
from analytics.kinds.graph.question import Graph, GraphResult
from analytics.kinds.graph.words import series_words
from analytics.questions.behind import ALL, REST, BehindList, NumberPlace, group_digest, index
from analytics.questions.conditions import Match
from analytics.questions.query import Counting, Counts
from analytics.questions.spans import Bucket
from analytics.questions.words import group_words
from analytics.sql.behind import define_behind, group_values, of_group
from analytics.sql.context import QueryContext
from analytics.sql.rows import Rows, joined
from analytics.sql.selections import Limits
from analytics.sql.statement import Statement
from analytics.sql.time_counts import counted_once, counted_rows, encode_key, keys_of_rows
from common.charts.scales import bucket_name

FORMULA = "f"
LISTS = {
    Counts.USERS: (BehindList.PEOPLE, BehindList.EVENTS),
    Counts.PER_USER: (BehindList.PEOPLE, BehindList.EVENTS),
    Counts.SESSIONS: (BehindList.SESSIONS, BehindList.PEOPLE, BehindList.EVENTS),
}
COUNTED = (Counts.EVENTS, Counts.USERS, Counts.SESSIONS)


def shown_groups(result: GraphResult) -> list[str]:
    """The digests of the groups of the answer, in its order."""
    first = result.lines[0].series if result.lines else None
    keys = [each.key for each in result.lines if each.series == first and each.key is not None]
    return [group_digest(encode_key(value) for value in key) for key in keys]


def line_places(result: GraphResult) -> list[str]:
    """The place of each line, without the bucket."""
    if result.query.compare:
        return [f"{side}.{ALL}" for side in range(len(result.lines))]
    seen: dict[int | None, int] = {}
    places = []
    for line in result.lines:
        series = FORMULA if line.series is None else str(line.series)
        if not result.query.by:
            group = ALL
        elif line.is_other:
            group = REST
        else:
            group = str(seen.setdefault(line.series, 0))
            seen[line.series] += 1
        places.append(f"{series}.{group}")
    return places


def headline_place(graph: Graph) -> str:
    return f"{FORMULA if graph.formula else 0}.{ALL}.{ALL}"


@dataclass(frozen=True)
class GraphNumber:
    """One number of a graph of one series: what is counted, in which group, within which time."""

    counting: Counting
    group: str
    groups: tuple[str, ...]  # digests
    limits: Limits

    def rows(self, statement: Statement) -> tuple[Rows, list[str]]:
        """The events that are counted: those of the count itself, of this group and this time."""
        rows, where = counted_rows(statement, self.counting, self.limits)
        if self.group != ALL:
            where += of_group(statement, keys_of_rows(rows, self.counting), self.group, self.groups)
        counted_once(self.counting, rows, where)
        if self.counting.counts.is_of_numbers and self.counting.of:
            where.append(f"{statement.dialect.decimal(rows.number(self.counting.of))} is not null")
        return rows, where

    def define(self, statement: Statement, listed: BehindList) -> None:
        define_behind(statement, *self.rows(statement), listed)

    def values(self, context: QueryContext) -> list[str | None] | None:
        """The group's values; None if it has no event any more."""
        statement = context.statement()
        rows, where = self.rows(statement)
        keys = keys_of_rows(rows, self.counting)
        return group_values(context, statement, keys, f"{rows.from_()} where {joined(Match.ALL, where)}")


def behind(graph: Graph, place: NumberPlace, context: QueryContext) -> Behind:
    series, group, bucket = place.parts(3)
    cut = context.placed(graph.span, graph.unit).buckets
    place.check_group(group, is_grouped=bool(graph.by))
    when = _when(graph, bucket, cut)
    if series == FORMULA and graph.formula:
        return _of_formula(graph, f"{group}.{bucket}", when, context)
    number = index(series, len(graph.compare) or len(graph.series))
    counting = graph.countings[0 if graph.compare else number]
    side = ""
    if graph.compare:
        compared = graph.compare[number]
        counting = replace(counting, segments=compared.among(graph.segments))
        side = context.glossary.segment_label(compared.segment)
    cell = GraphNumber(counting, group, place.groups, _limits(graph, bucket, cut))
    asked = graph.series[0 if graph.compare else number]
    where = f"where {group_words(asked.where)}" if asked.where else ""
    named = group_named(graph.by, group, lambda: cell.values(context))
    words = [f"{series_words(asked, context.glossary)} {where}".strip(), side, named, when]
    return Behind(
        ", ".join(filter(None, words)),
        LISTS.get(counting.counts, (BehindList.EVENTS, BehindList.PEOPLE)),
        cell.define,
        is_count=counting.counts in COUNTED,
        note=_note(counting),
    )


def _note(counting: Counting) -> str:
    if counting.counts.is_of_numbers:
        return "Events whose property has a number."
    if counting.counts is Counts.DIFFERENT:
        return "Events that have a value."
    if counting.event.is_session and counting.counts is Counts.EVENTS:
        return "Each session is listed by its first event."
    return ""


def _when(graph: Graph, bucket: str, cut: Sequence[Bucket]) -> str:
    zone = graph.scope.zone
    if bucket == ALL:
        return graph.range_words()
    name = bucket_name(cut[index(bucket, len(cut))].start.astimezone(zone), graph.unit)
    return f"since the start until {name}" if graph.cumulative else name


def _limits(graph: Graph, bucket: str, cut: Sequence[Bucket]) -> Limits:
    """A cumulative number is of all the time since the start."""
    if bucket == ALL:
        return Limits(cut[0].start, cut[-1].end)
    own = cut[index(bucket, len(cut))]
    return Limits(cut[0].start if graph.cumulative else own.start, own.end)


def _of_formula(graph: Graph, rest: str, when: str, context: QueryContext) -> Behind:
    """A formula has what its series have in the same place."""
    letters = Formula.parse(graph.formula).letters
    parts = [
        NumberPart(f"{letter}: {series_words(each, context.glossary)}", f"{number}.{rest}")
        for number, (letter, each) in enumerate(zip(LETTERS, graph.series, strict=False))
        if letter in letters
    ]
    return Behind(f"{graph.formula}, {when}", parts=tuple(parts))
