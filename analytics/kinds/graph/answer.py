"""The answer to a graph: its lines."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from analytics.definitions.glossary import Glossary
from analytics.kinds.graph.counting import Numbers, ask
from analytics.kinds.graph.formula import LETTERS, Formula
from analytics.kinds.graph.measures import rounded
from analytics.kinds.graph.question import Graph, GraphLine, GraphResult, GroupKey
from analytics.kinds.graph.words import series_words
from analytics.questions.conditions import BadQuery
from analytics.questions.group_labels import group_label, rest_label
from analytics.questions.results import Number, Ran
from analytics.questions.spans import MAX_BUCKETS, Bucket
from analytics.questions.words import group_words
from analytics.sql.context import QueryContext
from analytics.sql.time_counts import OTHER, Keys, decode_key
from common.counted import counted


def answer(graph: Graph, context: QueryContext) -> GraphResult:
    found = context.placed(graph.span, graph.unit)
    cut = found.buckets
    ran = Ran(context.now, cut[0].start, cut[-1].end)
    placed = replace(graph, span=found.span)
    if not graph.compare:
        lines, total = _lines(placed, context, cut)
        notes = [found.note, *_of_how_many(graph, lines)]
        return GraphResult(graph, replace(ran, note=_together(notes)), cut, lines, total)
    sides = []
    for side in graph.compare:
        (line,), _ = _lines(replace(placed, compare=(), segments=side.among(graph.segments)), context, cut)
        sides.append(replace(line, label=context.glossary.segment_label(side.segment), compared=side))
    notes = [found.note, *(note for side in sides for note in _of_how_many(graph, [side], side.label))]
    return GraphResult(graph, replace(ran, note=_together(notes)), cut, tuple(sides), None)


def _together(sentences: Iterable[str]) -> str:
    return " ".join(filter(None, sentences))


def _of_how_many(graph: Graph, lines: Sequence[GraphLine], side: str = "") -> Iterator[str]:
    """ "2 of 5 events had a number.", of each series that has fewer numbers than events."""
    for place, series in enumerate(graph.series):
        own = [each for each in lines if each.series == place]
        numbers, events = sum(each.numbers for each in own), sum(each.events for each in own)
        if series.counts.is_of_numbers and numbers < events:
            name = side or (f"Series {LETTERS[place]}" if len(graph.series) > 1 else "")
            yield f"{name}: ".removeprefix(": ") + f"{numbers:,} of {counted(events, 'event')} had a number."


def _lines(graph: Graph, context: QueryContext, cut: tuple[Bucket, ...]) -> tuple[tuple[GraphLine, ...], Number | None]:
    """The lines of a graph without comparison, and its total."""
    if graph.by and len(graph.series) > 1 and len(cut) * (len(graph.series) + bool(graph.formula)) > MAX_BUCKETS:
        raise BadQuery("Several series in groups: take a longer unit, a shorter range or fewer series.", "unit")
    found = ask(graph.countings, graph.span, graph.unit, context, cut)
    groups = _groups(graph, {slot: key for each in found for slot, key in each.keys.items()}, found[0].how_many)
    begun = [not graph.cumulative or bucket.start <= context.now for bucket in cut]
    rows = [[each.numbers(group.slot, begun) for group in groups] for each in found]
    wholes = [each.whole for each in found]
    names = _names(graph, context.glossary)
    lines = [
        _line(names[number], group, each, number)
        for number, row in enumerate(rows)
        for group, each in zip(groups, row, strict=True)
    ]
    if not graph.formula:
        return tuple(lines), rounded(wholes[0]) if len(wholes) == 1 else None
    formula = Formula.parse(graph.formula)
    computed = [_computed(formula, [row[place] for row in rows]) for place in range(len(groups))]
    of_formula = [_line(formula.text, group, each, None) for group, each in zip(groups, computed, strict=True)]
    return (*of_formula, *lines), rounded(formula.compute(wholes))


# --- Lines -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GroupPlace:
    """A group of the answer, in its place by size; without grouping there is one, whose label is empty."""

    slot: int
    label: str = ""
    key: GroupKey | None = None
    groups: int = 1

    @property
    def is_other(self) -> bool:
        return self.slot == OTHER


def _groups(graph: Graph, keys: dict[int, Keys], how_many: int) -> list[GroupPlace]:
    if not graph.by:
        return [GroupPlace(0)]
    slots = []
    for slot in sorted(keys):
        key = tuple(decode_key(each) for each in keys[slot])
        label = " · ".join(group_label(by, value) for by, value in zip(graph.by, key, strict=True))
        slots.append(GroupPlace(slot, label, key))
    others = how_many - len(keys)
    return [*slots, GroupPlace(OTHER, rest_label(others), groups=others)] if others > 0 else slots


def _names(graph: Graph, glossary: Glossary) -> list[str]:
    """What the line of each series is called: letters only where a formula names them."""
    if len(graph.series) == 1 and not graph.formula:
        (series,) = graph.series
        if graph.by:
            return [""]
        return [series_words(series, glossary) if series.of else glossary.event_label(series.event)]
    names = []
    for letter, series in zip(LETTERS, graph.series, strict=False):
        where = f" where {group_words(series.where)}" if series.where else ""
        names.append((f"{letter}: " if graph.formula else "") + series_words(series, glossary) + where)
    return names


def _line(name: str, group: GroupPlace, numbers: Numbers, series: int | None) -> GraphLine:
    """Names of columns and lines say the series first, then the group."""
    events, have_number = (int(each or 0) for each in numbers.whole[:2])
    return GraphLine(
        " · ".join(filter(None, [name, group.label])),
        tuple(rounded(each) for each in numbers.values),
        rounded(numbers.total),
        key=group.key,
        is_other=group.is_other,
        group=group.label,
        groups=group.groups,
        series=series,
        events=events,
        numbers=have_number,
    )


def _computed(formula: Formula, operands: Sequence[Numbers]) -> Numbers:
    """The formula of each bucket, and of the totals."""
    buckets = zip(*(each.values for each in operands), strict=True)
    return Numbers([formula.compute(each) for each in buckets], formula.compute([each.total for each in operands]))
