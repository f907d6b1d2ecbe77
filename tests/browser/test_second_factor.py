"""Second factors as a person sets them up and uses them: an authenticator app, recovery codes, a passkey."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.authenticator import code_for

PASSWORD = "correct horse battery"


@pytest.fixture
def ada(teammate):
    teammate.user.set_password(PASSWORD)
    teammate.user.save(update_fields=["password"])
    return teammate.user


@pytest.fixture
def passkeys(settings, live_server):
    """Browsers allow passkeys on http://localhost, where the live server is."""
    settings.SITE_URL = live_server.url
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True


def sign_in_by_form(page):
    page.goto(reverse("account_login"))
    page.get_by_label("E-mail").fill("ada@shop.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: not url.endswith(reverse("account_login")))


def confirm_password(page):
    """Answer the page that asks for the password again before anything about signing in changes."""
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def set_up_app(page):
    """Turn the authenticator app on."""
    page.goto(reverse("mfa_activate_totp"))
    confirm_password(page)
    type_code(page)


def type_code(page):
    secret = page.get_by_role("region", name="the secret").inner_text().strip()
    page.get_by_label("Authenticator code").fill(code_for(secret))
    page.get_by_role("button", name="Turn on").click()


def add_authenticator(page):
    """Give the page's browser a device that confirms every passkey by itself."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_setting_up_an_authenticator_app_shows_the_recovery_codes(page, ada, axe_clean):
    sign_in_by_form(page)
    page.goto(reverse("mfa_activate_totp"))
    axe_clean(page)
    confirm_password(page)
    expect(page.get_by_alt_text("QR code with the secret that stands below")).to_be_visible()
    axe_clean(page)

    type_code(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    assert len(page.get_by_role("region", name="Recovery codes").inner_text().split()) == 10
    axe_clean(page)


def test_the_second_factor_is_asked_for_when_signing_in(page, other_page, ada, axe_clean):
    sign_in_by_form(page)
    set_up_app(page)
    recovery_code = page.get_by_role("region", name="Recovery codes").inner_text().split()[0]

    sign_in_by_form(other_page)
    expect(other_page.get_by_role("heading", level=1)).to_have_text("Second factor")
    axe_clean(other_page)
    other_page.locator("#id_code").fill(recovery_code)
    other_page.get_by_role("button", name="Sign in", exact=True).click()

    expect(other_page.get_by_label("Ada Lovelace: menu")).to_be_visible()


def test_a_passkey_signs_in_instead_of_the_password(page, ada, passkeys, axe_clean):
    add_authenticator(page)
    sign_in_by_form(page)
    page.goto(reverse("mfa_add_webauthn"))
    confirm_password(page)
    axe_clean(page)
    page.get_by_label("Sign in with it instead of the password").check()
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_url("**/recovery-codes/")
    page.goto(reverse("mfa_list_webauthn"))
    axe_clean(page)

    page.context.clear_cookies()
    page.goto(reverse("account_login"))
    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_label("Ada Lovelace: menu")).to_be_visible()


def test_a_passkey_that_is_not_there_is_said_in_words(page, ada, passkeys):
    add_authenticator(page)
    page.goto(reverse("account_login"))

    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_role("alert")).to_contain_text("The passkey")
