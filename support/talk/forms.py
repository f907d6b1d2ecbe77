"""The form of Talk to Us."""

from typing import Any

from django import forms

from accounts.models import User
from common.addresses import AddressField
from support.talk.models import LONGEST_TEXT

ROWS = 6


class TalkForm(forms.Form):
    """The message form. It does not ask signed-in people for a name and an address.

    `website` is a trap: people do not see it, and messages of programs that fill in every field are dropped.
    """

    name = forms.CharField(
        label="Your name",
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = AddressField(
        label="Your email address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": "Tell us where to answer."},
    )
    text = forms.CharField(
        label="Message",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": ROWS}),
        error_messages={"required": "Write a few words."},
    )
    website = forms.CharField(required=False, widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}))
    page = forms.CharField(required=False, max_length=4_000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User | None, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "talk-%s"} | kwargs)
        self.user = user
        if user is not None:
            del self.fields["name"], self.fields["email"]

    def sender(self) -> dict[str, Any]:
        """`by`, `name` and `email` of the writer."""
        if self.user is not None:
            return {"by": self.user, "name": self.user.name, "email": self.user.email}
        return {"by": None, "name": self.cleaned_data["name"], "email": self.cleaned_data["email"]}

    @property
    def is_from_a_program(self) -> bool:
        return bool(self.cleaned_data.get("website"))
