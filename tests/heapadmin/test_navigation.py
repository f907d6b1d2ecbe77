"""Every page marks the entry of the header, or the tab of Settings, that it belongs to."""

import re

import pytest
from django.urls import reverse

from heapadmin.navigation import ENVIRONMENT_NAV, PART_OF, SETTINGS_TABS
from tests.access_table import TABLE, WRITES
from tests.factories import EnvironmentFactory, MembershipFactory
from tests.world import PARAMS, make_world

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


UNMARKED = {
    "analytics:search": "over everything; its link stands beside the entries",
}


def test_every_page_behind_a_door_is_marked_in_the_header_or_in_settings():
    """A page that is no entry itself needs its row in PART_OF. Parts of pages, redirects and files need none."""
    world = make_world()
    full = world.client("full")
    answers = {name: full.get(world.url(name)) for name, row in TABLE.items() if (row[0], row[-1]) == ("get", 200)}
    for name, write in WRITES.items():
        if name not in answers and write.full == 200:
            answers[name] = full.post(world.url(name), write.body(world))
    pages = {name: page for name, page in answers.items() if not page.streaming and b"<html" in page.content}

    unmarked = {name for name, page in pages.items() if not is_marked(page)}

    assert len(pages) > 40
    assert unmarked == set(UNMARKED)


def is_marked(response) -> bool:
    """Whether an entry of the header's links, or of the tabs of Settings where the page shows them, is marked."""
    navs = re.findall(r"<nav[^>]*>.*?</nav>", response.content.decode(), re.DOTALL)
    shown = [nav for nav in navs if re.match(r'<nav[^>]*aria-label="(Settings|Pages of this environment)"', nav)]
    return any("aria-current=" in nav for nav in shown)


def test_what_is_part_of_something_is_there_and_so_is_what_it_is_part_of():
    targets = {target for _, target in SETTINGS_TABS}
    for _, below in ENVIRONMENT_NAV:
        targets |= {below} if isinstance(below, str) else {target for _, target in below}

    both = {"ipfilter:environment_excluded_ips"}  # an entry of the header, and a part of a tab of Settings
    assert set(PART_OF) <= set(PARAMS) - targets | both
    assert set(PART_OF.values()) <= targets


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
