"""The least that is valid of everything that tests need."""

import factory

from accounts.models import Account, Membership, User
from collector.models import DeletionRequest
from projects import api_keys
from projects.api_tokens import tokens
from projects.models import PRODUCTION, ApiKey, ApiToken, Environment, Project, ProjectRole, TokenScope


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@shop.example")
    name = factory.Sequence(lambda n: f"Person {n}")


class AccountFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Account

    name = factory.Sequence(lambda n: f"Account {n}")


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    account = factory.SubFactory(AccountFactory)
    user = factory.SubFactory(UserFactory)


class ProjectFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Project

    account = factory.SubFactory(AccountFactory)
    name = factory.Sequence(lambda n: f"Project {n}")


class EnvironmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Environment

    project = factory.SubFactory(ProjectFactory)
    name = PRODUCTION
    is_production = True


class ProjectRoleFactory(factory.django.DjangoModelFactory):
    """A teammate who looks at one project; the other projects of the account are as the account says."""

    class Meta:
        model = ProjectRole

    project = factory.SubFactory(ProjectFactory)
    membership = factory.SubFactory(
        MembershipFactory, account=factory.SelfAttribute("..project.account"), read_only=True
    )
    access = "read_only"


class ApiKeyFactory(factory.django.DjangoModelFactory):
    """A key whose secret is `secret`, which is no field."""

    class Meta:
        model = ApiKey
        exclude = ("secret",)

    project = factory.SubFactory(ProjectFactory)
    name = factory.Sequence(lambda n: f"Key {n}")
    secret = factory.Sequence(lambda n: f"hak_secret-{n:04}")
    digest = factory.LazyAttribute(lambda key: api_keys.digest(key.secret))
    ending = factory.LazyAttribute(lambda key: key.secret[-4:])


class ApiTokenFactory(factory.django.DjangoModelFactory):
    """A token for everything, of a teammate with full access. Its secret is `secret`, which is no field."""

    class Meta:
        model = ApiToken
        exclude = ("secret",)

    project = factory.SubFactory(ProjectFactory)
    membership = factory.LazyAttribute(lambda token: MembershipFactory(account=token.project.account))
    created_by = factory.LazyAttribute(lambda token: token.membership.user)
    name = factory.Sequence(lambda n: f"Token {n}")
    scopes = factory.LazyFunction(lambda: list(TokenScope.values))
    secret = factory.LazyFunction(tokens.new_secret)
    digest = factory.LazyAttribute(lambda token: tokens.digest(token.secret))
    ending = factory.LazyAttribute(lambda token: token.secret[-4:])


class DeletionRequestFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DeletionRequest

    api_key = factory.SubFactory(ApiKeyFactory)
    people = 1
