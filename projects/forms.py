"""Forms of the Projects & environments tab."""

from typing import Any

from django import forms

from accounts.models import Account
from projects.models import Environment, Project


class ProjectForm(forms.Form):
    """A new project's name, unique in the account without regard to case."""

    name = forms.CharField(label="Name", max_length=100)

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self.account.projects.filter(name__iexact=name).exists():
            raise forms.ValidationError(f"There is a project named “{name}” already.")
        return name


class EnvironmentForm(forms.Form):
    """A new environment's name, and the environment of the same project that it is copied from."""

    name = forms.CharField(label="Name", max_length=100)
    source = forms.ModelChoiceField(
        Environment.objects.none(),
        label="Copy definitions and reports from",
        empty_label=None,
        help_text="Definitions and reports are copied; events and people are not.",
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        source = self.fields["source"]
        assert isinstance(source, forms.ModelChoiceField)
        source.queryset = project.environments.order_by("-is_production", "name")
        source.initial = source.queryset.first()

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self.project.environments.filter(name__iexact=name).exists():
            raise forms.ValidationError(f"There is an environment named “{name}” in this project already.")
        return name
