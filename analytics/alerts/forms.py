"""The forms of alerts, each of which makes an Alert that is not saved, and of webhooks. Saving is for the actions."""

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from accounts.models import Membership
from analytics.alerts.models import MAX_URL, Alert, AlertRule, Figure, Watches, Webhook
from analytics.alerts.reading import Unanswerable, question
from analytics.forms.choices import offered
from analytics.models import Definition, Report, ReportKind
from analytics.questions.spans import Unit
from common.guarded_http import NoUsableAnswer, check_url
from common.names import NameField
from projects.access import reaching_teammates
from projects.models import Environment

MOST = 1e15
MOST_HOURS = 30 * 24
MOST_DAYS = 60
UNITS = [(Unit.HOUR.value, "each hour"), (Unit.DAY.value, "each day"), (Unit.WEEK.value, "each week")]
FIGURES = [
    (Figure.INTERVAL.value, "of that hour, day or week alone"),
    (Figure.TOTAL.value, "of the report’s whole range, up to then"),
]
RULES = [(rule.value, rule.label) for rule in AlertRule if rule is not AlertRule.LASTS]


class AlertForm(forms.Form):
    """What all alerts have: a name, and whom they are told. `alert` is the one that is changed.

    Mypy checks that FORMS holds none without the abstract methods: a form's own metaclass leaves no room for ABC.
    """

    watches: Watches
    name = NameField(label="Name", max_length=200, help_text="The subject of its mails.")
    recipients = forms.MultipleChoiceField(
        label="Told by mail to",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Only while they reach the project. Everybody can add and remove themselves on the alert’s page.",
    )
    webhooks = forms.MultipleChoiceField(label="Told to webhooks", required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        environment: Environment,
        alert: Alert | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        self.environment, self.alert = environment, alert
        filled = initial or {}
        if alert:
            told = alert.recipients.values_list("membership_id", flat=True)
            hooks = alert.webhooks.values_list("pk", flat=True)
            filled = {"name": alert.name, "recipients": list(told), "webhooks": list(hooks)} | self.filled(alert)
        super().__init__(data, initial=filled)
        teammates = reaching_teammates(environment.project).select_related("user").order_by("user__email")
        self.teammates = {str(each.pk): each for each in teammates}
        self.hooks = {str(each.pk): each for each in Webhook.objects.filter(environment=environment).order_by("name")}
        self.fields["recipients"].choices = [  # type: ignore[attr-defined]
            (number, f"{each.user.name}, {each.user.email}" if each.user.name else each.user.email)
            for number, each in self.teammates.items()
        ]
        self.fields["webhooks"].choices = [  # type: ignore[attr-defined]
            (number, f"{each.name} (has ended)" if each.ended_at else each.name) for number, each in self.hooks.items()
        ]
        if not self.hooks:
            del self.fields["webhooks"]
        self.order_fields(self.order())

    def order(self) -> list[str]:
        last = ("name", "recipients", "webhooks")
        return [*(name for name in self.fields if name not in last), *last]

    def offer(self, noun: str, kept: QuerySet[Report] | QuerySet[Definition]) -> None:
        """Let one of these be chosen in the field `noun`. What it holds already is always among them."""
        chosen: set[UUID] = set()
        with suppress(ValueError):  # nothing, or no lineage
            chosen.add(UUID(self[noun].value() or ""))
        choices = [("", f"Choose a {noun}"), *((str(lineage), name) for lineage, name in offered(kept, chosen))]
        self.fields[noun].choices = choices  # type: ignore[attr-defined]

    @abstractmethod
    def filled(self, alert: Alert) -> dict[str, Any]:
        """What the further fields hold for this alert."""

    @abstractmethod
    def fields_of_alert(self) -> dict[str, Any]:
        """What is judged, from the valid fields."""

    @property
    def made(self) -> Alert:
        """The alert that a valid form describes."""
        return Alert(
            environment=self.environment,
            name=self.cleaned_data.get("name", ""),
            watches=self.watches,
            **self.fields_of_alert(),
        )

    @property
    def chosen_recipients(self) -> list[Membership]:
        return [self.teammates[number] for number in self.cleaned_data["recipients"]]

    @property
    def chosen_webhooks(self) -> list[Webhook]:
        return [self.hooks[number] for number in self.cleaned_data.get("webhooks", ())]


class ReportForm(AlertForm):
    watches = Watches.REPORT
    report = forms.ChoiceField(label="The number of the report", help_text="A graph’s, or the conversion of a funnel.")
    unit = forms.ChoiceField(label="Looked at", choices=UNITS, initial=Unit.DAY.value)
    figure = forms.ChoiceField(label="Which number", choices=FIGURES, initial=Figure.INTERVAL.value)
    rule = forms.ChoiceField(label="Tell when it", choices=RULES)
    fires_at = forms.FloatField(label="Threshold", min_value=-MOST, max_value=MOST)
    measured = forms.ChoiceField(
        label="Threshold of a change",
        choices=[("percent", "in percent"), ("number", "as the number itself")],
        help_text="A change is against the period before: the hour, day, week or range before it.",
    )
    over_at = forms.FloatField(
        label="Over at",
        required=False,
        min_value=-MOST,
        max_value=MOST,
        help_text="Another threshold for the end, so that a number that goes up and down about the first one does not "
        "fire again and again. Empty: the same.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = (ReportKind.GRAPH, ReportKind.FUNNEL)
        self.offer("report", Report.objects.filter(environment=self.environment, kind__in=kinds))

    def filled(self, alert: Alert) -> dict[str, Any]:
        return {
            "report": str(alert.lineage),
            "unit": alert.unit,
            "figure": alert.figure,
            "rule": alert.rule,
            "fires_at": alert.fires_at,
            "over_at": None if alert.over_at == alert.fires_at else alert.over_at,
            "measured": "percent" if alert.in_percent else "number",
        }

    def fields_of_alert(self) -> dict[str, Any]:
        given = self.cleaned_data
        fires_at, over_at, rule = given["fires_at"], given.get("over_at"), AlertRule(given["rule"])
        return {
            "lineage": UUID(given["report"]),
            "unit": given["unit"],
            "figure": given["figure"],
            "rule": rule,
            "in_percent": rule.is_of_difference and given["measured"] == "percent",
            "fires_at": fires_at,
            "over_at": fires_at if over_at is None else over_at,
        }

    def clean(self) -> None:
        if self.errors:
            return
        alert = self.made
        if AlertRule(alert.rule).is_of_difference and alert.fires_at < 0:
            self.add_error("fires_at", "By how much it changes is not negative: choose another direction.")
        if alert.rule == AlertRule.BELOW and alert.over_at < alert.fires_at:
            self.add_error("over_at", "It is over above this, which cannot be below the threshold.")
        if alert.rule != AlertRule.BELOW and alert.over_at > alert.fires_at:
            self.add_error("over_at", "It is over below this, which cannot be above the threshold.")
        try:
            question(alert)
        except Unanswerable as error:
            self.add_error("report", str(error))


class SilenceForm(AlertForm):
    """The event is read by the view, which offers it as other forms do; `event` is '' for any."""

    watches = Watches.SILENCE
    event = ""
    hours = forms.IntegerField(
        label="For so many hours",
        min_value=1,
        max_value=MOST_HOURS,
        initial=3,
        help_text="Looked at each full hour. It is over with the next event.",
    )

    def filled(self, alert: Alert) -> dict[str, Any]:
        return {"hours": int(alert.fires_at)}

    def fields_of_alert(self) -> dict[str, Any]:
        hours = self.cleaned_data["hours"]
        return {"event": self.event, "rule": AlertRule.LASTS, "unit": Unit.HOUR, "fires_at": hours, "over_at": hours}


class DefinitionForm(AlertForm):
    watches = Watches.DEFINITION
    definition = forms.ChoiceField(label="The definition", help_text="It is looked for each night.")
    days = forms.IntegerField(
        label="Has not matched for so many days",
        min_value=1,
        max_value=MOST_DAYS,
        initial=2,
        help_text="It is over when it matches again.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("definition", Definition.objects.filter(environment=self.environment))

    def filled(self, alert: Alert) -> dict[str, Any]:
        return {"definition": str(alert.lineage), "days": int(alert.fires_at)}

    def fields_of_alert(self) -> dict[str, Any]:
        days = self.cleaned_data["days"]
        fixed = {"rule": AlertRule.LASTS, "unit": Unit.DAY, "fires_at": days, "over_at": days}
        return {"lineage": UUID(self.cleaned_data["definition"]), **fixed}


FORMS: dict[str, type[AlertForm]] = {
    Watches.REPORT: ReportForm,
    Watches.SILENCE: SilenceForm,
    Watches.DEFINITION: DefinitionForm,
}


class WebhookForm(forms.Form):
    """A name, unique in the environment, and an address on the Internet."""

    name = NameField(label="Name", max_length=100, help_text="The program that is told: “On-call pager”.")
    url = forms.CharField(
        label="Address",
        max_length=MAX_URL,
        widget=forms.URLInput(attrs={"autocomplete": "off", "placeholder": "https://"}),
        help_text="It takes a POST of JSON. Pages show its host alone, because the rest may be a secret.",
    )

    def __init__(self, *args: Any, environment: Environment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.environment = environment

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Webhook.objects.filter(environment=self.environment, name=name).exists():
            raise ValidationError(f"There is a webhook named “{name}” already.")
        return name

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            check_url(url, settings.WEBHOOK_INTERNAL_HOSTS)
        except NoUsableAnswer as error:
            raise ValidationError(str(error)) from None
        return url
