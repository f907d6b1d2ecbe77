"""What a session that began at an account's provider opens, and what opens an account that requires one."""

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actions import memberships
from accounts.actions.invitations import link_of
from accounts.full_access import LastWayBack
from accounts.models import Account, Activity, User
from accounts.sso.actions import people, providers, ways_back
from accounts.sso.models import IdentityProvider, SsoIdentity, WayBack
from tests.accounts import own_provider
from tests.accounts.conftest import PASSWORD
from tests.accounts.sso import make_provider, prove, signed_in, there_and_back
from tests.accounts.test_second_factor import with_app, with_password
from tests.authenticator import code_for
from tests.factories import EnvironmentFactory, MembershipFactory
from tests.world import make_invitation

pytestmark = pytest.mark.django_db


@pytest.fixture
def own(settings):
    settings.SSO_INTERNAL_HOSTS = ["127.0.0.1"]
    with own_provider.running() as provider:
        yield provider


@pytest.fixture
def provider(account, ada, own):
    return make_provider(account, own.issuer)


@pytest.fixture
def connected(provider, ada, own):
    """Ada has a password, and the provider knows her."""
    ada.user.set_password(PASSWORD)
    ada.user.save()
    return SsoIdentity.objects.create(provider=provider, issuer=own.issuer, subject="ada-1", user=ada.user)


@pytest.fixture
def elsewhere(ada):
    """Another account of Ada's."""
    environment = EnvironmentFactory(project__account__name="Elsewhere", project__name="Secret project")
    return MembershipFactory(account=environment.project.account, user=ada.user).account


def page_of(account):
    return reverse("accounts:teammate_list", args=[account.pk])


def with_both(user, secret):
    client = with_password(user)
    client.post(reverse("mfa_authenticate"), {"code": code_for(secret)})
    return client


def test_a_login_is_never_found_by_its_address(provider, own, account, ada):
    """Ada's own account and a stranger's: both are told, and nothing is linked."""
    prove(account, "shop.example")
    strangers = MembershipFactory(user__email="eve@other.example").account
    prove(strangers, "other.example")
    taking = make_provider(strangers, own.issuer)

    for each in (provider, taking):
        answer = there_and_back(own, each, Client())
        assert answer.status_code == 403
    assert "Sign in with it" in there_and_back(own, provider, Client()).content.decode()
    assert not SsoIdentity.objects.exists()


def test_the_same_subject_of_another_provider_or_issuer_is_somebody_else(connected, own, provider, account):
    """Tenants' namespaces are apart, and a provider that calls itself otherwise knows nobody."""
    theirs = make_provider(MembershipFactory(user__email="eve@other.example").account, own.issuer)
    assert there_and_back(own, theirs, Client()).status_code == 403
    SsoIdentity.objects.update(issuer="https://former.example")
    assert there_and_back(own, provider, Client()).status_code == 403


def test_a_session_of_one_accounts_provider_opens_that_account_alone(connected, own, provider, account, elsewhere):
    client = signed_in(own, provider)

    assert client.get(page_of(account)).status_code == 200
    refused = client.get(page_of(elsewhere))
    assert refused.status_code == 403 and "another account" in refused.content.decode()
    for page in ("/", reverse("accounts:profile"), page_of(account)):
        shown = client.get(page, follow=True).content.decode()
        assert "Elsewhere" not in shown and "Secret project" not in shown
    part = client.get(page_of(elsewhere), headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/"})
    assert part.status_code == 403 and part["HX-Redirect"]


OWN_LOGIN = [
    "account_change_password",
    "account_set_password",
    "account_reauthenticate",
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_reauthenticate",
    "mfa_generate_recovery_codes",
    "usersessions_list",
    "accounts:email_change",
    "accounts:login_delete",
]


@pytest.mark.parametrize("name", OWN_LOGIN)
def test_such_a_session_does_not_change_the_login(connected, own, provider, name):
    ada = connected.user
    client = signed_in(own, provider)

    for answer in (client.get(reverse(name)), client.post(reverse(name), {"password1": "a new long password"})):
        assert answer.status_code == 403
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def test_nor_does_it_accept_an_invitation_or_open_staffs_pages(connected, own, provider, account):
    other = MembershipFactory(user__email="eve@other.example")
    invitation = make_invitation(other.account, other.user, email="ada@shop.example")
    User.objects.filter(pk=connected.user_id).update(is_staff=True)
    client = signed_in(own, provider)
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "at": 0}]
    session.save()
    with_app(connected.user)

    path = link_of(invitation).partition("8000")[2]
    assert client.post(path).status_code == 403
    assert client.get(reverse("admin:index"), follow=True).status_code == 403
    assert not other.account.memberships.filter(user=connected.user).exists()


def test_it_ends_when_what_it_stands_on_ends(connected, own, provider, account, ada, grace):
    by = grace.user
    ends = {
        "switched off": lambda: providers.switch_off(provider=provider, by=by),
        "disconnected": lambda: people.disconnect(identity=SsoIdentity.objects.get(), by=ada.user),
        "removed": lambda: memberships.remove(membership=ada, by=by),
    }
    for end in ends.values():
        IdentityProvider.objects.update(switched_on_at=timezone.now())
        SsoIdentity.objects.get_or_create(provider=provider, issuer=own.issuer, subject="ada-1", user=ada.user)
        client = signed_in(own, provider)
        end()
        assert client.get(reverse("accounts:profile")).status_code == 302
        assert "_auth_user_id" not in client.session
    assert there_and_back(own, provider, Client()).status_code == 403  # no teammate any more


def test_nothing_of_a_closed_account_signs_in(connected, own, provider, account):
    client = Client()
    Account.objects.update(closed_at=timezone.now())

    assert client.post(reverse("accounts:sso_start", args=[provider.slug])).status_code == 404
    assert client.get(reverse("accounts:sso_answer", args=[provider.slug]), {"state": "x"}).status_code == 404
    assert provider.name not in client.get(reverse("accounts:sso_find"), {"email": "a@shop.example"}).content.decode()


def test_the_account_may_be_closed_or_the_login_be_switched_off_on_the_way(connected, own, provider, grace):
    User.objects.filter(pk=connected.user_id).update(is_active=False)
    assert there_and_back(own, provider, Client()).status_code == 403
    User.objects.filter(pk=connected.user_id).update(is_active=True)
    providers.switch_off(provider=provider, by=grace.user)
    assert Client().post(reverse("accounts:sso_start", args=[provider.slug])).status_code == 404


def test_a_compulsory_account_refuses_passwords_but_for_a_way_back_with_its_second_factor(
    connected, own, provider, account, ada, grace, elsewhere
):
    secret = with_app(ada.user)
    ways_back.name(membership=ada, by=ada.user)
    with pytest.raises(providers.NotReady):
        providers.require(account=account, by=ada.user)  # not tried yet
    assert with_both(ada.user, secret).get(page_of(account)).status_code == 200
    providers.require(account=account, by=ada.user)

    grace.user.set_password(PASSWORD)
    grace.user.save()
    hers = with_password(grace.user)
    refused = hers.get(page_of(account))
    assert refused.status_code == 403 and "Connect with Example" in refused.content.decode()
    assert hers.post(reverse("accounts:leave", args=[account.pk])).status_code == 403
    by_force = Client()
    by_force.force_login(ada.user)
    assert by_force.get(page_of(account)).status_code == 403  # her second factor was not used
    assert by_force.get(page_of(elsewhere)).status_code == 200
    there_and_back(own, provider, by_force)  # now both open: her own sign-in, and the provider's
    assert by_force.get(page_of(account)).status_code == 200
    assert by_force.get(page_of(elsewhere)).status_code == 200
    own.person["sub"] = "grace-1"
    there_and_back(own, provider, hers, reverse("accounts:sso_connect", args=[provider.slug]))
    assert hers.get(page_of(account)).status_code == 200


def test_the_way_back_stays_while_it_is_needed(connected, provider, account, ada, grace):
    with_app(ada.user)
    ways_back.name(membership=ada, by=ada.user)
    WayBack.objects.update(tried_at=timezone.now())
    providers.require(account=account, by=ada.user)

    for takes_it in (
        lambda: ways_back.remove(membership=ada, by=grace.user),
        lambda: memberships.remove(membership=ada, by=grace.user),
        lambda: memberships.leave(membership=ada),
        lambda: memberships.set_access(membership=ada, read_only=True, by=grace.user),
    ):
        with pytest.raises(LastWayBack):
            takes_it()
    for takes_it in (providers.switch_off, providers.delete):
        with pytest.raises(providers.NotReady):
            takes_it(provider=provider, by=grace.user)
    assert WayBack.objects.count() == 1

    call_command("grantadmin", "grace@shop.example", account=account.pk)
    assert WayBack.objects.filter(membership=grace).exists()
    providers.stop_requiring(account=account, by=ada.user)
    ways_back.remove(membership=ada, by=grace.user)


def test_signing_out_ends_the_session_and_leads_to_the_providers_own_sign_out(connected, own, provider):
    client = signed_in(own, provider)

    page = client.post(reverse("account_logout"), follow=True)

    assert "_auth_user_id" not in client.session
    assert f"{own.issuer}/end?client_id=heapadmin&amp;post_logout_redirect_uri=" in page.content.decode()


def test_who_came_by_the_provider_is_not_asked_for_a_second_factor_here(connected, own, provider, account):
    Account.objects.update(require_second_factor=True)

    assert signed_in(own, provider).get(page_of(account)).status_code == 200
    assert with_password(connected.user).get(page_of(account)).status_code == 302


def test_only_teammates_connect_and_each_person_of_a_provider_is_one_login(connected, own, provider, account, grace):
    connect = reverse("accounts:sso_connect", args=[provider.slug])
    outsider, teammate = Client(), Client()
    outsider.force_login(MembershipFactory(user__email="eve@other.example").user)
    teammate.force_login(grace.user)

    assert outsider.post(connect).status_code == 404
    assert there_and_back(own, provider, teammate, connect).status_code == 403  # that is Ada there
    assert there_and_back(own, provider, teammate).status_code == 403
    own.person["sub"] = "grace-1"
    assert there_and_back(own, provider, teammate).status_code == 403  # a sign-in connects nobody
    assert there_and_back(own, provider, teammate, connect).status_code == 302
    assert provider.identities.get(subject="grace-1").user == grace.user
    assert teammate.post(reverse("accounts:sso_disconnect", args=[provider.slug])).status_code == 302
    assert provider.identities.get().user == connected.user


def test_an_invited_address_joins_with_the_access_of_its_invitation(own, provider, account, ada):
    own.person |= {"sub": "new", "email": "new@other.example"}
    make_invitation(account, ada.user, email="newer@other.example")
    assert there_and_back(own, provider, Client()).status_code == 403
    row = Activity.objects.get(verb="sso.refuse")
    assert row.target == "new@other.example" and "invited" in row.details["reason"]

    make_invitation(account, ada.user, email="new@other.example", read_only=False)
    signed_in(own, provider)
    new = User.objects.get(email="new@other.example")
    assert not new.memberships.get().read_only
    assert not new.emailaddress_set.get().verified  # the provider may say so of any address
