"""API keys in a real browser: made, used, revoked, and seen by somebody who may only look."""

import base64

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.conftest import sign_in
from tests.factories import ApiKeyFactory, MembershipFactory

WIDTHS = (360, 400, 768, 1280, 2560)


@pytest.fixture
def project(teammate):
    return teammate.environment.project


def url(name, *ids):
    return reverse(f"projects:api_key_{name}", args=ids)


def create(page, project, name="Nightly"):
    page.goto(url("create", project.pk))
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create API key").click()
    return page.get_by_role("region", name="the secret").inner_text()


def status_of_a_token(page, teammate, secret):
    login = base64.b64encode(f"{teammate.environment.app_id}:{secret}".encode()).decode()
    return page.request.post("/api/public/v0/auth_token", headers={"Authorization": f"Basic {login}"}).status


@pytest.mark.parametrize("java_script", [True, False])
def test_a_key_is_made_used_and_revoked(new_page, live_server, teammate, project, java_script):
    page = sign_in(new_page(java_script_enabled=java_script), teammate.user, live_server.url)
    page.goto(reverse("projects:project_list", args=[teammate.account.pk]))
    page.get_by_role("link", name="API keys of Shop").click()
    page.get_by_role("link", name="Create API Key").click()
    page.get_by_label("Name").fill("Nightly")
    page.get_by_role("button", name="Create API key").click()
    secret = page.get_by_role("region", name="the secret").inner_text()
    assert status_of_a_token(page, teammate, secret) == 200

    page.get_by_role("link", name="All API keys").click()
    expect(page.get_by_role("row", name="Nightly")).to_contain_text("in force")
    page.get_by_role("link", name="Revoke Nightly").click()
    page.get_by_role("button", name="Revoke Nightly").click()

    expect(page.locator(".messages")).to_contain_text("The API key Nightly is revoked")
    expect(page.get_by_role("row", name="Nightly")).to_contain_text("revoked")
    assert status_of_a_token(page, teammate, secret) == 401


def places(page, teammate, project):
    """The pages one after the other, each loaded."""
    yield page.goto(url("list", project.pk))
    yield page.goto(url("create", project.pk))
    yield create(page, project, "A program with a very long name that somebody typed without a thought of tables")
    key = ApiKeyFactory(project=project, created_by=teammate.user, last_used_at=timezone.now())
    ApiKeyFactory(project=project, created_by=teammate.user, revoked_at=timezone.now(), revoked_by=teammate.user)
    yield page.goto(url("list", project.pk))
    yield page.goto(url("revoke", project.pk, key.pk))


def test_axe_finds_nothing_wrong(signed_in_page, teammate, project, axe_clean):
    for _ in places(signed_in_page, teammate, project):
        axe_clean(signed_in_page)


def test_nothing_scrolls_sideways(signed_in_page, teammate, project):
    too_wide = []
    for number, _ in enumerate(places(signed_in_page, teammate, project)):
        for width in WIDTHS:
            signed_in_page.set_viewport_size({"width": width, "height": 800})
            if signed_in_page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                too_wide.append((number, width))

    assert too_wide == []


def test_who_may_only_look_sees_keys_and_no_way_to_change_them(page, teammate, project, live_server, axe_clean):
    ApiKeyFactory(project=project, name="Nightly")
    reader = MembershipFactory(account=teammate.account, read_only=True).user
    sign_in(page, reader, live_server.url).goto(url("list", project.pk))

    expect(page.get_by_role("row", name="Nightly")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("link", name="Revoke")).to_have_count(0)
    expect(page.get_by_role("main").get_by_role("link", name="Create")).to_have_count(0)
    axe_clean(page)
