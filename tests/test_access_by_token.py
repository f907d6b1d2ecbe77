"""Every path of the read API × {no token, tokens of others, tokens that lack its scope or whose maker lacks the right}.

The table is made from the URLs, so a new path is in it, and fails where nothing says what it needs.
"""

import json

import pytest
from django.test import Client

from accounts.models import Account, Activity
from accounts.policy import Can
from analytics.views.read_api.urls import ROOT, urlpatterns
from ipfilter.models import ExcludedIPList
from projects.api_tokens import tokens
from projects.models import ApiToken, TokenScope
from tests.factories import ApiTokenFactory, EnvironmentFactory
from tests.world import make_world

pytestmark = pytest.mark.django_db
NOUNS = ("definition", "segment", "report", "dashboard")
D, Q, R, W = (
    TokenScope.DEFINITIONS,
    TokenScope.QUERIES,
    TokenScope.EXCLUDED_IPS,
    TokenScope.CHANGE_EXCLUDED_IPS,
)
IN = "environments/<app_id:app_id>/"
TABLE = {  # method and path: the scope, the right
    "GET project": (None, Can.VIEW),
    "GET environments": (D, Can.VIEW),
    **{f"GET {IN}{noun}s": (D, Can.VIEW) for noun in NOUNS},
    **{f"GET {IN}{noun}s/<uuid:lineage>": (D, Can.VIEW) for noun in NOUNS},
    f"GET {IN}reports/<uuid:lineage>/answer": (Q, Can.VIEW),
    f"GET {IN}questions/<str:kind>": (Q, Can.VIEW),
    f"GET {IN}catalogue/events": (D, Can.VIEW),
    f"GET {IN}catalogue/properties": (D, Can.VIEW),
    f"GET {IN}excluded-ips": (R, Can.VIEW),
    f"PUT {IN}excluded-ips": (W, Can.MANAGE),
}
BODY = {"text": "192.0.2.7 # office", "version": 0}


def endpoints():
    """{"GET path": the view behind the door}."""
    found = {}
    for pattern in urlpatterns[:-1]:  # the last one is for paths that there are not
        for method, view in pattern.callback.by_method.items():
            found[f"{method} {str(pattern.pattern).removeprefix(ROOT)}"] = view
    return found


@pytest.fixture
def world():
    return make_world()


def token_of(world, role="full", **fields):
    secret = tokens.new_secret()
    membership = world.account.memberships.get(user=world.users[role])
    ApiTokenFactory(project_id=world.ids["project_id"], membership=membership, secret=secret, **fields)
    return secret


def ask(world, endpoint, secret, **instead):
    method, _, path = endpoint.partition(" ")
    ids = world.ids | instead
    for name, value in (("app_id:app_id", ids["app_id"]), ("uuid:lineage", ids["lineage"]), ("str:kind", "graph")):
        path = path.replace(f"<{name}>", str(value))
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    client = Client(raise_request_exception=False)
    body = {"data": json.dumps(BODY), "content_type": "application/json"} if method == "PUT" else {}
    return getattr(client, method.lower())(f"/{ROOT}{path}", headers=headers, **body)


def test_the_table_has_every_path_with_what_it_needs():
    assert {name: (view.scope, view.right) for name, view in endpoints().items()} == TABLE


@pytest.mark.parametrize("endpoint", TABLE)
def test_a_token_for_everything_of_a_person_with_full_access_opens_it(world, endpoint):
    assert ask(world, endpoint, token_of(world)).status_code == 200


@pytest.mark.parametrize("endpoint", TABLE)
def test_a_read_only_persons_token_reads_only(world, endpoint):
    before = list(ExcludedIPList.objects.values())

    status = ask(world, endpoint, token_of(world, "read_only")).status_code

    assert status == (200 if TABLE[endpoint][1] is Can.VIEW else 403)
    assert list(ExcludedIPList.objects.values()) == before


@pytest.mark.parametrize("endpoint", TABLE)
def test_nothing_else_opens_it(world, endpoint):
    """Without a token, with one that is none, with a session alone, with a token in the address."""
    secret = token_of(world)
    key = ApiToken.objects.get(digest=tokens.digest(secret))

    for other in ("", "x", tokens.new_secret(), secret[:-1], secret.upper(), key.digest, "hpa_" + "é" * 9):
        response = ask(world, endpoint, other.encode("ascii", "replace").decode())
        assert (response.status_code, response.json()["code"]) == (401, "token")
        assert "Bearer" in response["WWW-Authenticate"]
    ids = world.ids
    signed_in = world.client("full").get(f"/{ROOT}environments/{ids['app_id']}/definitions")
    assert signed_in.status_code == 401
    in_address = Client().get(f"/{ROOT}project?token={secret}", headers={"Authorization": f"Bearer {secret}"})
    assert (in_address.status_code, in_address.json()["code"]) == (400, "token_in_address")


@pytest.mark.parametrize("endpoint", TABLE)
def test_it_needs_its_scope_and_no_other(world, endpoint):
    scope, _ = TABLE[endpoint]
    others = [each for each in TokenScope.values if each != scope]

    without = ask(world, endpoint, token_of(world, scopes=others))

    assert without.status_code == (403 if scope else 200)
    if scope:
        assert str(scope) in without.json()["detail"]
        assert ask(world, endpoint, token_of(world, scopes=[scope])).status_code == 200


@pytest.mark.parametrize("endpoint", [each for each in TABLE if "app_id" in each])
def test_nothing_of_another_account_or_project_is_reached(world, endpoint):
    secret = token_of(world)
    same_account = EnvironmentFactory(project__account=world.account)

    for app_id in (world.theirs.ids["app_id"], same_account.app_id, "9999999999"):
        assert ask(world, endpoint, secret, app_id=app_id).status_code == 404
    if "lineage" in endpoint:
        assert ask(world, endpoint, secret, lineage=world.theirs.ids["lineage"]).status_code == 404
    assert not ExcludedIPList.objects.exists()


@pytest.mark.parametrize("endpoint", TABLE)
def test_without_the_second_factor_that_the_account_requires_nothing_opens(world, endpoint):
    secret = token_of(world)
    Account.objects.filter(pk=world.account.pk).update(require_second_factor=True)

    response = ask(world, endpoint, secret)

    assert (response.status_code, response.json()["code"]) == (403, "right")


def test_demotion_holds_from_the_next_request_on(world):
    secret, [write] = token_of(world), [each for each in TABLE if each.startswith("PUT")]
    assert ask(world, write, secret).status_code == 200

    world.account.memberships.filter(user=world.users["full"]).update(read_only=True)

    response = ask(world, write, secret)
    assert (response.status_code, response.json()["code"]) == (403, "right")
    assert ExcludedIPList.objects.get().version == 1


@pytest.mark.parametrize("method", ["post", "delete", "patch", "put", "options", "head"])
@pytest.mark.parametrize("path", ["project", "nothing", "environments/1/definitions/x", "environments/abc/definitions"])
def test_other_methods_and_paths_are_refused_as_problems(world, method, path):
    response = getattr(Client(), method)(f"/{ROOT}{path}")

    assert response.status_code == (405 if path == "project" else 404)
    assert response["Content-Type"] == "application/problem+json"
    assert not Activity.objects.exists()
