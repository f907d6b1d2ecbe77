"""People and providers: joining by signing in, connecting a login, disconnecting it, and what was refused."""

import hashlib
from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import activity
from accounts.actions import invitations
from accounts.actions.invitations import NotOpen
from accounts.models import Account, Activity, Invitation, Membership, User
from accounts.sso import installation
from accounts.sso.models import IdentityProvider, SsoDomain, SsoIdentity
from accounts.sso.person import SignInRefused, SsoPerson
from common.addresses import check, normal
from common.names import NameField

REFUSED = "sso.refuse"
REFUSED_ANSWER = "sso.refuse_answer"
ANSWER_SECONDS = 60 * 60
REFUSAL_INTERVAL = timedelta(minutes=1)
NAME = 150  # characters, as long as the column


@transaction.atomic
def join(*, provider: IdentityProvider, person: SsoPerson, opened: Invitation | None = None) -> SsoIdentity:
    """Return the identity of somebody who comes for the first time. Makes their login and membership if there are none.

    They come by an invitation of exactly their address, or because it is in a domain that the account has proven. A
    login that is there already is theirs only if `_is_only_ours`. `opened` is the invitation from whose page they come.
    Raises SignInRefused, and IntegrityError if the same is done elsewhere at the same moment.
    """
    if provider.account_id is None:
        return _join_installation(provider, person, opened)
    account = _lock(provider)
    if identity := SsoIdentity.objects.filter(provider=provider, issuer=person.issuer, subject=person.subject).first():
        return identity  # the same person came in another window a moment ago
    address = _vouched_address(provider, person)
    is_proven = SsoDomain.objects.proven().of_address(address).filter(account=account).exists()
    invitation = account.invitations.open().filter(email=address, expires_at__gt=timezone.now()).first()
    if not is_proven and invitation is None:  # before anything is looked up that others must not learn
        domain = address.rpartition("@")[2]
        raise SignInRefused(
            f"Nobody has invited {address} to this account, and {domain} is not among the domains that it has proven."
        )
    user = User.objects.select_for_update().filter(email=address).first()  # nobody gives it another place meanwhile
    if user is not None and not (is_proven and _is_only_ours(account, user, invitation)):
        raise SignInRefused(
            f"There is a login with the address {address} already. Sign in with it, "
            f"then connect it with {provider.name} under Profile & security."
        )
    if user is None:
        user = User.objects.create_user(address, None, name=NameField().to_python(person.name)[:NAME])
        if not is_proven:  # only the provider says so, and whoever runs it may say so of anybody
            EmailAddress.objects.filter(user=user).update(verified=False)
    if not account.memberships.filter(user=user).exists():
        _give_membership(provider, account, user, invitation)
    return _bind(provider, person, user)


def _join_installation(provider: IdentityProvider, person: SsoPerson, opened: Invitation | None) -> SsoIdentity:
    """The same at the installation's provider: by an invitation alone, and with a new login alone.

    Everybody with an account can invite them: of several invitations, it is the one that they opened.
    """
    IdentityProvider.objects.select_for_update().get(pk=provider.pk)
    if identity := SsoIdentity.objects.filter(provider=provider, issuer=person.issuer, subject=person.subject).first():
        return identity
    address = _vouched_address(provider, person)
    invited = Invitation.objects.open().filter(email=address, expires_at__gt=timezone.now(), account__closed_at=None)
    found = list(invited) if installation.vouches_for(address) else []
    if not found:  # before anything is looked up that others must not learn
        raise SignInRefused(
            f"{provider.name} knows you, but no login here is connected with you, and nobody has invited {address}."
        )
    if User.objects.filter(email=address).exists():
        raise SignInRefused(
            f"There is a login with the address {address} already. Sign in with it, "
            f"then connect it with {provider.name} under Profile & security."
        )
    chosen = [each for each in found if each == opened] if opened else found
    if not chosen:
        raise SignInRefused(f"The invitation that you opened is not of {address}.")
    if len(chosen) > 1:
        raise SignInRefused(
            f"Several accounts have invited {address}. Open the invitation of the one that you mean, and join there."
        )
    [invitation] = chosen
    user = User.objects.create_user(address, None, name=NameField().to_python(person.name)[:NAME])
    try:
        invitations.accept(invitation=invitation, user=user)
    except NotOpen:
        raise SignInRefused("The invitation was used or taken back at that moment. Ask for another one.") from None
    return _bind(provider, person, user)


def _is_only_ours(account: Account, user: User, invitation: Invitation | None) -> bool:
    """Whether a login is there because `account` asked somebody in, and opens nothing else, for nobody, in any way.

    The account's directory made it (SCIM), or it follows an invitation of the account. Whoever joined by signing in
    at a provider is known by that one: another provider is another issuer, which they have to connect themselves.
    """
    was_asked_in = (
        invitation is not None
        or account.scim_people.filter(user=user, made_login=True).exists()
        or account.invitations.filter(accepted_by=user).exists()
    )
    places = set(user.memberships.values_list("account_id", flat=True))
    opens_more = user.is_staff or user.is_superuser or places - {account.pk}
    opens_by_others = (
        user.has_usable_password() or Authenticator.objects.filter(user=user).exists() or user.sso_identities.exists()
    )
    is_in_or_invited = bool(places) or invitation is not None
    return user.is_active and was_asked_in and is_in_or_invited and not opens_more and not opens_by_others


def _give_membership(provider: IdentityProvider, account: Account, user: User, invitation: Invitation | None) -> None:
    """By the invitation if there is one: it says more exactly which access was meant."""
    if invitation is not None:
        invitations.accept(invitation=invitation, user=user)
        return
    Membership.objects.create(account=account, user=user, read_only=provider.joins_read_only)
    details = {"through": provider.name, "read_only": provider.joins_read_only}
    activity.record(account=account, by=user, verb="sso.join", target=user.email, details=details)


def _vouched_address(provider: IdentityProvider, person: SsoPerson) -> str:
    """The address in its normal form. Raises SignInRefused if the provider sends none, or does not vouch for it."""
    if not person.email:
        raise SignInRefused(f"{provider.name} did not say what your e-mail address is. Whoever set it up can let it.")
    if not person.email_verified:
        raise SignInRefused(f"{provider.name} does not say that your e-mail address is verified.")
    address = normal(person.email)
    try:
        check(address)
    except ValidationError:
        raise SignInRefused(f"What {provider.name} gave as your e-mail address is none.") from None
    return address


@transaction.atomic
def connect(*, provider: IdentityProvider, person: SsoPerson, user: User) -> SsoIdentity:
    """Let `user`, who is signed in and a teammate, sign in through the provider from now on. Raises SignInRefused."""
    theirs = user.memberships.filter(account__closed_at=None)
    if provider.account_id is None:
        IdentityProvider.objects.select_for_update().get(pk=provider.pk)
        if not theirs.exists():
            raise SignInRefused("You are no teammate of any account here.")
    elif not theirs.filter(account=_lock(provider)).exists():
        raise SignInRefused("You are no teammate of the account that this provider belongs to.")
    known = SsoIdentity.objects.filter(provider=provider, issuer=person.issuer, subject=person.subject).first()
    if known is not None and known.user_id != user.pk:
        raise SignInRefused(f"Another login is connected with this person of {provider.name}.")
    if known is not None:
        return known
    SsoIdentity.objects.filter(provider=provider, user=user).delete()  # they are somebody else there now
    identity = _bind(provider, person, user)
    _record(provider, user, user, "sso.connect")
    return identity


@transaction.atomic
def disconnect(*, identity: SsoIdentity, by: User) -> None:
    """Forget that a provider knows this person. Sessions that stand on it end."""
    provider = identity.provider
    identity.delete()
    _record(provider, by, identity.user, "sso.disconnect")


def note_use(*, identity: SsoIdentity) -> None:
    """Somebody has just signed in. Raises SignInRefused if they are no teammate any more."""
    provider = identity.provider
    if provider.account is not None:
        if not Membership.objects.filter(account=provider.account, user=identity.user).exists():
            raise SignInRefused(
                "You are no teammate of this account any more. Ask somebody with full access to invite you."
            )
        details = {"through": provider.name}
        activity.record(account=provider.account, by=identity.user, verb="login.sign_in", details=details)
    SsoIdentity.objects.filter(pk=identity.pk).update(used_at=timezone.now())


def record_refusal(*, provider: IdentityProvider, person: SsoPerson, why: str) -> None:
    """Tell in the account's activity that somebody could not get in; the same at most once a minute."""
    if provider.account is None:
        return
    target = (person.email or person.subject)[:300]
    recent = Activity.objects.filter(
        account=provider.account, verb=REFUSED, target=target, at__gt=timezone.now() - REFUSAL_INTERVAL
    )
    if not recent.exists():
        details = {"through": provider.name, "reason": why}
        activity.record(account=provider.account, by=None, verb=REFUSED, target=target, details=details)


def record_refused_answer(*, provider: IdentityProvider, why: str) -> None:
    """Tell in the account's activity that an answer was not believed, the same reason at most once an hour.

    Anybody can bring answers, and as many as they like. `why` must be one of few sentences, which they do not choose.
    """
    digest = hashlib.sha256(why.encode()).hexdigest()
    if provider.account is not None and cache.add(f"sso_refusal:{provider.pk}:{digest}", True, ANSWER_SECONDS):
        activity.record(
            account=provider.account, by=None, verb=REFUSED_ANSWER, target=provider.name, details={"reason": why}
        )


def _record(provider: IdentityProvider, by: User, whose: User, verb: str) -> None:
    """In the provider's account; in all of the person's if it is the installation's."""
    if provider.account is None:
        activity.record_everywhere(user=by, verb=verb, target=provider.name)
        return
    details = {} if whose.pk == by.pk else {"whose": whose.email}
    activity.record(account=provider.account, by=by, verb=verb, target=provider.name, details=details)


def _lock(provider: IdentityProvider) -> Account:
    """The provider's account, locked. Raises SignInRefused if it is closed."""
    account = Account.objects.select_for_update(no_key=True).open().filter(identity_providers=provider.pk).first()
    if account is None:
        raise SignInRefused("The account that this provider belongs to is closed.")
    return account


def _bind(provider: IdentityProvider, person: SsoPerson, user: User) -> SsoIdentity:
    return SsoIdentity.objects.create(provider=provider, issuer=person.issuer, subject=person.subject, user=user)
