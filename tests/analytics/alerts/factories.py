"""Alerts with the least that is valid, of an environment with a day's events."""

from datetime import UTC, datetime, timedelta

import factory

from analytics.alerts.models import Alert, AlertChange, AlertRecipient, Webhook
from common import links
from tests.analytics.factories import ReportFactory
from tests.analytics.rows import add_event
from tests.factories import EnvironmentFactory, MembershipFactory

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)


class AlertFactory(factory.django.DjangoModelFactory):
    """Of the number of the event "Signed up" each day, above 2."""

    class Meta:
        model = Alert

    environment = factory.SubFactory(EnvironmentFactory)
    name = factory.Sequence(lambda n: f"Alert {n}")
    watches = "report"
    lineage = factory.LazyAttribute(lambda alert: signups(alert.environment).lineage)
    figure = "interval"
    unit = "day"
    rule = "above"
    fires_at = 2
    over_at = factory.SelfAttribute("fires_at")


class WebhookFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Webhook

    environment = factory.SubFactory(EnvironmentFactory)
    name = factory.Sequence(lambda n: f"Webhook {n}")
    secret_url = "https://hooks.example/T0/secret-path"
    nonce = factory.LazyFunction(links.new_nonce)


def signups(environment, kind="graph", *parameters):
    """A report of sign-ups by day."""
    pairs = [["event", "event:Signed up"], *map(list, parameters)]
    return ReportFactory(environment=environment, name="Sign-ups", kind=kind, body={"parameters": pairs})


def sign_up(environment, times, *, days_ago=1, at=None, **columns):
    """So many sign-ups on a day before NOON's."""
    for number in range(times):
        add_event(environment, at=(at or NOON - days_ago * DAY) + timedelta(seconds=number), **columns)


def silence(environment, hours=3, **fields):
    fixed = {"watches": "silence", "lineage": None, "figure": "", "rule": "lasts", "unit": "hour"}
    return AlertFactory(environment=environment, fires_at=hours, **fixed | fields)


def told_to(alert, **fields):
    """A teammate who is told of the alert."""
    membership = MembershipFactory(account=alert.environment.project.account, **fields)
    AlertRecipient.objects.create(alert=alert, membership=membership)
    return membership


def changes(alert):
    return list(AlertChange.objects.filter(alert=alert).order_by("pk").values_list("change", flat=True))
