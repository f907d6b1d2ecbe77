"""An account may let in only those who use a second factor."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Activity, User
from accounts.second_factor import WHERE_TO, has_second_factor
from tests.accounts.conftest import PASSWORD
from tests.authenticator import code_for
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
PERIOD_SECONDS = 30  # of a code


@pytest.fixture
def bob(account, ada):
    return MembershipFactory(account=account, user=User.objects.create_user("bob@shop.example", PASSWORD))


@pytest.fixture
def requiring(account):
    account.require_second_factor = True
    account.save(update_fields=["require_second_factor"])
    return account


def with_app(user):
    """Give the user an authenticator app; returns its secret."""
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(user, secret)
    return secret


def with_password(user):
    """A browser in which the password was typed; with a second factor, that is not all."""
    client = Client()
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    return client


def set_up_app(client):
    """Set up an authenticator app as its person does; returns its secret and the code that was typed."""
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    typed = code_for(secret)
    client.post(reverse("mfa_activate_totp"), {"code": typed})
    return secret, typed


def test_who_has_none_is_led_to_set_one_up(requiring, bob, browser_of):
    client = browser_of(bob.user)

    response = client.get(reverse("accounts:teammate_list", args=[requiring.pk]), follow=True)

    assert response.redirect_chain[0][0] == reverse("accounts:second_factor_required")
    assert "Shop" in response.content.decode()


@pytest.mark.parametrize("name", ["accounts:leave", "projects:project_create"])
def test_no_page_of_the_account_opens_by_get_or_post(requiring, bob, browser_of, name):
    client, url = browser_of(bob.user), reverse(name, args=[requiring.pk])

    for answer in (client.get(url), client.post(url, {"name": "X"})):
        assert answer.status_code == 302
        assert answer.url == reverse("accounts:second_factor_required")


def test_a_part_or_a_form_leads_the_whole_page_to_set_one_up_and_back_to_itself(requiring, bob, browser_of):
    client = browser_of(bob.user)
    seen = reverse("accounts:teammate_list", args=[requiring.pk]) + "?page=2"
    part = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{seen}"}

    answer = client.get(reverse("accounts:activity_list", args=[requiring.pk]), headers=part)

    assert (answer.status_code, answer.content) == (403, b"")
    assert answer["HX-Redirect"] == reverse("accounts:second_factor_required")
    assert client.session[WHERE_TO] == seen

    client.post(
        reverse("accounts:invite", args=[requiring.pk]), headers={"Referer": "http://testserver" + seen.split("?")[0]}
    )
    assert client.session[WHERE_TO] == seen.split("?")[0]


def test_who_has_one_gets_in(requiring, bob, browser_of):
    with_app(bob.user)

    assert browser_of(bob.user).get(reverse("accounts:teammate_list", args=[requiring.pk])).status_code == 200


def test_recovery_codes_alone_do_not_count(bob):
    Authenticator.objects.create(user=bob.user, type=Authenticator.Type.RECOVERY_CODES, data={})

    assert not has_second_factor(bob.user_id)


def test_another_account_of_the_same_person_stays_open(requiring, bob, browser_of):
    other = MembershipFactory(user=bob.user)

    assert browser_of(bob.user).get(reverse("accounts:teammate_list", args=[other.account_id])).status_code == 200


def test_signing_in_asks_for_the_code_and_takes_it_once(bob):
    secret = with_app(bob.user)

    client = with_password(bob.user)
    assert client.get(reverse("accounts:profile")).status_code == 302
    typed = code_for(secret)
    client.post(reverse("mfa_authenticate"), {"code": typed})
    assert client.get(reverse("accounts:profile")).status_code == 200

    again = with_password(bob.user)
    again.post(reverse("mfa_authenticate"), {"code": typed})
    assert again.get(reverse("accounts:profile")).status_code == 302


def test_a_password_reset_does_not_get_around_the_second_factor(bob):
    with_app(bob.user)
    client = Client()
    bob.user.set_password("another long one")
    bob.user.save()

    client.post(reverse("account_login"), {"login": bob.user.email, "password": "another long one"})

    assert client.get(reverse("accounts:profile")).status_code == 302


def test_the_code_that_sets_an_app_up_opens_nothing_afterwards(bob):
    client = with_password(bob.user)
    _, typed = set_up_app(client)
    assert has_second_factor(bob.user_id)

    thief = with_password(bob.user)
    refused = thief.post(reverse("mfa_authenticate"), {"code": f"{typed[:3]} {typed[3:]}"})
    asked_again = client.post(reverse("mfa_reauthenticate"), {"code": typed})

    assert "code" in refused.context["form"].errors
    assert thief.get(reverse("accounts:profile")).status_code == 302
    assert "code" in asked_again.context["form"].errors


def test_the_next_code_of_a_new_app_signs_in(bob, monkeypatch):
    secret, _ = set_up_app(with_password(bob.user))
    later = time.time() + PERIOD_SECONDS
    monkeypatch.setattr(totp.time, "time", lambda: later)

    client = with_password(bob.user)
    client.post(reverse("mfa_authenticate"), {"code": code_for(secret)})

    assert client.get(reverse("accounts:profile")).status_code == 200


def test_setting_one_up_and_removing_it_is_in_the_activity(bob, account, django_capture_on_commit_callbacks):
    client = with_password(bob.user)
    with django_capture_on_commit_callbacks(execute=True):
        set_up_app(client)
    client.post(reverse("mfa_deactivate_totp"))

    verbs = list(Activity.objects.filter(account=account).order_by("id").values_list("verb", flat=True))
    assert "login.second_factor_add" in verbs
    assert "login.second_factor_remove" in verbs


def test_secrets_are_stored_encrypted_and_survive_a_new_secret_key(bob, settings):
    secret = with_app(bob.user)
    stored = Authenticator.objects.get(user=bob.user, type=Authenticator.Type.TOTP)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "y" * 60

    assert secret not in str(stored.data)
    assert stored.wrap().validate_code(code_for(secret))


def test_the_tab_shows_who_uses_one(account, ada, bob, browser_of):
    with_app(bob.user)

    overview = browser_of(ada.user).get(reverse("accounts:teammate_list", args=[account.pk])).context["overview"]

    assert {row.membership.user.email: row.has_second_factor for row in overview.rows} == {
        "ada@shop.example": False,
        "bob@shop.example": True,
    }


def test_turning_the_rule_on_takes_a_second_factor_of_ones_own(account, bob, browser_of):
    url = reverse("accounts:account_settings_save", args=[account.pk])
    data = {"name": "Shop", "time_zone": "UTC", "who_may_invite": "full", "require_second_factor": "on"}
    client = browser_of(bob.user)
    assert client.post(url, data).status_code == 422

    with_app(bob.user)
    client.post(url, data)

    assert Account.objects.get(pk=account.pk).require_second_factor


def test_adding_a_key_asks_in_words_that_people_know(bob):
    client = Client()
    client.post(reverse("account_login"), {"login": bob.user.email, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    page = client.get(reverse("mfa_add_webauthn")).content.decode()

    assert "Sign in with it instead of the password" in page
    assert 'value="Key 1"' in page
    assert not re.search("passwordless</label|master key", page, re.IGNORECASE)
