"""Signing in by OpenID Connect over real HTTP: what is sent, what is checked, and what is refused."""

import time

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Activity, User
from accounts.sso import oidc
from accounts.sso.models import SsoIdentity
from common.guarded_http import NoUsableAnswer
from tests.accounts import own_provider
from tests.accounts.sso import leads_to, make_provider, prove, signed_in, there_and_back

pytestmark = pytest.mark.django_db


@pytest.fixture
def own(settings):
    settings.SSO_INTERNAL_HOSTS = ["127.0.0.1"]
    with own_provider.running() as provider:
        yield provider


@pytest.fixture
def provider(account, own):
    prove(account, "works.example")
    own.person |= {"sub": "eve-1", "email": "Eve@Works.example", "name": "Eve"}
    return make_provider(account, own.issuer)


def test_who_is_in_a_proven_domain_joins_by_signing_in_and_is_known_from_then_on(provider, own, account):
    client = signed_in(own, provider)

    eve = User.objects.get(email="eve@works.example")
    assert eve.memberships.get().read_only and eve.memberships.get().account == account
    assert not eve.has_usable_password()
    assert client.get(reverse("accounts:teammate_list", args=[account.pk])).status_code == 200
    again = signed_in(own, provider, email="renamed@elsewhere.example", email_verified=False)  # the address may change
    assert again.session["_auth_user_id"] == str(eve.pk)
    assert [own.forms[0][name] for name in ("grant_type", "code")] == ["authorization_code", "a-code"]
    assert own.forms[0]["login"].startswith("Basic ") and "client_secret" not in own.forms[0]
    asked = {name: own.asked[name] for name in ("response_type", "code_challenge_method", "redirect_uri")}
    assert asked == {
        "response_type": "code",
        "code_challenge_method": "S256",
        "redirect_uri": f"http://127.0.0.1:8000/account/sso/{provider.slug}/answer/",
    }
    verbs = Activity.objects.filter(account=account).values_list("verb", flat=True)
    assert {"sso.join", "login.sign_in"} <= set(verbs)


NOW = int(time.time())
LIES = {
    "another issuer": {"iss": "https://login.other.example"},
    "another audience": {"aud": "another-client"},
    "two audiences, not for us": {"aud": ["heapadmin", "other"], "azp": "other"},
    "expired": {"exp": NOW - 3_600},
    "without an end": {"exp": None},
    "made long ago": {"iat": NOW - 3_600},
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "nobody": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject with NUL": {"sub": "eve\0"},
    "a long subject": {"sub": "x" * 256},
    "the address is not verified": {"email_verified": False},
    "verified is the text true": {"email_verified": "true"},
    "verified is the text false": {"email_verified": "false"},
    "verified is a number": {"email_verified": 1},
    "no word on whether it is verified": {"email_verified": None},
    "no address": {"email": None},
    "an address that is a list": {"email": ["eve@works.example"]},
    "an address that hides something": {"email": "eve\u202e@works.example"},
    "another domain, which ends alike": {"email": "eve@notworks.example"},
    "a domain below it": {"email": "eve@sub.works.example"},
    "two at signs": {"email": "eve@other.example@works.example"},
}


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_is_not_to_be_believed_signs_nobody_in(provider, own, lie):
    client = Client()
    own.claims = LIES[lie]

    answer = there_and_back(own, provider, client)

    assert answer.status_code == 403 and "That did not work" in answer.content.decode()
    assert "_auth_user_id" not in client.session
    assert not SsoIdentity.objects.exists() and not User.objects.filter(email__contains="works").exists()


def test_a_token_that_others_signed_or_nobody_signs_nobody_in(provider, own):
    own.key = own_provider.OTHER_KEY
    assert there_and_back(own, provider, Client()).status_code == 403
    own.key, own.algorithm = None, "none"
    assert there_and_back(own, provider, Client()).status_code == 403
    own.key, own.algorithm = "heapadmin-and-more-characters-for-a-key-of-32-bytes", "HS256"
    assert there_and_back(own, provider, Client()).status_code == 403
    assert not SsoIdentity.objects.exists()


def test_an_answer_serves_once_and_in_the_browser_that_asked(provider, own, account):
    client, other = Client(), Client()
    brought = own.asked_to_sign_in(leads_to(client.post(reverse("accounts:sso_start", args=[provider.slug]))))
    answer_url = reverse("accounts:sso_answer", args=[provider.slug])

    assert other.get(answer_url, brought).status_code == 403  # nobody asked for it there
    assert client.get(answer_url, brought | {"state": "another"}).status_code == 403
    assert client.get(answer_url, {}).status_code == 403
    elsewhere = make_provider(account, own.issuer)
    assert client.get(reverse("accounts:sso_answer", args=[elsewhere.slug]), brought).status_code == 403
    brought = own.asked_to_sign_in(leads_to(client.post(reverse("accounts:sso_start", args=[provider.slug]))))
    assert client.get(answer_url, brought | {"error": "access_denied"}).status_code == 403
    assert client.get(answer_url, brought).status_code == 403  # that attempt is over
    brought = own.asked_to_sign_in(leads_to(client.post(reverse("accounts:sso_start", args=[provider.slug]))))
    assert client.get(answer_url, brought | {"iss": "https://login.other.example"}).status_code == 403
    brought = own.asked_to_sign_in(leads_to(client.post(reverse("accounts:sso_start", args=[provider.slug]))))
    assert client.get(answer_url, brought).status_code == 302
    client.logout()
    assert client.get(answer_url, brought).status_code == 403
    assert Client().get(reverse("accounts:sso_start", args=[provider.slug])).status_code == 200
    assert Client(enforce_csrf_checks=True).post(reverse("accounts:sso_start", args=[provider.slug])).status_code == 403


def test_where_to_go_afterwards_is_on_this_site(provider, own):
    start = reverse("accounts:sso_start", args=[provider.slug])
    for where_to, leads in (
        ("/account/me/", "/account/me/"),
        ("https://evil.example/", f"/account/{provider.account_id}/"),
    ):
        client = Client()
        brought = own.asked_to_sign_in(leads_to(client.post(start, {"next": where_to})))

        assert client.get(reverse("accounts:sso_answer", args=[provider.slug]), brought).url == leads


def test_what_the_token_leaves_out_is_asked_for_and_about_the_same_person(provider, own):
    own.claims = {"email": None, "email_verified": None}
    own.userinfo = {"sub": "somebody-else", "email": "eve@works.example", "email_verified": True}
    assert there_and_back(own, provider, Client()).status_code == 403

    own.userinfo["sub"] = "eve-1"
    signed_in(own, provider)


CONFIGURATIONS = {
    "another issuer": {"issuer": "https://login.other.example"},
    "a file": {"jwks_uri": "file:///etc/passwd"},
    "plain http to others": {"token_endpoint": "http://login.other.example/token"},
    "no endpoint": {"authorization_endpoint": None},
    "a script": {"authorization_endpoint": "javascript:alert(1)"},
    "a quote": {"end_session_endpoint": 'https://login.example/" onload="'},
}


@pytest.mark.parametrize("what", CONFIGURATIONS)
def test_a_provider_that_names_odd_addresses_is_not_used(own, what):
    own.about = CONFIGURATIONS[what]

    with pytest.raises(NoUsableAnswer):
        oidc.discover(own.issuer)


def test_no_redirect_is_followed_and_no_answer_is_read_for_ever(own, settings):
    own.redirects_to = f"{own.issuer}/.well-known/openid-configuration?again"
    with pytest.raises(NoUsableAnswer, match="leads on"):
        oidc.discover(own.issuer)
    own.redirects_to = ""
    own.configuration = lambda: b"{" + b" " * 1_000_000
    with pytest.raises(NoUsableAnswer, match="too large"):
        oidc.discover(own.issuer)
    own.configuration = lambda: b"[" * 100_000
    with pytest.raises(NoUsableAnswer, match="JSON"):
        oidc.discover(own.issuer)
    settings.SSO_INTERNAL_HOSTS = []
    with pytest.raises(NoUsableAnswer, match="https"):
        oidc.discover(own.issuer)
