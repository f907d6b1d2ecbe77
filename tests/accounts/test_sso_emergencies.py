"""Single sign-on when things come together: two windows, a kill in between, a closed account, a lost second factor."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, User
from accounts.second_factor import has_second_factor
from accounts.sso import session
from accounts.sso.actions import people, providers, ways_back
from accounts.sso.models import SsoIdentity, WayBack
from accounts.sso.person import SsoPerson
from tests.accounts import own_provider
from tests.accounts.conftest import PASSWORD
from tests.accounts.sso import make_provider, prove, there_and_back
from tests.accounts.test_second_factor import with_app
from tests.together import both_at_once

pytestmark = pytest.mark.django_db
EVE = {"sub": "eve-1", "email": "eve@works.example", "name": "Eve"}


@pytest.fixture
def own(settings):
    settings.SSO_INTERNAL_HOSTS = ["127.0.0.1"]
    with own_provider.running() as provider:
        provider.person |= EVE
        yield provider


@pytest.fixture
def provider(account, ada, own):
    prove(account, "works.example")
    return make_provider(account, own.issuer)


@pytest.mark.django_db(transaction=True)
def test_the_same_person_comes_for_the_first_time_in_two_windows(account, ada):
    prove(account, "works.example")
    provider = make_provider(account, "https://id.example")
    person = SsoPerson("https://id.example", "eve-1", "eve@works.example", email_verified=True)

    def come():
        people.join(provider=provider, person=person)

    assert both_at_once(come, come, come, come) == [None] * 4
    eve = User.objects.get(email="eve@works.example")
    assert SsoIdentity.objects.get().user == eve and eve.memberships.count() == 1


@pytest.mark.parametrize("step", [(people, "_give_membership"), (people, "_bind"), (session, "begin")])
def test_a_first_sign_in_that_was_cut_off_is_made_by_the_next_one(provider, own, monkeypatch, step):
    with monkeypatch.context() as cut:

        def die(*args, **kwargs):
            raise KeyboardInterrupt

        cut.setattr(*step, die)
        with pytest.raises(KeyboardInterrupt):
            there_and_back(own, provider, Client())

    assert there_and_back(own, provider, Client()).status_code == 302
    eve = User.objects.get(email="eve@works.example")
    assert (eve.memberships.count(), eve.sso_identities.count()) == (1, 1)


def test_a_closed_account_lets_nobody_in_and_a_reopened_one_knows_everybody(provider, own, account):
    client, late = Client(), Client()
    there_and_back(own, provider, client)
    eve = User.objects.get(email="eve@works.example")
    page = reverse("accounts:teammate_list", args=[account.pk])
    start, answer = (reverse(f"accounts:sso_{name}", args=[provider.slug]) for name in ("start", "answer"))
    late.post(start)  # it was open when they set out
    state = late.session["sso_attempts"][0]["state"]

    Account.objects.update(closed_at=timezone.now())
    assert client.get(page).status_code == 403 and Client().post(start).status_code == 404
    assert late.get(answer, {"code": "a-code", "state": state}).status_code == 404
    Account.objects.update(closed_at=None)

    again = Client()
    assert there_and_back(own, provider, again).status_code == 302 and again.get(page).status_code == 200
    assert again.session["_auth_user_id"] == str(eve.pk)


@pytest.fixture
def locked(provider, account, ada):
    """The account requires single sign-on, and Ada is its only way back."""
    ada.user.set_password(PASSWORD)
    ada.user.save()
    with_app(ada.user)
    ways_back.name(membership=ada, by=ada.user)
    WayBack.objects.update(tried_at=timezone.now())
    providers.require(account=account, by=ada.user)
    return account


@pytest.mark.parametrize("kind", ["mfa_deactivate_totp", "mfa_remove_webauthn"])
def test_the_last_way_back_keeps_its_second_factor(locked, ada, grace, browser_of, kind):
    key = Authenticator.objects.get(user=ada.user)
    if kind == "mfa_remove_webauthn":
        Authenticator.objects.update(type=Authenticator.Type.WEBAUTHN, data={"name": "Key"})
    page = reverse(kind, args=[key.pk] if kind == "mfa_remove_webauthn" else [])
    client = browser_of(ada.user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    answer = client.post(page, follow=True)

    assert has_second_factor(ada.user.pk) and "last way back" in answer.content.decode()
    with_app(grace.user)
    assert ways_back.depends_on_factor(user=ada.user)
    WayBack.objects.create(membership=grace)
    assert not ways_back.depends_on_factor(user=ada.user)
    WayBack.objects.filter(membership=grace).delete()
    Account.objects.update(require_sso=False)
    assert not ways_back.depends_on_factor(user=ada.user)


def test_the_forms_for_passwords_do_not_tell_who_comes_by_single_sign_on(provider, own):
    there_and_back(own, provider, Client())
    pages = {}

    for form in ("account_login", "account_reset_password"):
        for address in ("eve@works.example", "nobody@works.example"):
            fields = {"login": address, "email": address, "password": "wrong wrong wrong"}
            answer = Client().post(reverse(form), fields, follow=True)
            text = answer.content.decode().partition("<main")[2].replace(address, "")
            text = re.sub(r'csrfmiddlewaretoken"\s+value="\w+"', "", text)
            pages.setdefault(form, []).append((answer.status_code, text))

    for form, (of_eve, of_nobody) in pages.items():
        assert of_eve == of_nobody, form
