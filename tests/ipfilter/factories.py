"""Lists of excluded IPs, saved the way the page saves them; and the least that is valid of each row."""

import factory
from django.utils import timezone

from ipfilter import actions
from ipfilter.list_scope import ListScope
from ipfilter.models import ExcludedIP, ExcludedIPList, KeptOut
from ipfilter.rules.lists import parse
from tests.factories import AccountFactory, EnvironmentFactory, MembershipFactory


def make_scope(own=False):
    """The scope of a new account's list; with `own` that of its one environment."""
    environment = EnvironmentFactory()
    MembershipFactory(account=environment.project.account)
    return ListScope.of(environment) if own else ListScope(environment.project.account)


def save(scope, text, *, by=None, version=None, **options):
    """Save `text` as the list of `scope`, by its first teammate, over whatever is saved."""
    return actions.save_list(
        scope=scope,
        text=text,
        rules=parse(text),
        version=scope.saved_list().version if version is None else version,
        by=by or scope.account.memberships.earliest("pk").user,
        **options,
    )


def rule_of(scope, source):
    return scope.rules().get(source=source)


class ExcludedIPListFactory(factory.django.DjangoModelFactory):
    """The account's own list; with `own` that of an environment of the account."""

    class Meta:
        model = ExcludedIPList

    class Params:
        own = factory.Trait(
            environment=factory.SubFactory(EnvironmentFactory, project__account=factory.SelfAttribute("...account"))
        )

    account = factory.SubFactory(AccountFactory)


class ExcludedIPFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ExcludedIP

    list = factory.SubFactory(ExcludedIPListFactory)
    canonical = "10.1.0.0/16"
    source = "10.1.*"
    position = 0


class KeptOutFactory(factory.django.DjangoModelFactory):
    """What a rule of an account kept out of one of its environments."""

    class Meta:
        model = KeptOut

    rule = factory.SubFactory(ExcludedIPFactory)
    environment = factory.LazyAttribute(lambda counter: EnvironmentFactory(project__account=counter.rule.list.account))
    day = "2026-01-01"
    count = 1
    last_at = factory.LazyFunction(timezone.now)
