"""The least that is valid of what accounts keep beside people and their places."""

from datetime import timedelta

import factory
from django.utils import timezone

from accounts.models import Activity, EmailChange, FirstLoginLink, Invitation, Rescue
from accounts.scim import tokens
from accounts.scim.models import ScimPerson, ScimToken
from accounts.sso.models import IdentityProvider, SamlAnswer, SsoDomain, SsoIdentity, WayBack
from tests.factories import AccountFactory, MembershipFactory, UserFactory


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


class IdentityProviderFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = IdentityProvider

    account = factory.SubFactory(AccountFactory)
    slug = factory.Sequence(lambda n: f"provider{n}")
    protocol = "oidc"
    name = "Example"
    issuer = "https://login.example"
    client_id = "heapadmin"


class SsoIdentityFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SsoIdentity

    provider = factory.SubFactory(IdentityProviderFactory)
    issuer = "https://login.example"
    subject = "ada-1"
    user = factory.SubFactory(UserFactory)


class SamlAnswerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SamlAnswer

    provider = factory.SubFactory(IdentityProviderFactory)
    assertion = "assertion"
    digest = factory.Sequence(lambda n: f"answer {n}")
    state = "state"
    request_id = "_request"
    subject = "ada-1"
    ends_at = factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=5))


class SsoDomainFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SsoDomain

    account = factory.SubFactory(AccountFactory)
    domain = "works.example"
    nonce = "nonce"
    digest = factory.Sequence(lambda n: f"domain {n}")


class WayBackFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WayBack

    membership = factory.SubFactory(MembershipFactory)


class ScimTokenFactory(factory.django.DjangoModelFactory):
    """A token whose secret is `secret`, which is no field."""

    class Meta:
        model = ScimToken
        exclude = ("secret",)

    account = factory.SubFactory(AccountFactory)
    name = factory.Sequence(lambda n: f"Directory {n}")
    secret = factory.LazyFunction(tokens.new_secret)
    digest = factory.LazyAttribute(lambda token: tokens.digest(token.secret))
    ending = factory.LazyAttribute(lambda token: token.secret[-4:])


class ScimPersonFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ScimPerson

    account = factory.SubFactory(AccountFactory)
    user_name = factory.Sequence(lambda n: f"told{n}@shop.example")
    email = factory.SelfAttribute("user_name")
