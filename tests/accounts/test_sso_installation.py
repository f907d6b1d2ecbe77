"""Single sign-on of the whole installation, by settings: whose login it opens, and what such a session may do."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from accounts.models import Activity, User
from accounts.sso import installation
from accounts.sso.models import IdentityProvider, SsoIdentity
from common import links
from tests.accounts.conftest import PASSWORD
from tests.accounts.factories import WayBackFactory
from tests.accounts.sso import leads_to, make_provider, signed_in, there_and_back
from tests.accounts.test_second_factor import with_app
from tests.authenticator import code_for
from tests.factories import AccountFactory, EnvironmentFactory, MembershipFactory
from tests.world import make_invitation

pytestmark = pytest.mark.django_db
START, ANSWER, CONNECT, DISCONNECT = (
    reverse(f"accounts:sso_{page}", args=["installation"]) for page in ("start", "answer", "connect", "disconnect")
)
CONNECTIONS = reverse("accounts:sso_connections")


@pytest.fixture(autouse=True)
def by_settings(settings, own):
    settings.SSO_ISSUER, settings.SSO_CLIENT_ID, settings.SSO_CLIENT_SECRET = own.issuer, "heapadmin", "hunter2"
    settings.SSO_NAME, settings.SSO_DOMAINS = "Works", ["works.example"]


@pytest.fixture
def provider():
    return installation.provider()


def comes_back(own, client, begin=START):
    return client.get(ANSWER, own.asked_to_sign_in(leads_to(client.post(begin))))


def is_in(client):
    return client.get(reverse("accounts:profile")).status_code == 200


def eve_of(own, **more):
    own.person = {"sub": "eve-1", "email": "eve@works.example", "email_verified": True, "name": "Eve"} | more


def test_the_button_is_there_and_who_connected_comes_in(own, ada, browser_of, settings):
    page = Client().get(reverse("account_login")).content.decode()
    assert "Sign in with Works" in page
    assert START in page

    answer = comes_back(own, Client())
    assert answer.status_code == 403  # an address alone opens nothing, verified or not
    assert "no login here is connected" in answer.content.decode()

    assert "It works" not in comes_back(own, browser_of(ada.user), CONNECT).content.decode()
    assert own.forms[-1]["login"].startswith("Basic ")
    assert SsoIdentity.objects.values_list("issuer", "subject", "user__email").get() == (
        own.issuer,
        "ada-1",
        "ada@shop.example",
    )
    assert not IdentityProvider.objects.exclude(client_secret="").exists()  # it stays in the settings

    own.person |= {"email": "somebody@else.example", "email_verified": False}  # it does not matter any more
    client = Client()
    assert comes_back(own, client).status_code == 302
    assert is_in(client)
    assert client.get(reverse("account_change_password")).status_code != 403  # a session like any other
    verbs = Activity.objects.filter(account=ada.account).values_list("verb", "details")
    assert ("login.sign_in", {"through": "Works"}) in verbs

    settings.SSO_ISSUER = settings.SSO_CLIENT_ID = settings.SSO_CLIENT_SECRET = settings.SSO_NAME = ""
    assert not is_in(client)
    assert Client().post(START).status_code == 404
    assert Client().get(ANSWER, {"state": "x"}).status_code == 404
    assert START not in Client().get(reverse("account_login")).content.decode()


def test_who_is_invited_joins_if_the_provider_vouches_for_an_address_of_the_domains(own, ada, settings):
    for more, invited in (
        ({}, None),  # nobody has invited them
        ({"email_verified": "true"}, "eve@works.example"),
        ({"email_verified": None}, "eve@works.example"),
        ({"email": "eve@sub.works.example"}, "eve@sub.works.example"),
        ({"email": "eve@works.example\0"}, "eve@works.example"),
        ({"email": ""}, "eve@works.example"),
    ):
        invitation = make_invitation(ada.account, ada.user, email=invited) if invited else None
        eve_of(own, **more)
        assert comes_back(own, Client()).status_code == 403, more
        if invitation:
            invitation.delete()
    assert not User.objects.filter(email__startswith="eve").exists()

    make_invitation(ada.account, ada.user, email="eve@works.example", read_only=True)
    eve_of(own)
    client = Client()
    assert comes_back(own, client).status_code == 302
    assert client.get(reverse("accounts:open", args=[ada.account_id]), follow=True).status_code == 200
    eve = User.objects.get(email="eve@works.example")
    assert (eve.has_usable_password(), eve.memberships.get().read_only, eve.name) == (False, True, "Eve")
    assert EmailAddress.objects.get(user=eve).verified

    mallory = {"sub": "mallory-1"}  # the same address in somebody else's hands
    eve_of(own, **mallory)
    make_invitation(AccountFactory(), ada.user, email="eve@works.example")
    refused = comes_back(own, Client())
    assert refused.status_code == 403
    assert "There is a login with the address" in refused.content.decode()

    closed = make_invitation(AccountFactory(closed_at="2026-01-01T00:00Z"), ada.user, email="new@works.example")
    eve_of(own, sub="new-1", email="new@works.example")
    assert comes_back(own, Client()).status_code == 403
    assert not User.objects.filter(email=closed.email).exists()


def test_whom_several_have_invited_joins_those_whose_invitation_they_opened(own, ada):
    """Anybody who has an account here can invite an address of the domains."""
    asked = make_invitation(ada.account, ada.user, email="eve@works.example")
    newer = make_invitation(AccountFactory(), ada.user, email="eve@works.example")
    of_another = make_invitation(ada.account, ada.user, email="zoe@works.example")
    eve_of(own)

    answer = comes_back(own, Client())
    assert answer.status_code == 403
    assert "Several accounts have invited eve@works.example" in answer.content.decode()

    for invitation, status in ((of_another, 403), (asked, 302)):
        client = Client()
        page = reverse("accounts:invitation", args=[links.secret("invitation", invitation.nonce)])
        form = client.get(page).content.decode()
        assert f'<input type="hidden" name="next" value="{page}">' in form
        answer = client.get(ANSWER, own.asked_to_sign_in(leads_to(client.post(START, {"next": page}))))
        assert answer.status_code == status
    assert answer.url == reverse("projects:home")  # the invitation's page has nothing to ask any more
    assert User.objects.get(email="eve@works.example").memberships.get().account == ada.account
    newer.refresh_from_db()
    assert newer.is_open


def test_a_second_factor_is_asked_for_and_a_compulsory_provider_of_an_account_is_not_replaced(
    own, provider, ada, browser_of
):
    of_account = make_provider(ada.account, own.issuer)
    comes_back(own, browser_of(ada.user), CONNECT)
    Authenticator.objects.create(user=ada.user, type="totp", data={"secret": "x"})
    client = Client()

    answer = comes_back(own, client)

    assert answer.url == reverse("mfa_authenticate")
    assert not is_in(client)
    Authenticator.objects.all().delete()
    assert comes_back(own, client).status_code == 302
    there_and_back(own, of_account, client, reverse("accounts:sso_connect", args=[of_account.slug]))
    out = Client()
    comes_back(own, out)
    out.post(reverse("accounts:sso_start", args=[of_account.slug]))
    assert client.post(reverse("account_logout")).url == reverse("accounts:sso_signed_out", args=["installation"])
    client = out
    ada.account.require_sso = True
    ada.account.save(update_fields=["require_sso"])
    assert (
        "is opened another way" in client.get(reverse("accounts:teammate_list", args=[ada.account_id])).content.decode()
    )


def test_an_accounts_provider_never_leads_to_the_installations(own, provider, ada, browser_of):
    """Whoever runs an account's provider would connect themselves, and open everything the person can."""
    of_account = make_provider(ada.account, own.issuer)
    there_and_back(own, of_account, browser_of(ada.user), reverse("accounts:sso_connect", args=[of_account.slug]))
    alone = signed_in(own, of_account)

    assert "Works" not in alone.get(CONNECTIONS).content.decode()
    assert alone.post(CONNECT).status_code == 404
    assert comes_back(own, alone).status_code == 403  # the account's identity is none of the installation's
    there = alone.get(
        ANSWER, own.asked_to_sign_in(leads_to(alone.post(reverse("accounts:sso_start", args=[of_account.slug]))))
    )
    assert there.status_code == 403  # nor does an answer of one pass for the other's


def test_strangers_and_others_connect_nothing(own, provider, ada, grace, browser_of):
    nobody = User.objects.create_user("nobody@shop.example", PASSWORD)
    assert comes_back(own, browser_of(nobody), CONNECT).status_code == 403  # a login without an account
    closed = MembershipFactory(account__closed_at="2026-01-01T00:00Z").user
    assert comes_back(own, browser_of(closed), CONNECT).status_code == 403
    assert not SsoIdentity.objects.exists()

    hers = browser_of(ada.user)
    comes_back(own, hers, CONNECT)
    assert comes_back(own, browser_of(grace.user), CONNECT).status_code == 403  # the person is another login's
    assert comes_back(own, browser_of(grace.user)).status_code == 403  # somebody else is signed in
    assert browser_of(grace.user).post(DISCONNECT).status_code == 404

    client = Client()
    comes_back(own, client)
    elsewhere = EnvironmentFactory().project.account
    assert client.get(reverse("accounts:teammate_list", args=[elsewhere.pk])).status_code == 404
    assert hers.post(DISCONNECT).status_code == 302
    invitation = make_invitation(AccountFactory(), ada.user, email=ada.user.email)
    client.post(reverse("accounts:invitation", args=[links.secret("invitation", invitation.nonce)]))
    invitation.refresh_from_db()
    assert invitation.is_open  # on a page for everybody, too,
    assert not is_in(client)  # what stood on it has ended
    assert comes_back(own, Client()).status_code == 403


def test_another_issuer_is_another_provider(own, provider, ada, browser_of, settings):
    comes_back(own, browser_of(ada.user), CONNECT)
    client = Client()
    comes_back(own, client)
    began = Client()
    brought = own.asked_to_sign_in(leads_to(began.post(START)))

    settings.SSO_ISSUER = "https://id.example"
    assert not is_in(client)
    second = installation.provider()
    assert (second.slug, second.pk == provider.pk) == (installation.SLUG, False)
    assert began.get(ANSWER, brought).status_code == 403
    settings.SSO_ISSUER, settings.SSO_CLIENT_ID, settings.SSO_NAME = own.issuer, "another", ""

    assert (installation.provider().pk, installation.provider().client_id) == (provider.pk, "another")
    assert installation.name() == "127.0.0.1"
    client = Client()
    assert comes_back(own, client).status_code == 302  # the connection counts again, with another client too
    assert is_in(client)


def test_the_page_says_what_disconnecting_ends(own, provider, ada):
    make_invitation(ada.account, ada.user, email="eve@works.example")
    eve_of(own)
    client = Client()
    comes_back(own, client)

    words = "disconnecting ends this session, and you have no password yet"
    assert words in client.get(CONNECTIONS).content.decode()


def test_a_way_back_is_the_password_and_never_the_installations_provider(own, provider, ada, browser_of):
    """A way back has to work when every provider is gone."""
    comes_back(own, browser_of(ada.user), CONNECT)
    secret = with_app(ada.user)
    way_back = WayBackFactory(membership=ada)
    ada.account.require_sso = True
    ada.account.save(update_fields=["require_sso"])
    client = Client()
    comes_back(own, client)

    assert client.post(reverse("mfa_authenticate"), {"code": code_for(secret)}).status_code == 302

    assert is_in(client)
    assert client.get(reverse("accounts:teammate_list", args=[ada.account_id])).status_code == 403
    way_back.refresh_from_db()
    assert way_back.tried_at is None
