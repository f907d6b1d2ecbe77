"""Every URL × {anonymous, a stranger who is admin elsewhere, staff without membership, read-only, full}.

Two complete accounts are in the database. A URL that is neither in TABLE nor in PUBLIC fails, so a new page
must say here who gets in.
"""

from dataclasses import dataclass, field

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import Account, User
from tests.factories import AccountFactory, EnvironmentFactory, MembershipFactory, ProjectFactory, UserFactory

pytestmark = pytest.mark.django_db

ROLES = ("anonymous", "stranger", "staff", "read_only", "full")
LOGIN = "login"  # a redirect to the sign-in page

TABLE = {  # URL name: method, then what each of ROLES gets: a status, or LOGIN
    "analytics:live": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:live_rows": ("get", LOGIN, 404, 404, 200, 200),
    "projects:project_list": ("get", LOGIN, 404, 404, 200, 200),
    "projects:project_create": ("get", LOGIN, 404, 404, 403, 200),
    "projects:environment_add": ("get", LOGIN, 404, 404, 403, 200),
    "projects:install": ("get", LOGIN, 404, 404, 200, 200),
    "projects:install_status": ("get", LOGIN, 404, 404, 200, 200),
}
WRITES = {  # what the same URLs answer to an empty POST: a form again is 200, a refusal 403, no such method 405
    "projects:project_create": (LOGIN, 404, 404, 403, 200),
    "projects:environment_add": (LOGIN, 404, 404, 403, 200),
}
NOT_IN_AN_ACCOUNT = {"projects:home"}  # a page for whoever is signed in; nothing of an account is in it


@dataclass
class World:
    """One account with every role in it, and what its URLs name."""

    account: Account
    users: dict[str, User]
    ids: dict[str, object] = field(default_factory=dict)


def make_account() -> World:
    environment = EnvironmentFactory()
    account = environment.project.account
    full = MembershipFactory(account=account).user
    read_only = MembershipFactory(account=account, read_only=True).user
    ids = {"account_id": account.pk, "project_id": environment.project_id, "app_id": environment.app_id}
    return World(account, {"full": full, "read_only": read_only}, ids)


@pytest.fixture
def world() -> World:
    ours, theirs = make_account(), make_account()
    ours.users["stranger"] = theirs.users["full"]
    ours.users["staff"] = UserFactory(is_staff=True, is_superuser=True)
    return ours


def patterns(resolver: URLResolver, prefix: str = "") -> dict[str, set[str]]:
    """{view name: names of the ids in its URL} for everything below `resolver`."""
    found: dict[str, set[str]] = {}
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            if entry.name:
                found[f"{prefix}{entry.name}"] = set(entry.pattern.converters)
        else:
            found |= patterns(entry, f"{prefix}{entry.namespace}:" if entry.namespace else prefix)
    return found


OURS = ("accounts:", "projects:", "ipfilter:", "collector:", "analytics:", "support:")
PARAMS = {name: ids for name, ids in patterns(get_resolver()).items() if name.startswith(OURS)}


def answer(world: World, role: str, name: str, method: str) -> int | str:
    client = Client()
    if role != "anonymous":
        client.force_login(world.users[role])
    url = reverse(name, kwargs={key: world.ids[key] for key in PARAMS[name]})
    response = getattr(client, method)(url)
    is_login = response.status_code == 302 and response.url.startswith(reverse(settings.LOGIN_URL))
    return LOGIN if is_login else response.status_code


def test_every_url_is_in_the_table():
    assert set(PARAMS) == set(TABLE) | NOT_IN_AN_ACCOUNT


@pytest.mark.parametrize("name", TABLE)
def test_each_role_gets_what_the_table_says(world, name):
    method, *expected = TABLE[name]

    assert [answer(world, role, name, method) for role in ROLES] == expected


@pytest.mark.parametrize("name", WRITES)
def test_each_role_may_write_what_the_table_says(world, name):
    assert [answer(world, role, name, "post") for role in ROLES] == list(WRITES[name])


@pytest.mark.parametrize("name", TABLE)
def test_every_view_goes_through_the_door(name):
    view = resolve_view(name)

    assert hasattr(view, "needs"), f"{name} is not wrapped by a door decorator"


def resolve_view(name: str):
    def find(resolver: URLResolver, prefix: str = ""):
        for entry in resolver.url_patterns:
            if isinstance(entry, URLPattern):
                if f"{prefix}{entry.name}" == name:
                    return entry.callback
            elif found := find(entry, f"{prefix}{entry.namespace}:" if entry.namespace else prefix):
                return found
        return None

    return find(get_resolver())


def test_another_projects_environment_cannot_be_copied_from(world):
    foreign = EnvironmentFactory(project=ProjectFactory(account=AccountFactory()))
    client = Client()
    client.force_login(world.users["full"])

    response = client.post(
        reverse("projects:environment_add", args=[world.ids["project_id"]]),
        {"name": "Copy", "source": foreign.pk},
    )

    assert "source" in response.context["form"].errors
