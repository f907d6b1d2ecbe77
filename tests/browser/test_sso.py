"""Single sign-on as people meet it, with a provider that is not ours: `oidc-provider-mock`, over real HTTP."""

import pytest
from django.urls import reverse
from oidc_provider_mock import User as TheirUser
from oidc_provider_mock import run_server_in_thread
from playwright.sync_api import expect

from accounts.models import Account, User
from tests.accounts.sso import make_provider, prove
from tests.world import make_invitation

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


def test_the_installations_button_joins_and_the_pages_of_single_sign_on_are_readable(
    new_page, ada, teammate, issuer, settings, axe_clean
):
    settings.SSO_ISSUER, settings.SSO_CLIENT_ID, settings.SSO_CLIENT_SECRET = issuer, "heapadmin", "secret"
    settings.SSO_NAME, settings.SSO_DOMAINS = "Works " + "x" * 50, ["works.example"]
    provider = make_provider(teammate.account, issuer, name="Company")
    make_invitation(teammate.account, teammate.user, email="mary@works.example")
    page = new_page(viewport={"width": 360, "height": 800})
    page.goto(reverse("account_login"))
    axe_clean(page)

    page.get_by_role("button", name="Sign in with Works").click()
    page.get_by_role("button", name="ada", exact=True).click()
    expect(page.get_by_text("connect it with Works")).to_be_visible()
    axe_clean(page)
    page.get_by_role("link", name="Try Works").click()
    axe_clean(page)
    page.get_by_role("button", name="Continue with Works").click()
    page.get_by_role("button", name="mary", exact=True).click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.goto(reverse("accounts:sso_connections"))
    expect(page.get_by_text("All your accounts, connected since")).to_be_visible()
    axe_clean(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    Account.objects.filter(pk=teammate.account.pk).update(require_sso=True)
    page.goto(reverse("accounts:open", args=[teammate.account.pk]))
    expect(page.get_by_role("button", name="Connect with Company")).to_be_visible()
    axe_clean(page)
    Account.objects.filter(pk=teammate.account.pk).update(require_sso=False)
    for name, *more in (("sso",), ("sso_provider_add",), ("sso_provider", provider.pk), ("scim",)):
        ada.goto(reverse(f"accounts:{name}", args=[teammate.account.pk, *more]))
        axe_clean(ada)
