"""From rows to the tree."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from analytics.kinds.paths.places import end_place, rest_place, step_place
from analytics.kinds.paths.question import Along, Direction, Node, Paths, PathsResult, Sort
from analytics.kinds.paths.sql import END, MOST_BRANCHES, paths_sql
from analytics.questions.conditions import Field, Source, read_value
from analytics.questions.results import Ran
from analytics.sql.context import QueryContext
from analytics.sql.time_counts import NO_VALUE, decode_key

OTHERS_LABEL = "everything else"
END_LABELS = {Direction.AFTER: "ended", Direction.BEFORE: "began"}
KIND_LABELS = {Along.CLICK: "Click: ", Along.CHANGE: "Change: ", Along.SUBMIT: "Submit: "}
NOTHING_LABELS = {"": "(empty)", None: "(none)"}
FIELDS = {Along.PAGEVIEW: "path", Along.CUSTOM: "name"}  # else the text of the element


def answer(paths: Paths, context: QueryContext) -> PathsResult:
    placed = context.placed(paths.span, None)
    start, end = placed.span.bounds(context.now, paths.scope.zone)
    statement = context.statement()
    rows = context.rows(statement, paths_sql(statement, paths, start, end))
    root = Node(
        context.glossary.event_label(paths.anchor.event),
        sum(int(row[-1]) for row in rows),
        branches=_branches(rows, (), paths),
        place=step_place(()),
    )
    return PathsResult(paths, Ran(context.now, start, end, note=placed.note), root)


def _branches(rows: Sequence[tuple[Any, ...]], above: tuple[str, ...], paths: Paths) -> tuple[Node, ...]:
    """The nodes below the node that the steps `above` lead to, from its rows (place_1, step_1, …, people)."""
    level = len(above)
    if level == paths.steps:
        return ()
    place, step = 2 * level, 2 * level + 1
    found: list[Node] = []
    shown: list[str] = []
    ordered = sorted(rows, key=lambda row: _order(row[place]))
    for (number, text), group in groupby(ordered, lambda row: row[place : step + 1]):
        below = list(group)
        people = sum(int(row[-1]) for row in below)
        if number == END:
            found.append(Node(END_LABELS[paths.direction], people, Sort.END, place=end_place(above)))
        elif number > MOST_BRANCHES:
            found.append(Node(OTHERS_LABEL, people, Sort.OTHERS, place=rest_place(above, shown)))
        else:
            shown.append(text)
            steps = (*above, text)
            found.append(
                Node(step_label(text), people, branches=_branches(below, steps, paths), place=step_place(steps))
            )
    return tuple(found)


def _order(place: int) -> int:
    """The end comes last."""
    return MOST_BRANCHES + 2 if place == END else place


def step_label(step: str) -> str:
    """A step as people read it: "/pricing", "Signed up", "Click: Buy now"."""
    kind = next(each for each in Along if step.startswith((f"{each}=", f"{each}{NO_VALUE}")))
    value = decode_key(step.removeprefix(kind))
    nothing = NOTHING_LABELS.get(value)
    if nothing:
        return f"{kind.capitalize()} {nothing}"
    field = Field(Source.EVENT, FIELDS.get(kind, "target_text"))
    return KIND_LABELS.get(kind, "") + read_value(field, value or "")
