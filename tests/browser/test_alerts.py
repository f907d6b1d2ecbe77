"""Alerts and webhooks as Chromium shows them."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from analytics.alerts.models import AlertChange, AlertDelivery
from tests.analytics.alerts.factories import AlertFactory, WebhookFactory, silence, told_to


def test_axe_finds_nothing_wrong(ada, environment, axe_clean):
    hook, now = WebhookFactory(environment=environment), timezone.now()
    alert = AlertFactory(environment=environment, is_firing=True, turned_at=now, value=3, judged_until=now)
    alert.webhooks.add(hook)
    told = {"name": alert.name, "words": "It was 3.", "when": "Mon 15 Jun 2026"}
    change = AlertChange.objects.create(alert=alert, interval_end=now, change="fired", told=told)
    AlertDelivery.objects.create(change=change, membership=told_to(alert), state="sent")
    AlertDelivery.objects.create(change=change, webhook=hook, problem="It answers 500.", answer=500)
    AlertDelivery.objects.create(webhook=hook, created_at=now - timedelta(days=1), state="failed")
    silence(environment, is_on=False)
    silence(environment, problem="The question takes too long.")

    def url(view, *ids):
        return reverse(f"analytics:{view}", args=[environment.app_id, *ids])

    for address in (
        url("alert_list"),
        url("alert_create"),
        url("alert", alert.pk),
        url("webhook", hook.pk),
        url("report_delete", alert.lineage),
    ):
        ada.goto(address)

        axe_clean(ada)
        ada.set_viewport_size({"width": 360, "height": 800})
        assert not ada.evaluate("document.documentElement.scrollWidth > innerWidth"), address
        ada.set_viewport_size({"width": 1280, "height": 800})
