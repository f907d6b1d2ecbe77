"""How often sign-ins at providers may begin and end, and how often we ask somebody's server for somebody."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.accounts import own_provider
from tests.accounts.sso import leads_to, make_provider, prove, there_and_back

pytestmark = pytest.mark.django_db


@pytest.fixture
def own(settings):
    settings.SSO_INTERNAL_HOSTS = ["127.0.0.1"]
    with own_provider.running() as provider:
        yield provider


@pytest.fixture
def provider(account, ada, own):
    prove(account, "works.example")
    return make_provider(account, own.issuer)


def limit(settings, **rates):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | rates


def test_an_office_comes_in_from_one_address_and_no_browser_goes_round_for_ever(provider, own):
    start, answer = (reverse(f"accounts:sso_{page}", args=[provider.slug]) for page in ("start", "answer"))

    for number in range(40):
        own.person |= {"sub": str(number), "email": f"p{number}@works.example"}
        assert there_and_back(own, provider, Client()).status_code == 302
    browser = Client()
    assert browser.post(start).status_code == 200
    answers = [browser.get(answer, {"state": "x"}).status_code for _ in range(25)]
    assert set(answers[:20]) == {403} and set(answers[20:]) == {429}
    assert browser.post(start).status_code == 429
    assert Client().post(start).status_code == 200


def test_answers_count_too(provider, own, settings):
    limit(settings, sso="3/m/ip")
    client = Client()
    brought = own.asked_to_sign_in(leads_to(client.post(reverse("accounts:sso_start", args=[provider.slug]))))
    answer = reverse("accounts:sso_answer", args=[provider.slug])

    assert [client.get(answer, {"state": "x"}).status_code for _ in range(3)] == [403, 403, 429]
    assert client.get(answer, brought).status_code == 429 and not own.forms
    signed_out = client.get(reverse("accounts:sso_signed_out", args=[provider.slug]))
    assert signed_out.status_code == 200 and own.issuer not in signed_out.content.decode()


def test_settings_ask_providers_and_name_servers_so_often(provider, own, settings, browser_of, ada):
    limit(settings, sso_setup="2/m/user")
    client, account = browser_of(ada.user), provider.account_id
    add = reverse("accounts:sso_provider_add", args=[account])
    domain = reverse("accounts:sso_domain", args=[account, provider.account.sso_domains.get().pk])
    form = {"name": "x", "issuer": own.issuer, "client_id": "x", "joins_read_only": "True"}

    assert [client.post(add, form).status_code for _ in range(3)] == [302, 302, 429]
    assert client.get(add).status_code == 200
    assert client.post(domain, {"do": "check"}).status_code == 429
    assert client.post(reverse("accounts:sso_saml_add", args=[account])).status_code == 429


def test_a_provider_that_is_down_is_not_asked_at_each_click(provider, own):
    own.about = {"issuer": "https://another.example"}
    start = reverse("accounts:sso_start", args=[provider.slug])

    shown = [Client().post(start) for _ in range(3)]

    assert [each.status_code for each in shown] == [424] * 3
    assert len({each.content.decode().partition("<main")[2] for each in shown}) == 1
    assert own.paths == ["/.well-known/openid-configuration"]
