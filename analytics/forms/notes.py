"""What a note must be: by the form, and as programs send it."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError

from analytics.models import MAX_NOTE, Note
from analytics.questions.spans import EARLIEST, LATEST
from common.names import NameField

SEEN = {"invisible": "A note needs something that can be seen."}


def note_field() -> NameField:
    """The text, in one line."""
    words = {"required": "Say what happened."} | SEEN
    box = forms.Textarea(attrs={"rows": 3})
    return NameField(label="What happened", max_length=MAX_NOTE, widget=box, error_messages=words)


def in_calendar(day: date) -> None:
    if not EARLIEST <= day <= LATEST:
        raise ValidationError(f"The day must be between {EARLIEST.year} and {LATEST.year}.")


class NoteForm(forms.Form):
    """A day, and a time of it by the clocks of `zone` if it was a moment. `note` is the one that is changed.

    The valid form has `at` and `is_day` as `Note` stores them.
    """

    day = forms.DateField(
        label="Day",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "min": str(EARLIEST), "max": str(LATEST)}),
        input_formats=["%Y-%m-%d"],
        validators=[in_calendar],
        error_messages={"invalid": "Give the day as 2026-03-14.", "required": "Give the day."},
    )
    time = forms.TimeField(
        label="Time",
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        input_formats=["%H:%M", "%H:%M:%S"],
        error_messages={"invalid": "Give the time as 14:05, or leave it empty."},
    )
    text = note_field()

    def __init__(self, *args: Any, zone: ZoneInfo, note: Note | None = None, **kwargs: Any) -> None:
        self.zone, self.note = zone, note
        if note:
            kwargs["initial"] = self._typed(note) | {"text": note.text}
        super().__init__(*args, **kwargs)
        self.fields["time"].help_text = f"Leave it empty if it is about the whole day. Times in {zone.key}."

    def _typed(self, note: Note) -> dict[str, Any]:
        """The day and the time that stand for the note's in the form."""
        local = note.at.astimezone(UTC if note.is_day else self.zone)
        return {"day": local.date(), "time": None if note.is_day else local.time().replace(second=0, microsecond=0)}

    def clean(self) -> None:
        day, at = self.cleaned_data.get("day"), self.cleaned_data.get("time")
        if day is None or self.errors:
            return
        if self.note and self._typed(self.note) == {"day": day, "time": at}:
            self.is_day, self.at = self.note.is_day, self.note.at  # its seconds, and which of two hours, stay
            return
        self.is_day = at is None
        local = datetime.combine(day, at or time(), UTC if self.is_day else self.zone)
        self.at = local.astimezone(UTC)
        if self.at.astimezone(local.tzinfo).replace(fold=0) != local:
            self.add_error("time", f"Clocks in {self.zone.key} skip this time on that day.")


class ProgramsNoteForm(forms.Form):
    """A note as programs send it: `day`, or `at` with its offset (UTC without one), or neither for now."""

    text = note_field()
    day = forms.DateField(
        required=False,
        input_formats=["%Y-%m-%d"],
        validators=[in_calendar],
        error_messages={"invalid": "must look like 2026-03-14."},
    )
    at = forms.DateTimeField(
        required=False,
        input_formats=[],
        validators=[lambda moment: in_calendar(moment.date())],
        error_messages={"invalid": "must look like 2026-03-14T15:09:26Z."},
    )

    def clean(self) -> None:
        if self.cleaned_data.get("day") and self.cleaned_data.get("at"):
            self.add_error("day", "Give day or at, not both.")

    def when(self, now: datetime) -> tuple[datetime, bool]:
        """`at` and `is_day` of a valid form as `Note` stores them."""
        day: date | None = self.cleaned_data["day"]
        if day:
            return datetime.combine(day, time(), UTC), True
        at: datetime | None = self.cleaned_data["at"]
        return (at.astimezone(UTC) if at else now), False
