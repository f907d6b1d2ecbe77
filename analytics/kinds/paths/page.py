"""The form, and the answer as a flow."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.safestring import SafeString

from analytics.charts.flow import FlowNode, flow_chart
from analytics.forms.choices import Choices
from analytics.forms.controls import Check, Select, plain
from analytics.forms.questions import ChecksMenu, QuestionForm, menus, select, span_controls, stray
from analytics.forms.rows import SelectionRow, group_rows, selection_row
from analytics.kinds.kind import AnswerView, KeyFigure, QueryKind, nothing_further
from analytics.kinds.paths.answer import answer
from analytics.kinds.paths.behind import behind
from analytics.kinds.paths.question import (
    ALONG,
    MOST_STEPS,
    PEOPLE,
    USUAL,
    USUAL_STEPS,
    WITHIN,
    Direction,
    Node,
    Paths,
    PathsResult,
    Sort,
    Within,
    clauses,
    details,
    read,
    words,
)
from analytics.questions.parameters import Reader
from analytics.questions.query import SESSION
from analytics.questions.results import Table, percent
from analytics.questions.words import duration_words
from common.charts.charts import share_bar
from common.charts.scales import full, percent_text
from common.counted import counted, noun

ROOT_COLOUR = "1"
TILE_ROWS = 7
DIRECTIONS = plain([(Direction.AFTER.value, "after it"), (Direction.BEFORE.value, "before it")])
STEPS = plain((str(number), counted(number, "step")) for number in range(1, MOST_STEPS + 1))
WINDOWS = plain((each.value, f"within {duration_words(span)}") for each, span in WITHIN.items())


@dataclass(frozen=True)
class PathsForm(QuestionForm):
    direction: Select
    anchor: SelectionRow
    steps: Select
    within: Select
    clean: Check


def form(raw: Reader, choices: Choices) -> PathsForm:
    return PathsForm(
        direction=select(raw, "direction", "Paths", DIRECTIONS, Direction.AFTER.value),
        anchor=selection_row(raw, "anchor", choices, "Event", default=str(SESSION)),
        steps=select(raw, "steps", "At most", STEPS, str(USUAL_STEPS)),
        within=select(raw, "within", "Time", WINDOWS, Within.DAY.value),
        clean=Check("clean", "1", "Numbers and ids in paths as *", bool(raw.text("clean"))),
        span=span_controls(raw, 30),
        where=group_rows(raw, "where", choices.all_fields),
        menus=(_along(raw), *menus(raw, choices, compare=False)),
        errors=stray(raw, "segment", "along"),
    )


def _along(raw: Reader) -> ChecksMenu:
    chosen = raw.all("along") or USUAL
    checks = (Check("along", each.value, label.capitalize(), each in chosen) for each, label in ALONG.items())
    return ChecksMenu("Steps", "What counts as a step", tuple(checks))


# --- The answer ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PathLine:
    """A whole path as a line of a short list: its steps without the event. `bar` is its share of all people."""

    name: str
    bar: SafeString
    people: str


@dataclass(frozen=True)
class PathsView(AnswerView):
    chart: SafeString
    most_frequent: tuple[PathLine, ...]
    table: Table
    direction: str
    within: str
    has_bounds: bool  # whether some steps are not told apart


def show(result: PathsResult, title: str) -> PathsView:
    paths, root = result.query, result.root
    return PathsView(
        result,
        headline=KeyFigure(full(root.people), noun(root.people, "person"), f"{PEOPLE}.{root.place}"),
        is_empty=not root.people,
        chart=flow_chart(
            _drawn(root, ROOT_COLOUR, root.people, root.people),
            paths.steps + 1,
            title,
            leads_to_root=paths.direction is Direction.BEFORE,
        ),
        most_frequent=tuple(
            PathLine(name, share_bar(percent(people, root.people) or 0, 0, ROOT_COLOUR), full(people))
            for name, people in _most_frequent(root, " → " if paths.direction is Direction.AFTER else " ← ")
        ),
        table=result.table(),
        direction=paths.direction.value,
        within=duration_words(WITHIN[paths.within]),
        has_bounds=any(each.sort is Sort.OTHERS for each in root.all()),
    )


def _most_frequent(root: Node, arrow: str) -> list[tuple[str, int]]:
    """The largest leaves, without those that are several paths together: the words of each path, and its people."""

    def leaves(node: Node, steps: tuple[str, ...]) -> Iterator[tuple[str, int]]:
        for branch in node.branches:
            if branch.branches:
                yield from leaves(branch, (*steps, branch.label))
            elif branch.sort is not Sort.OTHERS:
                yield arrow.join([*steps, branch.label]), branch.people

    return sorted(leaves(root, ()), key=lambda leaf: -leaf[1])[:TILE_ROWS]


def _drawn(node: Node, colour: str, of: int, everybody: int) -> FlowNode:
    """The node as the flow draws it. Each branch of the root has a colour, which is that of all that follows it."""
    number = f"{full(node.people)} · {percent_text(percent(node.people, everybody))}"
    tip = [
        " ".join(node.label.split()),
        f"People: {full(node.people)}",
        f"Of the step before: {percent_text(percent(node.people, of))}",
        f"Of all people: {percent_text(percent(node.people, everybody))}",
    ]
    branches = tuple(
        _drawn(
            branch,
            "other" if branch.sort is not Sort.STEP else str(place) if colour == ROOT_COLOUR else colour,
            node.people,
            everybody,
        )
        for place, branch in enumerate(node.branches, 2)
    )
    return FlowNode(
        node.label,
        number,
        node.people,
        colour,
        "\n".join(tip),
        is_faint=node.sort is Sort.END,
        branches=branches,
        at=f"{PEOPLE}.{node.place}",
    )


PATHS = QueryKind(
    query=Paths,
    label="Paths",
    prompt=None,
    read=read,
    answer=answer,
    further=nothing_further,
    words=words,
    details=details,
    clauses=clauses,
    form=form,
    show=show,
    behind=behind,
)
