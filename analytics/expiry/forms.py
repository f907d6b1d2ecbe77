"""The form for how long events are kept: one field for the project, and one for each of its environments."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.safestring import mark_safe

from accounts.forms import ChangesForm
from common.counted import counted
from projects.keeping import MOST_MONTHS
from projects.models import Project


def in_months(months: int) -> str:
    """ "for ever", "1 month", "13 months"."""
    return counted(months, "month") if months else "for ever"


class MonthsField(forms.IntegerField):
    """So many whole months; empty for what is said above it."""

    def __init__(self, label: str, otherwise: str, initial: int | None) -> None:
        super().__init__(label=label, required=False, min_value=1, max_value=MOST_MONTHS, initial=initial)
        self.widget.attrs |= {"placeholder": otherwise}


class MonthsKeptForm(ChangesForm, forms.Form):
    """For how many months events are kept."""

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = settings.EVENTS_MONTHS
        self.fields["project"] = MonthsField(
            "In all environments",
            f"as the installation: {in_months(most)}" if most else "for ever",
            project.months_kept,
        )
        for each in project.environments.live().order_by("-is_production", "name"):
            self.fields[f"environment_{each.pk}"] = MonthsField(each.name, "as the project", each.months_kept)
        for field in self.fields.values():
            field.show_hidden_initial = True

    def hidden(self) -> str:
        """Everything that was sent, to be sent again with a confirmation."""
        fields = [self[name] for name in self.fields]
        return mark_safe("".join(each.as_hidden() + each.as_hidden(only_initial=True) for each in fields))  # noqa: S308  escaped by each

    @property
    def months(self) -> dict[int | None, int | None]:
        """What was changed, by environment id; None stands for the project."""
        return {
            None if name == "project" else int(name.removeprefix("environment_")): value
            for name, value in self.changes.items()
        }
