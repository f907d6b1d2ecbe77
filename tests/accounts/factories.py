"""The least that is valid of what accounts keep beside people and their places."""

from datetime import timedelta

import factory
from django.utils import timezone

from accounts.models import Activity, EmailChange, FirstLoginLink, Invitation, Rescue
from tests.factories import AccountFactory, UserFactory


class InvitationFactory(factory.django.DjangoModelFactory):
    """An open one, whose link nobody knows; tests.world.make_invitation makes one that can be followed."""

    class Meta:
        model = Invitation

    account = factory.SubFactory(AccountFactory)
    email = factory.Sequence(lambda n: f"invited{n}@shop.example")
    nonce = "nonce"
    digest = factory.Sequence(lambda n: f"digest {n}")
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))


class EmailChangeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EmailChange

    user = factory.SubFactory(UserFactory)
    new_email = factory.Sequence(lambda n: f"new{n}@shop.example")
    nonce = "nonce"
    old_digest = factory.Sequence(lambda n: f"old {n}")
    new_digest = factory.Sequence(lambda n: f"new {n}")
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=1))


class RescueFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Rescue

    user = factory.SubFactory(UserFactory)
    digest = factory.Sequence(lambda n: f"digest {n}")
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=1))


class FirstLoginLinkFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = FirstLoginLink

    digest = factory.Sequence(lambda n: f"digest {n}")
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=1))


class ActivityFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Activity

    account = factory.SubFactory(AccountFactory)
    verb = "project.create"
