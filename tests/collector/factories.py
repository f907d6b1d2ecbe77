"""The least that is valid of what the collector keeps beside the events."""

from datetime import UTC, datetime

import factory
from django.utils import timezone

from collector.models import CollectedHour, DeletionTarget, SharedAddress
from tests.factories import DeletionRequestFactory, EnvironmentFactory

NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)


class CollectedHourFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CollectedHour

    environment = factory.SubFactory(EnvironmentFactory)
    hour = NINE
    outcome = "accepted"
    requests = 1
    events = 1
    last_at = NINE
    last_seconds = 0.1
    slowest_seconds = 0.1


class DeletionTargetFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DeletionTarget

    request = factory.SubFactory(DeletionRequestFactory)
    identity = "ann"


class SharedAddressFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SharedAddress

    address = factory.Sequence(lambda n: f"192.0.2.{n % 256}")
    accounts = 3
    seen_at = factory.LazyFunction(timezone.now)
