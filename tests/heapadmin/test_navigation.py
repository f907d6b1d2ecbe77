"""Every page of Settings marks the tab that it belongs to."""

import re

import pytest
from django.urls import reverse

from tests.factories import EnvironmentFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def environment():
    return EnvironmentFactory()


@pytest.fixture
def ada(environment, client):
    membership = MembershipFactory(account=environment.project.account)
    MembershipFactory(account=membership.account)  # or nobody could leave
    client.force_login(membership.user)
    return membership


def marked(response) -> str:
    tabs = response.content.decode().split('aria-label="Settings"')[1].split("</nav>")[0]
    return re.search(r'aria-current="page">([^<]+)<', tabs).group(1).strip()


def test_pages_of_teammates(client, ada):
    account = ada.account_id

    pages = [
        client.get(reverse("accounts:teammate", args=[account, ada.pk])),
        client.get(reverse("accounts:leave", args=[account])),
        client.post(reverse("accounts:invite", args=[account]), {"emails": "nobody"}),
    ]

    assert {marked(page) for page in pages} == {"Teammates"}


def test_pages_of_projects_and_environments(client, ada, environment):
    project = environment.project
    addresses = [
        reverse("projects:project_create", args=[project.account_id]),
        reverse("projects:project_edit", args=[project.pk]),
        reverse("projects:project_delete", args=[project.pk]),
        reverse("projects:environment_add", args=[project.pk]),
        reverse("projects:environment_rename", args=[environment.app_id]),
        reverse("projects:environment_delete", args=[environment.app_id]),
    ]

    pages = [client.get(address) for address in addresses]

    assert {marked(page) for page in pages} == {"Projects &amp; environments"}


def test_every_page_tells_somebody_who_may_only_read_whom_to_ask(client, ada, environment):
    ada.user.name = "Ada"
    ada.user.save(update_fields=["name"])
    reader = MembershipFactory(account=ada.account, read_only=True)
    address = reverse("analytics:definition_list", args=[environment.app_id])

    told_ada = client.get(address).content.decode()
    client.force_login(reader.user)
    told_reader = client.get(address).content.decode()

    assert "can give you more" in told_reader and "Ada" in told_reader
    assert "can give you more" not in told_ada
