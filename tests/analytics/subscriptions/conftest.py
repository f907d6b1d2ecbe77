"""A mailbox, and an environment with a teammate and a report."""

import pytest

from tests.analytics.factories import ReportFactory
from tests.factories import EnvironmentFactory, MembershipFactory
from tests.mailbox import running_mailbox


@pytest.fixture
def mailbox(settings):
    with running_mailbox(settings) as box:
        yield box


@pytest.fixture
def world():
    environment = EnvironmentFactory(project__time_zone="Europe/Berlin")
    membership = MembershipFactory(account=environment.project.account)
    MembershipFactory(account=environment.project.account)
    report = ReportFactory(
        environment=environment,
        name="Visits of evil.example",
        kind="graph",
        body={"parameters": [["event", "builtin:pageview"], ["days", "7"]]},
    )
    return environment, membership, report
