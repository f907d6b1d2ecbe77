"""What alerts found and told lately, as their pages show it; older rows are forgotten."""

from datetime import timedelta

from django.db.models import Prefetch
from django.utils import timezone

from analytics.alerts.models import Alert, AlertChange, AlertDelivery, Webhook

KEPT = timedelta(days=30)
SHOWN = 30  # the newest
AT_ONCE = 1_000


def changes_of(alert: Alert) -> list[AlertChange]:
    """The last changes, the newest first, with their deliveries: two statements."""
    deliveries = AlertDelivery.objects.select_related("membership__user", "webhook").order_by("pk")
    changes = AlertChange.objects.filter(alert=alert).prefetch_related(Prefetch("deliveries", deliveries))
    return list(changes.order_by("-interval_end", "-pk")[:SHOWN])


def deliveries_to(webhook: Webhook) -> list[AlertDelivery]:
    """The last ones, the newest first: one statement."""
    return list(webhook.deliveries.select_related("change__alert").order_by("-created_at", "-pk")[:SHOWN])


def forget() -> int:
    """Forget some changes, with their deliveries, and tests of webhooks. Returns how many; 0 once none are left."""
    before = timezone.now() - KEPT
    forgotten = 0
    for old in (
        AlertChange.objects.filter(at__lt=before),
        AlertDelivery.objects.filter(change=None, created_at__lt=before),
    ):
        numbers = list(old.values_list("pk", flat=True)[:AT_ONCE])
        old.model._default_manager.filter(pk__in=numbers).delete()
        forgotten += len(numbers)
    return forgotten
