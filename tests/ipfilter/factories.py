"""Lists of excluded IPs, saved the way the page saves them."""

from ipfilter import actions
from ipfilter.list_scope import ListScope
from ipfilter.rules.lists import parse
from tests.factories import EnvironmentFactory, MembershipFactory


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
