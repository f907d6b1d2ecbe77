"""The notes on the time axis of an environment: making, changing and deleting them, and those of a span.

They are about this environment alone, as its data is: copying an environment, or carrying things over, leaves them.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, Q, QuerySet, Window
from django.utils import timezone

from accounts.models import User
from analytics import actions
from analytics.models import Note
from common.local_days import midnight
from projects.models import ApiKey, Environment

MOST_ON_CHARTS = 1_000  # in an environment
MOST_SHOWN = 50  # on a chart


class NoRoomForNotes(Exception):
    """The environment has MOST_ON_CHARTS already."""


@transaction.atomic
def add_note(
    *, environment: Environment, at: datetime, is_day: bool, text: str, by: User | None, key: ApiKey | None = None
) -> tuple[Note, bool]:
    """The note, and whether it is new: the same text at the same time is there only once, so a retry adds nothing.

    `at` and `is_day` as `Note` stores them. `by` is the person, or else `key` the program's. Raises NoRoomForNotes.
    """
    Environment.objects.select_for_update(no_key=True).get(pk=environment.pk)  # those who add take turns
    notes = Note.objects.filter(environment=environment)
    if (there := notes.filter(at=at, is_day=is_day, text=text).first()) is not None:
        return there, False
    if notes.count() >= MOST_ON_CHARTS:
        raise NoRoomForNotes
    program = f"API key {key.name}" if key else ""
    added = Note.objects.create(
        environment=environment, at=at, is_day=is_day, text=text, program=program, created_by=by, changed_by=by
    )
    _record(added, by, "note.create", program=program)
    return added, True


@transaction.atomic
def change_note(*, note: Note, at: datetime, is_day: bool, text: str, by: User) -> bool:
    """Change when it was and what it says. False if another person deleted it meanwhile."""
    now = timezone.now()
    same = Note.objects.filter(environment=note.environment, pk=note.pk)
    if not same.update(at=at, is_day=is_day, text=text, changed_by=by, changed_at=now):
        return False
    before = {"before": note.text} if note.text != text else {}
    note.at, note.is_day, note.text = at, is_day, text
    _record(note, by, "note.change", before)
    return True


@transaction.atomic
def delete_note(*, note: Note, by: User) -> None:
    """If another person deleted it meanwhile, nothing changes."""
    if Note.objects.filter(environment=note.environment, pk=note.pk).delete()[0]:
        _record(note, by, "note.delete")


def _record(note: Note, by: User | None, verb: str, details: dict[str, Any] | None = None, program: str = "") -> None:
    when = {"when": note.when(ZoneInfo(note.environment.project.time_zone))}
    actions.note(note.environment, by, verb, note.text, when | (details or {}), program)


def notes_between(environment_id: int, start: datetime, end: datetime, zone: ZoneInfo) -> tuple[list[Note], int]:
    """The notes from `start` (included) to `end` (not included), the last MOST_SHOWN of them in order; how many in all.

    A day is where it begins in this time zone. One statement.
    """
    found = Note.objects.filter(
        Q(is_day=False, at__gte=start, at__lt=end)
        | Q(is_day=True, at__gte=_first_day(start, zone), at__lt=_first_day(end, zone)),
        environment_id=environment_id,
    )
    last = list(found.annotate(count=Window(Count("*"))).order_by("-at", "-pk")[:MOST_SHOWN])
    count: int = last[0].count if last else 0
    return sorted(last, key=lambda note: (note.begins(zone), note.pk)), count


def _first_day(moment: datetime, zone: ZoneInfo) -> datetime:
    """The first day that begins at this moment or later, as notes have it."""
    day = moment.astimezone(zone).date()
    if midnight(day, zone) < moment:
        day += timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def listed_notes(environment: Environment) -> QuerySet[Note]:
    """All of them, the newest first."""
    return Note.objects.filter(environment=environment).select_related("created_by").order_by("-at", "-pk")


def times_of_notes(environment: Environment) -> list[Note]:
    """When all of them are, without their texts, in no order: as tiles of any spans need them. One statement."""
    return list(Note.objects.filter(environment=environment).only("at", "is_day"))
