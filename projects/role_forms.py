"""The form that chooses the access of a person in each of some projects."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from accounts.forms import ChangesForm
from accounts.models import Access
from projects.models import Project

MOST_PROJECTS = 50  # in one form
NO_ACCESS = "no access"
NONE = "none"  # as it is sent; '' would be nothing sent
CHOICES = [(NONE, NO_ACCESS), *Access.choices]


class RolesForm(ChangesForm, forms.Form):
    """One choice for each of `projects`, at first of `roles`, or of `usual` where nothing is chosen yet.

    Both are as ProjectRole stores them: one of Access, or '' for no access.
    """

    def __init__(
        self,
        data: Any = None,
        *,
        projects: Sequence[Project],
        usual: str,
        roles: Mapping[int, str] | None = None,
    ) -> None:
        super().__init__(data)
        self.projects = {f"project-{each.pk}": each for each in projects}
        for name, project in self.projects.items():
            now = (roles or {}).get(project.pk, usual)
            self.fields[name] = forms.ChoiceField(
                label=project.name,
                choices=CHOICES,
                widget=forms.RadioSelect,
                initial=now or NONE,
                show_hidden_initial=True,
                required=False,  # where nothing is sent, nothing changes
            )

    @property
    def rows(self) -> list[tuple[Project, forms.BoundField]]:
        return [(project, self[name]) for name, project in self.projects.items()]

    @property
    def chosen(self) -> dict[Project, str]:
        """What this person changed, as ProjectRole stores it."""
        sent = {self.projects[name]: value for name, value in self.changes.items() if value}
        return {project: "" if value == NONE else value for project, value in sent.items()}
