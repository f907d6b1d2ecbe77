"""What is made for one person is kept by no cache: neither a proxy's nor the browser's, which others may use later."""

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from tests.world import make_world, patterns, resolve_view

pytestmark = pytest.mark.django_db
PRIVATE = "private, no-store"
URLS = patterns(get_resolver())
IDS = {  # of URLs with ids in a regular expression, or in the path of an include, which `patterns` does not read
    "account_confirm_email": {"key": "x"},
    "account_reset_password_from_key": {"uidb36": "1", "key": "x-y"},
    "admin:app_list": {"app_label": "support"},
    "mfa_edit_webauthn": {"pk": 1},
    "mfa_remove_webauthn": {"pk": 1},
}


def needs_sign_in(name):
    """What Django's LoginRequiredMiddleware goes by."""
    return getattr(resolve_view(name), "login_required", True)


PRIVATE_URLS = sorted(filter(needs_sign_in, URLS))
PUBLIC_URLS = sorted(URLS.keys() - PRIVATE_URLS)


@pytest.fixture
def world():
    return make_world()


def url(world, name):
    return reverse(name, kwargs=IDS.get(name) or {key: world.ids.get(key, 1) for key in URLS[name]})


def test_the_walk_knows_both_kinds():
    assert {"analytics:dashboard", "admin:index", "account_change_password", "components_page"} <= set(PRIVATE_URLS)
    assert {"account_login", "support:status", "accounts:invitation"} <= set(PUBLIC_URLS)


@pytest.mark.parametrize("role", ["anonymous", "full", "staff"])
def test_pages_that_need_a_sign_in_are_kept_nowhere(world, role):
    client = world.client(role)

    told = {name: client.get(url(world, name)).get("Cache-Control") for name in PRIVATE_URLS}

    assert told == dict.fromkeys(PRIVATE_URLS, PRIVATE)


def test_public_pages_are_as_they_were(world):
    told = {name: Client().get(url(world, name)).get("Cache-Control") for name in PUBLIC_URLS}

    assert PRIVATE not in told.values()
    assert "public" in told["support:status"]


def test_a_public_page_that_shows_who_is_signed_in_is_kept_nowhere(world):
    response = world.client("full").get(reverse("support:talk"))

    assert response["Cache-Control"] == PRIVATE


@pytest.mark.parametrize("path", ["/nothing/here/", "/env/1/dashboard/"])
def test_a_404_that_shows_who_is_signed_in_is_kept_nowhere(world, path):
    response = world.client("full").get(path)

    assert response.status_code == 404
    assert response["Cache-Control"] == PRIVATE


def test_a_refused_form_is_kept_nowhere(world):
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.users["full"])

    response = client.post(reverse("accounts:leave", args=[world.account.pk]))

    assert response.status_code == 403
    assert response["Cache-Control"] == PRIVATE


def test_static_files_are_kept_as_before():
    response = Client().get("/static/css/tokens.css")

    assert "private" not in response.get("Cache-Control", "")
