"""One environment, and browsers of people who may view or edit it."""

import pytest
from django.test import Client

from tests.factories import EnvironmentFactory, MembershipFactory


@pytest.fixture
def environment(db):
    return EnvironmentFactory()


@pytest.fixture
def full(environment) -> Client:
    """The browser of a person with full access."""
    return _signed_in(environment, read_only=False)


@pytest.fixture
def read_only(environment) -> Client:
    return _signed_in(environment, read_only=True)


def _signed_in(environment, *, read_only: bool) -> Client:
    membership = MembershipFactory(account=environment.project.account, read_only=read_only)
    client = Client()
    client.force_login(membership.user)
    client.user = membership.user
    return client
