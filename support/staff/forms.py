"""The forms with which staff close and visit an account."""

from typing import Any

from django import forms

from accounts.models import Account
from support.closing.models import LONGEST_GRACE_DAYS

DEFAULT_GRACE_DAYS = 30


class CloseForm(forms.Form):
    """Who asked for it, how long it can be undone, and the account's name, to confirm that it is the right one."""

    asked_by = forms.CharField(
        label="Who asked for it, and how",
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the account's activity while it can be reopened; the receipt keeps nothing of it.",
        error_messages={"required": "Say who asked for it."},
    )
    grace_days = forms.IntegerField(
        label="Days in which it can be reopened",
        min_value=0,
        max_value=LONGEST_GRACE_DAYS,
        initial=DEFAULT_GRACE_DAYS,
        help_text=f"0 to {LONGEST_GRACE_DAYS}. With 0 removing begins at once, and there is no way back.",
    )
    name = forms.CharField(
        label="The account's name, to be sure",
        max_length=100,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name != self.account.name:
            raise forms.ValidationError(f"The account is called “{self.account.name}”.")
        return name


class VisitForm(forms.Form):
    """The reason why a staff member looks into an account."""

    reason = forms.CharField(
        label="Reason",
        max_length=500,
        help_text="The account reads it in its activity.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Say why you look into this account."},
    )
