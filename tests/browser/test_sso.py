"""Single sign-on as people meet it, with a provider that is not ours: `oidc-provider-mock`, over real HTTP."""

import pytest
from django.urls import reverse
from oidc_provider_mock import User as TheirUser
from oidc_provider_mock import run_server_in_thread
from playwright.sync_api import expect

from accounts.models import User
from tests.accounts.sso import make_provider, prove

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the provider's
NEWCOMER = {"email": "mary@works.example", "email_verified": True, "name": "Mary Somerville"}


@pytest.fixture
def issuer(settings, live_server):
    settings.SITE_URL = live_server.url
    settings.SSO_INTERNAL_HOSTS = ["localhost"]
    people = [TheirUser(sub="mary", claims=NEWCOMER), TheirUser(sub="ada", claims={"email": "ada@shop.example"})]
    with run_server_in_thread(user_claims=people) as server:
        yield f"http://localhost:{server.server_port}"


def test_somebody_new_comes_in_from_the_sign_in_page_and_goes_out_again(new_page, teammate, issuer):
    page = new_page()
    make_provider(teammate.account, issuer, name="Works")
    prove(teammate.account, "works.example")
    page.goto(reverse("account_login"))
    page.get_by_role("button", name="Single sign-on").click()
    page.get_by_label("Your e-mail address at work").fill("mary@works.example")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Continue with Works")).to_be_visible()

    page.get_by_role("button", name="Continue with Works").click()
    page.get_by_role("button", name="mary", exact=True).click()

    expect(page.get_by_role("link", name="Dashboard")).to_be_visible()
    assert User.objects.get(email="mary@works.example").memberships.get().read_only
    page.goto(reverse("account_change_password"))
    expect(page.get_by_role("heading", name="This takes your own password")).to_be_visible()
    page.goto(reverse("accounts:profile"))
    page.get_by_text("Mary Somerville").first.click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign out of Works too")).to_be_visible()
