"""Sign-up: creates a login, its account, a first project and Production in one transaction."""

import secrets
from typing import Any

from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User
from common.names import NameField
from common.time_zones import time_zones
from projects.actions import open_account


class SignupForm(AllauthSignupForm):
    """django-allauth's form, with the names of the person, their account and their first project, and its time zone."""

    name = NameField(label="Your name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    account_name = NameField(
        label="Company or team",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    project_name = NameField(
        label="First project", max_length=100, help_text="The site or app whose events you want to look at."
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=time_zones(),
        initial="UTC",
        required=False,
        help_text="At its midnight the days of your reports begin. You can change it in Settings: under Account for "
        "new projects, under Projects & environments for each project.",
    )
    field_order = ["name", "email", "password1", "account_name", "project_name", "time_zone"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.fields["time_zone"].widget.attrs["data-own-time-zone"] = ""  # static/js/page.js chooses the browser's

    def try_save(self, request: HttpRequest) -> tuple[User | None, Any]:
        """Return the new user and no response. For a known address: no user, and a response that looks like success.

        For a known address the same work is done and undone, so that the response time does not reveal it either.
        """
        if self.account_already_exists:
            self._save_and_roll_back(request)
        user, answer = super().try_save(request)
        return user, answer

    def _save_and_roll_back(self, request: HttpRequest) -> None:
        known = self.cleaned_data["email"]
        self.account_already_exists = False
        self.cleaned_data["email"] = f"{secrets.token_hex(16)}@invalid.invalid"
        with transaction.atomic():
            self.save(request)
            transaction.set_rollback(True)
        self.cleaned_data["email"] = known
        self.account_already_exists = True

    @transaction.atomic
    def save(self, request: HttpRequest) -> User:
        """Create everything or nothing; returns the new user."""
        user: User = super().save(request)
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
        open_account(
            name=self.cleaned_data["account_name"],
            owner=user,
            project_name=self.cleaned_data["project_name"],
            time_zone=self.cleaned_data["time_zone"] or "UTC",
        )
        return user
