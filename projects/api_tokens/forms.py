"""The form for a new API token."""

from typing import Any

from django import forms

from common.names import NameField
from projects.models import ApiToken, Project, TokenScope


class ApiTokenForm(forms.Form):
    """A name, unique among the project's tokens that are not revoked (case-insensitive), and what the token is for."""

    name = NameField(label="Name", max_length=100, help_text="The program that will use it: “Weekly numbers”.")
    scopes = forms.MultipleChoiceField(
        label="What it is for",
        choices=TokenScope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[TokenScope.DEFINITIONS, TokenScope.QUERIES],
        help_text="Choose as little as the program needs. It never reaches more than you do.",
        error_messages={"required": "Choose at least one."},
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if ApiToken.objects.filter(project=self.project, revoked_at=None, name__iexact=name).exists():
            raise forms.ValidationError(f"There is an API token named “{name}” already.")
        return name
