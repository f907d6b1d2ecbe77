"""The answer to a graph: its lines, and those of the range that it is compared with."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from analytics.definitions.glossary import Glossary
from analytics.kinds.graph.counting import Found, Numbers, ask
from analytics.kinds.graph.formula import LETTERS, Formula, Unrounded
from analytics.kinds.graph.measures import rounded
from analytics.kinds.graph.question import Graph, GraphLine, GraphResult, GroupKey, LineBefore
from analytics.kinds.graph.words import series_words
from analytics.questions.before import Earlier
from analytics.questions.conditions import BadQuery
from analytics.questions.group_labels import group_label, rest_label
from analytics.questions.results import Number, Ran
from analytics.questions.spans import MAX_BUCKETS, Bucket, Unit
from analytics.questions.words import group_words
from analytics.sql.context import QueryContext
from analytics.sql.time_counts import OTHER, Keys, decode_key
from common.counted import counted


def answer(graph: Graph, context: QueryContext) -> GraphResult:
    found = context.placed(graph.span, graph.unit)
    earlier = context.earlier(graph.before, graph.span, found, graph.unit) if graph.before else None
    cut = found.buckets
    ran = Ran(context.now, cut[0].start, cut[-1].end)
    placed = replace(graph, span=found.span)
    of_range = [found.note, earlier.note if earlier else ""]
    if not graph.compare:
        lines, total, total_before = _lines(placed, context, cut, earlier)
        notes = [*of_range, *_of_how_many(graph, lines)]
        return GraphResult(graph, replace(ran, note=_together(notes)), cut, lines, total, total_before, earlier)
    sides = []
    for side in graph.compare:
        of_side = replace(placed, compare=(), segments=side.among(graph.segments))
        (line,), *_ = _lines(of_side, context, cut, earlier)
        sides.append(replace(line, label=context.glossary.segment_label(side.segment), compared=side))
    notes = [*of_range, *(note for side in sides for note in _of_how_many(graph, [side], side.label))]
    return GraphResult(graph, replace(ran, note=_together(notes)), cut, tuple(sides), None, None, earlier)


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


def _lines(
    graph: Graph, context: QueryContext, cut: tuple[Bucket, ...], earlier: Earlier | None
) -> tuple[tuple[GraphLine, ...], Number | None, Number | None]:
    """The lines of a graph of one side, its total, and that of the same part of the earlier range."""
    _check_size(graph, len(cut), len(earlier.pairs) if earlier else 0)
    found = ask(graph.countings, graph.span, graph.unit, context, cut)
    shown = {slot: key for each in found for slot, key in each.keys.items()}
    groups = _groups(graph, shown, found[0].how_many)
    numbers = _numbers(graph, found, groups, _begun(graph, context, cut))
    names = _names(graph, context.glossary)
    lines = [
        _line(name, group, each, number)
        for (number, name), row in zip(names, numbers.rows, strict=True)
        for group, each in zip(groups, row, strict=True)
    ]
    if earlier is None:
        return tuple(lines), rounded(numbers.total), None
    keys = [shown[slot] for slot in sorted(shown)] if graph.by else None
    before, total_before = _before(graph, context, earlier, groups, keys)
    compared = (replace(line, before=each) for line, each in zip(lines, before, strict=True))
    return tuple(compared), rounded(numbers.total), rounded(total_before)


def _check_size(graph: Graph, buckets: int, pairs: int) -> None:
    """Raise BadQuery where the lines of groups would be too many numbers."""
    rows = len(graph.series) + bool(graph.formula)
    if graph.by and len(graph.series) > 1 and buckets * rows > MAX_BUCKETS:
        raise BadQuery("Several series in groups: take a longer unit, a shorter range or fewer series.", "unit")
    if graph.by and pairs * 2 * rows > MAX_BUCKETS:
        raise BadQuery("Groups compared with before: take a longer unit, a shorter range or fewer series.", "before")


def _begun(graph: Graph, context: QueryContext, cut: Sequence[Bucket]) -> list[bool]:
    """Of which buckets there is something to tell: what is counted since the start has no future."""
    return [not graph.cumulative or bucket.start <= context.now for bucket in cut]


@dataclass(frozen=True)
class LineNumbers:
    """Numbers of each group, by series, those of the formula first; and the total, if there is one."""

    rows: list[list[Numbers]]
    total: Unrounded


def _numbers(
    graph: Graph, found: Sequence[Found], groups: Sequence["GroupPlace"], begun: Sequence[bool]
) -> LineNumbers:
    rows = [[each.numbers(group.slot, begun) for group in groups] for each in found]
    wholes = [each.whole for each in found]
    if not graph.formula:
        return LineNumbers(rows, wholes[0] if len(wholes) == 1 else None)
    formula = Formula.parse(graph.formula)
    computed = [_computed(formula, [row[place] for row in rows]) for place in range(len(groups))]
    return LineNumbers([computed, *rows], formula.compute(wholes))


def _before(
    graph: Graph,
    context: QueryContext,
    earlier: Earlier,
    groups: Sequence["GroupPlace"],
    keys: Sequence[Keys] | None,
) -> tuple[list[LineBefore], Unrounded]:
    """What each line had in the earlier range, and all together in the same part of it. Groups are those of today."""
    if not groups:  # nothing is there today; the total before is that of everything
        graph, keys = replace(graph, by=()), None
    whole = _asked_before(graph, context, earlier, earlier.buckets, groups, keys)
    part = whole
    if earlier.is_part:
        of_part = replace(context, until=earlier.until)
        graph = graph if graph.unit is not Unit.HOUR else replace(graph, unit=Unit.DAY)
        cut = of_part.cut(earlier.span, graph.unit) if earlier.part else ()
        part = _asked_before(graph, of_part, earlier, cut, groups, keys)
    lines = [
        LineBefore(tuple(rounded(value) for value in each.values), rounded(each.total), rounded(same.total))
        for row, same_row in zip(whole.rows, part.rows, strict=True)
        for each, same in zip(row, same_row, strict=True)
    ]
    return lines, part.total


def _asked_before(
    graph: Graph,
    context: QueryContext,
    earlier: Earlier,
    cut: Sequence[Bucket],
    groups: Sequence["GroupPlace"],
    keys: Sequence[Keys] | None,
) -> LineNumbers:
    found = ask(graph.countings, earlier.span, graph.unit, context, cut, keys)
    return _numbers(graph, found, groups, _begun(graph, context, cut))


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


def _names(graph: Graph, glossary: Glossary) -> list[tuple[int | None, str]]:
    """The number and the name of each row of lines: the formula, which is no series, and the series."""
    names: list[tuple[int | None, str]] = [*enumerate(_series_names(graph, glossary))]
    return [(None, Formula.parse(graph.formula).text), *names] if graph.formula else names


def _series_names(graph: Graph, glossary: Glossary) -> list[str]:
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
