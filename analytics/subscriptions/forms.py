"""The form of a subscription: when, and to whom."""

from calendar import day_name
from collections.abc import Collection
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from analytics.subscriptions.models import Frequency
from common.addresses import check, normal

MOST_ADDRESSES = 10  # at once


class SubscriptionForm(forms.Form):
    """`offers` names which of `emails` and `shows_people` it has. Empty `emails`: to oneself."""

    frequency = forms.ChoiceField(label="How often", choices=Frequency.choices)
    weekday = forms.TypedChoiceField(
        label="On",
        help_text="For every week.",
        coerce=int,
        choices=[(number, day_name[number - 1]) for number in range(1, 8)],
        required=False,
        empty_value=None,
    )
    day = forms.IntegerField(
        label="On day of the month",
        min_value=1,
        max_value=31,
        required=False,
        help_text="For every month. A shorter month has its last day instead.",
    )
    hour = forms.TypedChoiceField(label="At", coerce=int, choices=[(number, f"{number}:00") for number in range(24)])
    emails = forms.CharField(
        label="Other addresses",
        required=False,
        max_length=3_000,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text="One a line. Each is asked once whether it wants this. Leave it empty to get it yourself.",
    )

    shows_people = forms.BooleanField(
        label="Show other addresses who people are",
        required=False,
        help_text="What is sorted by or filtered by what is known of people, and e-mail addresses in answers. Without "
        "it, a mail says that such an answer is not shown. Lists of people are in no mail.",
    )

    def __init__(self, *args: Any, zone: str, offers: Collection[str], **kwargs: Any) -> None:
        kwargs["initial"] = {"frequency": Frequency.WEEKLY, "weekday": 1, "day": 1, "hour": 8} | kwargs.get(
            "initial", {}
        )
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
        frequency = self.cleaned_data["frequency"]
        days = {Frequency.WEEKLY: self.cleaned_data["weekday"], Frequency.MONTHLY: self.cleaned_data["day"]}
        shown = {name: self.cleaned_data[name] for name in ("shows_people",) if name in self.cleaned_data}
        return {"frequency": frequency, "day": days.get(frequency) or 1, "hour": self.cleaned_data["hour"], **shown}
