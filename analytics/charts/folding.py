"""Which lines of a chart are drawn, and which are everything else."""

from collections.abc import Sequence

from analytics.questions.group_labels import rest_label
from common.charts.plots import MAX_SERIES, Line, Value


def fold(lines: Sequence[Line], additive: bool) -> tuple[list[Line], int]:
    """At most MAX_SERIES lines and everything else, and how many lines are not drawn.

    Only `additive` values (events, not people) are added up as everything else. Lines that are not drawn are in the
    table.
    """
    named = [each for each in lines if not each.is_other]
    others = [each for each in lines if each.is_other]
    shown, hidden = named[:MAX_SERIES], named[MAX_SERIES:]
    if not hidden:
        return [*shown, *others], 0
    if not additive:
        return shown, len(hidden) + len(others)
    folded = [*hidden, *others]
    groups = sum(each.groups for each in folded)
    return [*shown, Line(rest_label(groups), _sums(folded), is_other=True, groups=groups)], 0


def _sums(lines: Sequence[Line]) -> tuple[Value, ...]:
    return tuple(sum(value or 0 for value in values) for values in zip(*(each.values for each in lines), strict=True))
