"""Single sign-on by SAML as people meet it: the provider's page posts its answer from another site."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from accounts.sso import saml_flow
from accounts.sso.models import IdentityProvider
from tests.accounts.saml.provider import SamlProvider
from tests.accounts.saml.test_flow import make_saml_provider
from tests.accounts.sso import prove


@pytest.fixture
def works(teammate, settings, live_server):
    """A provider on "localhost", which is another site than the "127.0.0.1" of ours."""
    settings.SITE_URL = live_server.url.replace("localhost", "127.0.0.1")
    settings.SSO_INTERNAL_HOSTS = ["localhost"]
    prove(teammate.account, "works.example")
    known = SamlProvider()
    known.attributes = {"email": ["mary@works.example"], "displayName": ["Mary Somerville"]}
    provider = make_saml_provider(teammate.account, known)
    with known.served(saml_flow.ours(provider)):
        IdentityProvider.objects.update(sign_in_url=known.sign_in_url)
        yield known


def test_somebody_new_comes_in_from_the_sign_in_page(new_page, works, settings):
    page = new_page(base_url=settings.SITE_URL)
    cookies = []
    page.on(
        "request",
        lambda asked: (
            "/saml/answer/" in asked.url and cookies.append((asked.method, asked.all_headers().get("cookie")))
        ),
    )
    page.goto(reverse("account_login"))
    page.get_by_role("button", name="Single sign-on").click()
    page.get_by_label("Your e-mail address at work").fill("mary@works.example")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Continue with Works").click()

    page.get_by_role("button", name="Sign in as 00u1-ada").click()

    expect(page.get_by_role("link", name="Dashboard")).to_be_visible()
    assert User.objects.get(email="mary@works.example").memberships.get().read_only
    (first, without), (second, session) = cookies
    assert (first, without) == ("POST", None)  # what a test client would not show
    assert second == "GET" and settings.SESSION_COOKIE_NAME in session


def test_an_answer_that_is_not_believed_says_why_and_signs_nobody_out(new_page, works, teammate, settings):
    page = new_page(base_url=settings.SITE_URL)
    works.lies = {"recipient": "https://elsewhere.example/"}
    page.goto(reverse("accounts:sso_start", args=[IdentityProvider.objects.get().slug]))
    page.get_by_role("button", name="Continue with Works").click()

    page.get_by_role("button", name="Sign in as 00u1-ada").click()

    expect(page.get_by_text("The answer is for another recipient")).to_be_visible()
    page.get_by_role("link", name="Try Works again").click()
    works.lies = {}
    page.get_by_role("button", name="Continue with Works").click()
    page.get_by_role("button", name="Sign in as 00u1-ada").click()
    expect(page.get_by_role("link", name="Dashboard")).to_be_visible()


def test_the_page_of_a_provider_is_readable_everywhere(ada, works, teammate, axe_clean):
    IdentityProvider.objects.update(issuer="https://provider.example/" + "x" * 250, tested_at=timezone.now())
    provider = IdentityProvider.objects.get()
    ada.goto(reverse("accounts:sso_saml_add", args=[teammate.account.pk]))
    axe_clean(ada)
    ada.goto(reverse("accounts:sso_provider", args=[teammate.account.pk, provider.pk]))
    axe_clean(ada)

    ada.set_viewport_size({"width": 360, "height": 800})

    assert ada.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
