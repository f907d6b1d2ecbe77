"""The form of a subscription: when, and to whom."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst

from analytics.subscriptions.models import Frequency
from analytics.subscriptions.schedule import day_words
from common.addresses import check, normal

MOST_ADDRESSES = 10  # at once
DAYS = {Frequency.DAILY: (1,), Frequency.WEEKLY: range(1, 8), Frequency.MONTHLY: range(1, 32)}
OFTEN = [
    (frequency.label, [(f"{frequency}.{day}", capfirst(day_words(frequency, day))) for day in days])
    for frequency, days in DAYS.items()
]


class SubscriptionForm(forms.Form):
    """`offers` names which of `emails` and `shows_people` it has. Empty `emails`: to oneself."""

    often = forms.ChoiceField(label="How often", choices=OFTEN)
    hour = forms.TypedChoiceField(label="At", coerce=int, choices=[(number, f"{number}:00") for number in range(24)])
    emails = forms.CharField(
        label="Other addresses",
        required=False,
        max_length=3_000,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text="One a line. Each is asked once whether it wants this. Leave it empty to get it yourself.",
    )
    shows_people = forms.BooleanField(
        label="Show other addresses who people are, and the notes on charts",
        required=False,
        help_text="Without it, answers that are grouped or filtered by what is known of people, or have e-mail "
        "addresses in them, are left out, and the mail says so. So are notes. Lists of people are in no mail.",
    )

    def __init__(self, *args: Any, zone: str, offers: Collection[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["hour"].help_text = f"Times in {zone}."
        for name in {"emails", "shows_people"} - set(offers):
            del self.fields[name]

    def clean_emails(self) -> list[str]:
        typed = self.cleaned_data["emails"].replace(",", "\n").replace(";", "\n").split("\n")
        found = list(dict.fromkeys(normal(each) for each in typed if each.strip()))
        if len(found) > MOST_ADDRESSES:
            raise ValidationError(f"Give at most {MOST_ADDRESSES} addresses at once.")
        for each in found:
            try:
                check(each)
            except ValidationError:
                raise ValidationError(f"{each[:80]} is no e-mail address.") from None
        return found

    def schedule(self) -> dict[str, Any]:
        """`frequency`, `day`, `hour`, and `shows_people` if it is offered, of the valid form."""
        frequency, _, day = self.cleaned_data["often"].partition(".")
        shown = {name: self.cleaned_data[name] for name in ("shows_people",) if name in self.cleaned_data}
        return {"frequency": frequency, "day": int(day), "hour": self.cleaned_data["hour"], **shown}
