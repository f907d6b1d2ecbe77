"""Subscriptions with the least that is valid."""

import uuid
from datetime import date

import factory
from django.utils import timezone

from analytics.subscriptions.mail import CONFIRM, END
from analytics.subscriptions.models import Sending, Subscription
from common import links
from tests.factories import EnvironmentFactory, MembershipFactory


class SubscriptionFactory(factory.django.DjangoModelFactory):
    """Of its maker, every day at 8:00."""

    class Meta:
        model = Subscription

    environment = factory.SubFactory(EnvironmentFactory)
    membership = factory.LazyAttribute(lambda row: MembershipFactory(account=row.environment.project.account))
    noun = "report"
    lineage = factory.LazyFunction(uuid.uuid4)
    frequency = "daily"
    zone = "UTC"
    due_at = factory.LazyFunction(timezone.now)
    nonce = factory.LazyFunction(links.new_nonce)
    end_digest = factory.LazyAttribute(lambda row: links.digest(END, links.secret(END, row.nonce)))
    confirm_digest = factory.LazyAttribute(lambda row: links.digest(CONFIRM, links.secret(CONFIRM, row.nonce)))


class SendingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Sending

    subscription = factory.SubFactory(SubscriptionFactory)
    interval = date(2026, 3, 14)
    turn_at = factory.LazyFunction(timezone.now)
