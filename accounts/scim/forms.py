"""The form for a new SCIM token."""

from typing import Any

from django import forms

from accounts.models import Account
from common.names import NameField


class TokenForm(forms.Form):
    """A token's name, unique among those of the account in force, and the access of people whom it lets in."""

    name = NameField(label="Name", max_length=100, help_text="The directory that will use it: “Entra ID”, “Okta”.")
    read_only = forms.TypedChoiceField(
        label="Who joins by it gets",
        choices=[("True", "Read-only"), ("False", "Full access")],
        coerce=lambda text: text == "True",
        widget=forms.RadioSelect,
        initial="True",
    )

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self.account.scim_tokens.in_force().filter(name__iexact=name).exists():
            raise forms.ValidationError(f"There is a token named “{name}” already.")
        return name
