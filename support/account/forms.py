"""Forms of the Support tab in Settings."""

from django import forms

from support.talk.models import LONGEST_TEXT


class AskToCloseForm(forms.Form):
    """What support should know before it closes the account."""

    text = forms.CharField(
        label="What should we know?",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Since when it is not needed, say, and whether you have fetched an export.",
        error_messages={"required": "Write a few words, so that we know it is meant."},
    )
