import pytest
from django.test import Client

from tests.accounts import own_provider
from tests.factories import AccountFactory, EnvironmentFactory, MembershipFactory
from tests.mailbox import running_mailbox

PASSWORD = "correct horse battery staple"


@pytest.fixture
def account():
    """An account with one project, so that there is somewhere to land."""
    account = AccountFactory(name="Shop")
    EnvironmentFactory(project__account=account)
    return account


@pytest.fixture
def ada(account):
    """The account's only full-access teammate, so far."""
    return MembershipFactory(account=account, user__email="ada@shop.example", user__name="Ada")


@pytest.fixture
def grace(account, ada):
    return MembershipFactory(account=account, user__email="grace@shop.example", user__name="Grace")


@pytest.fixture
def browser_of():
    """`browser_of(user)`: a client in which that person is signed in."""

    def make(user):
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def own(settings):
    """An OpenID Connect provider on this machine, that signs in whoever its `person` is."""
    settings.SSO_INTERNAL_HOSTS = ["127.0.0.1"]
    with own_provider.running() as provider:
        yield provider


@pytest.fixture
def mailbox(transactional_db, settings):
    with running_mailbox(settings) as mailbox:
        yield mailbox
