"""The form of a new shared link."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from analytics.dashboards.kept import dashboards
from analytics.models import Report
from analytics.questions.spans import LATEST
from analytics.shared_links.password import MOST_CHARACTERS
from common.local_days import midnight
from common.names import NameField
from projects.models import Environment


class SharedLinkForm(forms.Form):
    """A valid form has `noun`, `lineage` and `shown`, the name of what it shows, and `expires_at`."""

    what = forms.ChoiceField(
        label="What it shows",
        help_text="Always as it is at the moment: with its own range and filters, and with what is changed later.",
        error_messages={"invalid_choice": "Choose one that is there.", "required": "Choose what it shows."},
    )
    name = NameField(
        label="For whom", max_length=100, help_text="So that teammates know. Whoever opens the link does not see it."
    )
    expires_on = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": "Give the day as 2026-03-14."},
    )
    password = forms.CharField(
        label="Password",
        required=False,
        strip=False,
        max_length=MOST_CHARACTERS,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Leave it empty if the link alone is enough. It is not shown again, so tell it to them now.",
    )
    shows_people = forms.BooleanField(
        label="Show who people are",
        required=False,
        help_text="Lists of people, their properties, and e-mail addresses in answers. Without it, what has these says "
        "that it is not shown.",
    )
    shows_notes = forms.BooleanField(
        label="Show the notes on charts", required=False, help_text="With their texts, on the chart of a report."
    )

    def __init__(self, *args: Any, environment: Environment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._zone = ZoneInfo(environment.project.time_zone)
        today = timezone.now().astimezone(self._zone).date()
        expires_on, what = self.fields["expires_on"], self.fields["what"]
        expires_on.help_text = f"It works until the end of this day in {self._zone.key}. Empty: until somebody ends it."
        expires_on.widget.attrs |= {"min": str(today), "max": str(LATEST)}
        self._today = today
        assert isinstance(what, forms.ChoiceField)
        reports = Report.objects.filter(environment=environment).order_by("name", "pk").values_list("lineage", "name")
        kept = {
            "dashboard": [(each.lineage, each.name) for each in dashboards(environment)],
            "report": list(reports),
        }
        self._names = {f"{noun}:{lineage}": name for noun, rows in kept.items() for lineage, name in rows}
        what.choices = [
            (f"{noun.capitalize()}s", [(f"{noun}:{lineage}", name) for lineage, name in rows])
            for noun, rows in kept.items()
            if rows
        ]

    def clean_expires_on(self) -> date | None:
        day: date | None = self.cleaned_data["expires_on"]
        if day and not self._today <= day < LATEST:
            raise ValidationError("The last day is today, or a day to come.")
        return day

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if password:
            validate_password(password)
        return password

    @property
    def chosen(self) -> dict[str, Any]:
        """What `actions.create_link` takes."""
        cleaned = self.cleaned_data
        noun, _, lineage = cleaned["what"].partition(":")
        day: date | None = cleaned["expires_on"]
        expires_at: datetime | None = midnight(day + timedelta(days=1), self._zone) if day else None
        return {
            "noun": noun,
            "lineage": UUID(lineage),
            "shown": self._names[cleaned["what"]],
            "expires_at": expires_at,
            **{name: cleaned[name] for name in ("name", "password", "shows_people", "shows_notes")},
        }
