"""What is asked, and the shape of the answer: a tree whose root is the event."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from analytics.definitions.glossary import Glossary
from analytics.definitions.words import selection_label, selection_words
from analytics.questions.conditions import BadQuery
from analytics.questions.parameters import Reader, need, write_common, write_selection
from analytics.questions.query import LAST_30_DAYS, SESSION, EventReference, Query, Scope, Selection
from analytics.questions.results import Cell, Column, Result, Shown, Table, percent
from analytics.questions.spans import Span
from analytics.questions.words import duration_words, span_words
from common.counted import counted

MOST_STEPS = 5
USUAL_STEPS = 3  # 218 nodes at most; each step more has five times as many


class Direction(StrEnum):
    AFTER = "after"
    BEFORE = "before"


class Along(StrEnum):
    """Kinds of events that are steps, and what two of them have in common if they are the same step."""

    PAGEVIEW = "pageview"
    CUSTOM = "custom"
    CLICK = "click"
    CHANGE = "change"
    SUBMIT = "submit"


ALONG = {
    Along.PAGEVIEW: "pageviews by path",
    Along.CUSTOM: "custom events by name",
    Along.CLICK: "clicks by text",
    Along.CHANGE: "changes by text",
    Along.SUBMIT: "submits by text",
}
USUAL = (Along.PAGEVIEW, Along.CUSTOM)


class Within(StrEnum):
    HALF_HOUR = "30m"
    HOUR = "1h"
    DAY = "1d"
    WEEK = "7d"
    MONTH = "30d"


WITHIN = {
    Within.HALF_HOUR: timedelta(minutes=30),
    Within.HOUR: timedelta(hours=1),
    Within.DAY: timedelta(days=1),
    Within.WEEK: timedelta(days=7),
    Within.MONTH: timedelta(days=30),
}


@dataclass(frozen=True)
class Paths(Query["PathsResult"]):
    """What people did after their first such event in the span, or before it: at most `steps` steps.

    Steps are events of the kinds `along`, at most `within` away, and may be outside the span. A step that is done
    several times in a row counts once. A session comes before its first event, which is the first step.
    """

    kind: ClassVar[str] = "paths"

    anchor: Selection
    direction: Direction = Direction.AFTER
    along: tuple[Along, ...] = USUAL
    steps: int = USUAL_STEPS
    within: Within = Within.DAY
    clean: bool = False  # numbers and ids in paths are the same: /orders/*/thanks
    span: Span = LAST_30_DAYS

    def __post_init__(self) -> None:
        super().__post_init__()
        self.span.check(None)
        if not self.along:
            raise BadQuery("Choose what counts as a step.", "along")
        if not 1 <= self.steps <= MOST_STEPS:
            raise BadQuery(f"A path has 1 to {MOST_STEPS} steps.", "steps")

    def parameters(self) -> Iterator[tuple[str, str]]:
        yield "direction", self.direction.value
        yield from write_selection(self.anchor, "anchor")
        yield from (("along", each.value) for each in self.along)
        yield "steps", str(self.steps)
        yield "within", self.within.value
        if self.clean:
            yield "clean", "1"
        yield from write_common(self, self.span)

    def events(self) -> Iterable[EventReference]:
        return [self.anchor.event]

    def named_segments(self) -> Iterable[UUID]:
        return self.segments

    def range_words(self) -> str:
        return span_words(self.span)


def read(reader: Reader, scope: Scope) -> Paths:
    chosen = set(reader.all("along")) or set(USUAL)
    if not chosen <= set(Along):
        reader.wrong("along", "Choose what counts as a step.")
    return Paths(
        scope,
        anchor=need(reader.selection("anchor", SESSION)),
        direction=reader.choice("direction", Direction, Direction.AFTER),
        along=tuple(each for each in Along if each in chosen) or USUAL,
        steps=reader.integer("steps", USUAL_STEPS),
        within=reader.choice("within", Within, Within.DAY),
        clean=bool(reader.text("clean")),
        span=reader.span(30),
        where=reader.group(),
        segments=reader.lineages("segment"),
    )


def words(paths: Paths, glossary: Glossary) -> str:
    """ "Paths after Signed up"."""
    return f"Paths {paths.direction} {glossary.event_label(paths.anchor.event)}"


def details(paths: Paths, glossary: Glossary) -> Iterator[str]:
    if paths.anchor.where:
        yield f"{paths.direction.capitalize()} {selection_words(paths.anchor, glossary)}"
    yield from _bounds(paths)


def clauses(paths: Paths, glossary: Glossary) -> Iterator[str]:
    """ "Paths after Signed up (plan is gold)", "Along pageviews by path", "Within 1 day, at most 3 steps"."""
    yield f"Paths {paths.direction} {selection_label(paths.anchor, glossary)}"
    yield from _bounds(paths)


def _bounds(paths: Paths) -> Iterator[str]:
    yield f"Along {' and '.join(ALONG[each] for each in paths.along)}"
    yield f"Within {duration_words(WITHIN[paths.within])}, at most {counted(paths.steps, 'step')}"
    if paths.clean:
        yield "With * for numbers and ids in paths"


# --- The answer ------------------------------------------------------------------------------------------------------


PEOPLE = "people"


class Sort(StrEnum):
    STEP = "step"
    OTHERS = "others"  # all steps that are not among the largest; nothing follows it
    END = "end"  # no step more within the time


@dataclass(frozen=True)
class Node:
    """A step, and how many `people` came along the whole path from the root to it. Its branches add up to them.

    A node of the last step has no branches. Branches are in order of size, others and the end last. `place` is where
    its people stand (behind.py), without what is counted.
    """

    label: str
    people: int
    sort: Sort = Sort.STEP
    branches: tuple["Node", ...] = ()
    place: str = field(default="", compare=False)

    def all(self) -> Iterator["Node"]:
        """Itself and all that follows, in the order of the table."""
        yield self
        for branch in self.branches:
            yield from branch.all()


@dataclass(frozen=True)
class PathsResult(Result):
    query: Paths
    root: Node  # the event itself

    def table(self) -> Table:
        """A row for each node, with all steps that lead to it."""
        steps = (f"Step {number}" for number in range(1, self.query.steps + 1))
        begin = "Start" if self.query.direction is Direction.AFTER else "End"
        columns = (
            *(Column(name, Shown.TEXT) for name in (begin, *steps)),
            Column("People", behind=PEOPLE),
            Column("Of the step before", Shown.PERCENT),
            Column("Of all people", Shown.PERCENT),
        )
        places = tuple(node.place for node in self.root.all())
        return Table(columns, tuple(self._rows(self.root, (), self.root.people)), behind=places)

    def _rows(self, node: Node, above: tuple[str, ...], of: int) -> Iterator[tuple[Cell, ...]]:
        labels = (*above, node.label)
        rest = ("",) * (self.query.steps + 1 - len(labels))
        yield *labels, *rest, node.people, percent(node.people, of), percent(node.people, self.root.people)
        for branch in node.branches:
            yield from self._rows(branch, labels, node.people)
