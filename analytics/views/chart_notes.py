"""The notes that the charts of a page mark, and the way to a new one from there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.safestring import SafeString

from analytics.charts.notes import Happened, marks_of_answer, marks_of_tile
from analytics.environments.notes import notes_between, times_of_notes
from analytics.kinds.buckets import TimeAxis
from analytics.kinds.kind import AnswerView
from analytics.questions.spans import Unit
from projects.models import Environment


@dataclass(frozen=True)
class ChartNotes:
    """What a page shows of the notes on its chart.

    `more`: how many earlier ones are not shown. `add_url` leads to the form, filled with the chart's last moment;
    `add_at` has what to fill in for each bucket, in order ("2026-03-14" or "2026-03-14T15:00", "-" for none).
    """

    marks: SafeString
    shown: tuple[Happened, ...]
    more: int
    add_url: str
    add_at: str


def notes_of_answer(environment: Environment, answer: AnswerView | None, link: str) -> ChartNotes | None:
    """None if the answer has no chart over time. `link` is the page's own URL with its question. One statement."""
    axis = _axis(answer)
    if answer is None or axis is None:
        return None
    own = [bucket for bucket in axis.buckets if bucket]
    zone = ZoneInfo(environment.project.time_zone)
    found, count = notes_between(environment.pk, own[0].start, own[-1].end, zone)
    shown = [
        Happened(note.begins(zone), number, note.when(zone), note.text, f"note-{note.pk}")
        for number, note in enumerate(found, 1)
    ]
    last = min(answer.result.ran.as_of, own[-1].end - timedelta(microseconds=1))
    filled = _filled(max(last, own[0].start), axis.unit, zone)
    query = urlencode([*zip(("day", "time"), filled.split("T"), strict=False), ("back", link)])
    return ChartNotes(
        marks_of_answer(axis.buckets, shown),
        tuple(shown),
        count - len(shown),
        f"{reverse('analytics:note_add', args=[environment.app_id])}?{query}",
        " ".join(_filled(bucket.start, axis.unit, zone) if bucket else "-" for bucket in axis.buckets),
    )


def _filled(moment: datetime, unit: Unit, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%dT%H:00}" if unit is Unit.HOUR else f"{local:%Y-%m-%d}"


def _axis(answer: AnswerView | None) -> TimeAxis | None:
    axis = answer.time_axis if answer and not answer.is_empty else None
    return axis if axis and any(axis.buckets) else None


class TileNotes:
    """The marks on tiles of an environment, of which a page may have many: one statement for all of them, or none if
    no tile has a chart over time."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    @cached_property
    def _notes(self) -> list[Happened]:
        zone = ZoneInfo(self._environment.project.time_zone)
        found = times_of_notes(self._environment)
        return sorted((Happened(note.begins(zone)) for note in found), key=lambda note: note.at)

    def marks(self, answer: AnswerView | None) -> SafeString:
        """Empty without any, or without a chart over time."""
        axis = _axis(answer)
        return marks_of_tile(axis.buckets, self._notes) if axis else SafeString("")
