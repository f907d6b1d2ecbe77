"""What happens to subscriptions: they are made, get due, and are worked off."""

from datetime import timedelta

from django.utils import timezone

from analytics.subscriptions import actions, due, sending
from analytics.subscriptions.models import Subscription

DAILY = {"frequency": "daily", "day": 1, "hour": 8}


def subscribe(world, *emails, **schedule):
    environment, membership, report = world
    return actions.subscribe(
        environment=environment, membership=membership, thing=report, emails=emails, **(DAILY | schedule)
    )[0]


def is_due(row, ago=timedelta(minutes=1)):
    Subscription.objects.filter(pk=row.pk).update(due_at=timezone.now() - ago)


def work(now=None):
    while due.plan(now or timezone.now()):
        pass
    while sending.run(seconds=60):
        pass
