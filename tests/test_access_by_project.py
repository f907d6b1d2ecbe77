"""Every URL as people whose access to its project is not what they have elsewhere; the table is that of test_access.py.

What they get is what others get who have that access everywhere, so the table has no columns for them.
"""

import pytest
from django.db import transaction
from django.test import Client

from projects.models import Project
from tests.crawler import forms_of, pages_of, place_of, text_of
from tests.factories import EnvironmentFactory, MembershipFactory, ProjectFactory, ProjectRoleFactory
from tests.test_access import REFUSED_TO_READ_ONLY, ROLES, TABLE, WRITES, is_of_a_project, outcome, post
from tests.world import make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def by_project():
    """Teammates whose access to the account's project is not what they have in its other one."""
    world = make_world()
    elsewhere = ProjectFactory(account=world.account)
    for role, here, there in (
        ("none_here", "", "full"),
        ("read_only_here", "read_only", "full"),
        ("full_here", "full", "read_only"),
    ):
        membership = MembershipFactory(account=world.account, read_only=True)
        ProjectRoleFactory(project_id=world.ids["project_id"], membership=membership, access=here)
        ProjectRoleFactory(project=elsewhere, membership=membership, access=there)
        world.users[role] = membership.user
    return world


BY_PROJECT = {"none_here": "stranger", "read_only_here": "read_only", "full_here": "full"}


def test_looking_by_project_is_what_others_do_who_have_that_access_everywhere(by_project):
    """In a project without access one is a stranger there; in pages of the account all are read-only."""
    wanted, found = {}, {}
    for role, everywhere in BY_PROJECT.items():
        client = by_project.client(role)
        for name in (each for each in TABLE if is_of_a_project(each) or role == "full_here"):
            same = everywhere if is_of_a_project(name) else "read_only"
            wanted[name, role] = TABLE[name][1 + ROLES.index(same)]
            found[name, role] = outcome(client.get(by_project.url(name)))

    assert found == wanted


def test_writing_by_project_is_what_others_do_who_have_that_access_everywhere(by_project):
    wanted, found = {}, {}
    for role, everywhere in BY_PROJECT.items():
        client = by_project.client(role)
        for name, write in WRITES.items():
            statuses = {"stranger": 404, "read_only": write.read_only, "full": write.full}
            wanted[name, role] = statuses[everywhere if is_of_a_project(name) else "read_only"]
            with transaction.atomic():
                found[name, role] = outcome(client.post(by_project.url(name), write.body(by_project)))
                transaction.set_rollback(True)

    assert found == wanted


def test_a_project_without_access_is_named_on_no_page(by_project):
    """Nor are its environment, its app_id and what was done in it: followed from the first page through all links."""
    project = Project.objects.get(pk=by_project.ids["project_id"])
    Project.objects.filter(pk=project.pk).update(name="Unheard-of shop")
    EnvironmentFactory(project=Project.objects.exclude(pk=project.pk).get(account=by_project.account))
    post(by_project, "full", "projects:environment_add")
    post(by_project, "full", "projects:environment_rename")
    post(by_project, "read_only", "projects:environment_rename")
    post(by_project, "full", "projects:teammate_roles")
    unknown = ["Unheard-of", "Old shop", *project.environments.values_list("app_id", flat=True)]

    told = {
        url for url, page in pages_of(by_project.client("none_here")) if any(each in text_of(page) for each in unknown)
    }

    assert told == set()
    shown = by_project.client("read_only_here").get(by_project.url("projects:project_list"))
    assert {each for each in unknown if each not in text_of(shown)} <= {"Old shop"}  # on a page of its own
    log = by_project.url("accounts:activity_csv")
    assert "Unheard-of" in text_of(by_project.client("read_only_here").get(log))
    assert "Unheard-of" not in text_of(by_project.client("none_here").get(log))


@pytest.mark.parametrize("role", ["read_only", "full_here"])
def test_who_may_not_change_everything_finds_no_link_and_no_button_that_is_refused(by_project, role):
    """Follow every link from the first page, and press every button; what a button did is undone."""
    seen, refused, pressed = set(), [], set()

    for url, response in pages_of(by_project.client(role)):
        seen.add(place_of(url)[0])
        if response.status_code == 403:
            refused.append(url)
        for form in forms_of(response):
            if form.method == "post" and place_of(form.action) not in pressed:
                pressed.add(place_of(form.action))
                if _is_refused(by_project.client(role), form):
                    refused.append(f"{form.action} on {url}")

    assert refused == []
    assert {name for name, row in TABLE.items() if row[0] == "get" and row[4] == 200} <= seen


def _is_refused(client: Client, form) -> bool:
    with transaction.atomic():
        status = client.post(form.action, form.data).status_code
        transaction.set_rollback(True)
    return status == 403


@pytest.mark.parametrize("name", REFUSED_TO_READ_ONLY)
def test_a_teammate_of_both_accounts_keeps_them_apart(name):
    """Full access to one account gives nothing in another one where the same person is read-only."""
    world = make_world()
    membership = world.theirs.account.memberships.get(user=world.theirs.users["read_only"])
    membership.user = world.users["full"]
    membership.save(update_fields=["user"])

    response = world.client("full").post(world.theirs.url(name), WRITES[name].body(world.theirs))

    assert response.status_code == 403
