"""The marks of notes under the time axis of a chart: one for each bucket that has some, those too near put together."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from analytics.charts import svg
from analytics.charts.plots import center
from analytics.questions.spans import Bucket
from common.counted import counted

NEAREST = 2.5  # percent of the axis between two marks: 25 pixels of 1,000
HEIGHT = 24  # pixels, which is the smallest side of anything to press
WIDTHS = {1: 20, 2: 26, 3: 32}  # pixels, by characters


@dataclass(frozen=True)
class Happened:
    """A note as a chart needs it. `at` places it; `when` and `text` are read; `anchor` is where the page lists it."""

    at: datetime
    number: int = 0
    when: str = ""
    text: str = ""
    anchor: str = ""


@dataclass
class Mark:
    """Notes that share a mark, in percent of the axis."""

    x: float
    notes: list[Happened]


def placed_marks(buckets: Sequence[Bucket | None], notes: Sequence[Happened]) -> list[Mark]:
    """The marks from left to right. Notes outside of all buckets have none. `notes` are in order."""
    own = [(bucket, place) for place, bucket in enumerate(buckets) if bucket]
    starts = [bucket.start for bucket, _ in own]
    marks: list[Mark] = []
    for note in notes:
        at = bisect_right(starts, note.at) - 1
        if at < 0 or note.at >= own[at][0].end:
            continue
        x = center(own[at][1], len(buckets))
        if marks and x - marks[-1].x < NEAREST:
            marks[-1].notes.append(note)
        else:
            marks.append(Mark(x, [note]))
    return marks


def marks_of_answer(buckets: Sequence[Bucket | None], notes: Sequence[Happened]) -> SafeString:
    """Links to the notes in the list under the chart, each with its number or how many they are; empty without any.

    Each has a title with the notes, which analytics-charts.js shows as a tip. A faint line goes up into the plot.
    """
    return _strip(
        [_link(mark) for mark in placed_marks(buckets, notes)], role="group", aria_label="Notes on this chart"
    )


def marks_of_tile(buckets: Sequence[Bucket | None], notes: Sequence[Happened]) -> SafeString:
    """Small marks without texts, which say how many notes there are; empty without any."""
    marks = placed_marks(buckets, notes)
    number = counted(sum(len(mark.notes) for mark in marks), "note")
    return _strip([_dot(mark) for mark in marks], role="img", aria_label=f"{number} on this chart")


def _strip(marks: Sequence[SafeString], **attributes: str) -> SafeString:
    return svg.element("svg", *marks, class_="chart__marks", **attributes) if marks else SafeString("")


def _link(mark: Mark) -> SafeString:
    notes = mark.notes
    label = f"×{len(notes)}" if len(notes) > 1 else str(notes[0].number)
    width = WIDTHS[len(label)]
    days = dict.fromkeys(note.when for note in notes)
    if len(notes) == 1:
        name, title = f"Note {label}, {notes[0].when}", f"{notes[0].when}\n{notes[0].text}"
    else:
        name = f"{len(notes)} notes, {next(iter(days))}" + (f" to {notes[-1].when}" if len(days) > 1 else "")
        title = "\n".join([f"{len(notes)} notes", *(f"{note.number} · {note.when}: {note.text}" for note in notes)])
    return _at(
        mark.x,
        svg.element("rect", class_="chart__mark-line", x=-0.5, width=1),
        svg.element(
            "a",
            svg.element("title", title),
            svg.element("rect", class_="chart__mark-edge", x=-width / 2, y=2, width=width, height=20, rx=10),
            svg.element("text", label, y=16, text_anchor="middle"),
            href=f"#{notes[0].anchor}",
            class_="chart__mark",
            aria_label=name,
        ),
    )


def _dot(mark: Mark) -> SafeString:
    """A triangle that points to its place on the axis."""
    title = counted(len(mark.notes), "note")
    return _at(
        mark.x, svg.element("path", svg.element("title", title), d="M0 1 L6 11 L-6 11 Z", class_="chart__mark-dot")
    )


def _at(x: float, *children: SafeString) -> SafeString:
    """Children in pixels around a place on the axis."""
    return svg.element("svg", *children, x=svg.percent(x), overflow="visible")
