"""Whose login somebody gets who comes from a provider for the first time, and whose they never get."""

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone

from accounts.actions import invitations
from accounts.models import User
from accounts.sso.actions import people
from accounts.sso.models import SsoIdentity
from accounts.sso.person import SignInRefused, SsoPerson
from tests.accounts.factories import ScimPersonFactory, SsoIdentityFactory
from tests.accounts.sso import make_provider, prove
from tests.factories import AccountFactory, MembershipFactory
from tests.world import make_invitation

pytestmark = pytest.mark.django_db
ISSUER = "https://id.example"
EVE = SsoPerson(issuer=ISSUER, subject="eve-1", email="Eve@Works.example", email_verified=True, name="Eve")


@pytest.fixture
def provider(account, ada):
    prove(account, "works.example")
    return make_provider(account, ISSUER)


@pytest.fixture
def eve():
    """A login in which nobody can sign in."""
    return User.objects.create_user("eve@works.example", None)


def by_directory(account, eve):
    MembershipFactory(account=account, user=eve, read_only=False)
    ScimPersonFactory(account=account, user=eve, user_name=eve.email, made_login=True)


def by_invitation(account, eve):
    sender = account.memberships.first().user
    invitations.accept(invitation=make_invitation(account, sender, email=eve.email, read_only=False), user=eve)


def by_open_invitation(account, eve):
    make_invitation(account, account.memberships.first().user, email=eve.email, read_only=False)


ASKED_IN = {"by directory": by_directory, "by invitation": by_invitation, "not yet in": by_open_invitation}


@pytest.mark.parametrize("how", ASKED_IN)
def test_whom_the_account_asked_in_gets_the_login_that_is_there_for_them(provider, account, eve, how):
    ASKED_IN[how](account, eve)

    identity = people.join(provider=provider, person=EVE)

    assert (identity.user, identity.issuer, identity.subject) == (eve, ISSUER, "eve-1")
    assert [(each.account, each.read_only) for each in eve.memberships.all()] == [(account, False)]
    assert not account.invitations.open().exists() and User.objects.filter(email=eve.email).count() == 1


def with_a_password(account, eve):
    eve.set_password("correct horse battery staple")
    eve.save()


OPENS_MORE = {
    "a password": with_a_password,
    "an app": lambda account, eve: Authenticator.objects.create(user=eve, type=Authenticator.Type.TOTP, data={}),
    "recovery codes": lambda account, eve: Authenticator.objects.create(
        user=eve, type=Authenticator.Type.RECOVERY_CODES, data={}
    ),
    "another account": lambda account, eve: MembershipFactory(user=eve),
    "another account, which is closed": lambda account, eve: MembershipFactory(
        user=eve, account=AccountFactory(closed_at=timezone.now())
    ),
    "an identity of this provider": lambda account, eve: SsoIdentityFactory(
        user=eve, provider=account.identity_providers.get(), subject="somebody"
    ),
    "an identity of another account's provider": lambda account, eve: SsoIdentityFactory(user=eve),
    "staff": lambda account, eve: User.objects.filter(pk=eve.pk).update(is_staff=True),
    "an operator": lambda account, eve: User.objects.filter(pk=eve.pk).update(is_superuser=True),
    "switched off": lambda account, eve: User.objects.filter(pk=eve.pk).update(is_active=False),
    "a domain that is not proven any more": lambda account, eve: account.sso_domains.all().delete(),
    "a domain of another account": lambda account, eve: account.sso_domains.update(account=AccountFactory()),
}


@pytest.mark.parametrize("more", OPENS_MORE)
@pytest.mark.parametrize("how", ASKED_IN)
def test_but_never_one_that_opens_more_or_that_others_can_use(provider, account, eve, how, more):
    ASKED_IN[how](account, eve)
    OPENS_MORE[more](account, eve)
    before = set(SsoIdentity.objects.values_list("pk", flat=True))

    with pytest.raises(SignInRefused):
        people.join(provider=provider, person=EVE)

    assert set(SsoIdentity.objects.values_list("pk", flat=True)) == before


NOT_ASKED_IN = {
    "nobody's": lambda account, eve: None,
    "who came by a provider that is gone": lambda account, eve: MembershipFactory(account=account, user=eve),
    "whom the directory only took over": lambda account, eve: (
        MembershipFactory(account=account, user=eve),
        ScimPersonFactory(account=account, user=eve, user_name=eve.email),
    ),
    "whom the directory put out": lambda account, eve: ScimPersonFactory(
        account=account, user=eve, user_name=eve.email, made_login=True
    ),
    "whom another account's directory made": lambda account, eve: (
        MembershipFactory(account=account, user=eve),
        ScimPersonFactory(user=eve, user_name=eve.email, made_login=True),
    ),
    "whom another account invites": lambda account, eve: make_invitation(
        (other := MembershipFactory()).account, other.user, email=eve.email
    ),
    "who left": lambda account, eve: (by_invitation(account, eve), account.memberships.get(user=eve).delete()),
}


@pytest.mark.parametrize("whose", NOT_ASKED_IN)
def test_nor_one_that_is_not_there_because_this_account_asked(provider, account, eve, whose):
    NOT_ASKED_IN[whose](account, eve)

    with pytest.raises(SignInRefused, match="There is a login"):
        people.join(provider=provider, person=EVE)

    assert not SsoIdentity.objects.exists()


def test_a_provider_does_not_learn_whether_any_address_has_a_login(provider, eve):
    eve_elsewhere, nobody = "eve@elsewhere.example", "nobody@elsewhere.example"
    User.objects.filter(pk=eve.pk).update(email=eve_elsewhere)
    told = []

    for address in (eve_elsewhere, nobody):
        with pytest.raises(SignInRefused) as refused:
            people.join(provider=provider, person=SsoPerson(ISSUER, "x", address, email_verified=True))
        told.append(str(refused.value).replace(address, ""))

    assert told[0] == told[1]
