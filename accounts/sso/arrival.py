"""What happens when a provider has said who somebody is, whatever the protocol. Each protocol ends by calling `arrive`.

The way of a sign-in: views/sso_sign_in.py begins an attempt (attempts.py) and sends the browser to the
provider; the protocol checks the answer and makes an SsoPerson of it (person.py); `arrive` finds the login by its
identity, or makes one.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse

from accounts.actions import invitations
from accounts.models import Invitation, User
from accounts.sso import session
from accounts.sso.actions import people, providers
from accounts.sso.attempts import Purpose, SsoAttempt
from accounts.sso.models import IdentityProvider, SsoIdentity
from accounts.sso.person import SignInRefused, SsoPerson


def arrive(request: HttpRequest, provider: IdentityProvider, attempt: SsoAttempt, person: SsoPerson) -> HttpResponse:
    """Do what the attempt was for, and lead on. Raises SignInRefused, which is then in the account's activity too.

    `attempt` was taken from this browser's session, so it is the same person as at its beginning, or nobody still.
    """
    try:
        match attempt.purpose:
            case Purpose.TEST:
                return _tested(request, provider, person)
            case Purpose.CONNECT:
                return _connected(request, provider, attempt, person)
            case Purpose.SIGN_IN:
                return _signed_in(request, provider, attempt, person)
    except SignInRefused as refusal:
        people.record_refusal(provider=provider, person=person, why=str(refusal))
        raise


def _tested(request: HttpRequest, provider: IdentityProvider, person: SsoPerson) -> HttpResponse:
    user = _signed_in_user(request)
    identity = people.connect(provider=provider, person=person, user=user)
    providers.note_test(provider=provider, by=user)
    session.add(request, identity)
    address = f" with the address {person.email}" if person.email else ", but sends no address"
    unsure = "" if person.email_verified or not person.email else ", which it does not call verified"
    messages.success(request, f"It works: {provider.name} knows you{address}{unsure}. You are connected now.")
    return redirect("accounts:sso", provider.account_id)


def _connected(
    request: HttpRequest, provider: IdentityProvider, attempt: SsoAttempt, person: SsoPerson
) -> HttpResponse:
    identity = people.connect(provider=provider, person=person, user=_signed_in_user(request))
    session.add(request, identity)
    messages.success(request, f"Connected. From now on you can sign in with {provider.name}.")
    return redirect(attempt.where_to or reverse("accounts:sso_connections"))


def _signed_in(
    request: HttpRequest, provider: IdentityProvider, attempt: SsoAttempt, person: SsoPerson
) -> HttpResponse:
    if not IdentityProvider.objects.usable().filter(pk=provider.pk).exists():
        raise SignInRefused(f"Single sign-on with {provider.name} is switched off.")
    identity, where_to = _known(provider, person), attempt.where_to
    if isinstance(request.user, User):
        if identity is None:
            raise SignInRefused(
                f"Your login is not connected with {provider.name} yet. Connect it under Profile & security."
            )
        if identity.user_id != request.user.pk:
            raise SignInRefused(
                f"{provider.name} says that you are somebody else than who is signed in. Sign out first."
            )
    elif identity is None:
        opened = _invitation_at(where_to)
        identity = _joined(provider, person, opened)
        where_to = "" if opened else where_to  # its page has nothing to ask any more
    people.note_use(identity=identity)
    if provider.account_id is None:
        return session.begin_by_installation(request, identity, where_to or reverse(settings.LOGIN_REDIRECT_URL))
    if isinstance(request.user, User):
        session.add(request, identity)
    else:
        session.begin(request, identity)
    return redirect(where_to or reverse("accounts:open", args=[provider.account_id]))


def _invitation_at(where_to: str) -> Invitation | None:
    """The invitation from whose page somebody comes, as that is where they want to go back to."""
    try:
        match = resolve(urlsplit(where_to).path)
    except Resolver404:
        return None
    return invitations.by_secret(match.kwargs["secret"]) if match.view_name == "accounts:invitation" else None


def _signed_in_user(request: HttpRequest) -> User:
    """Whoever began it. Raises SignInRefused if their session has ended meanwhile."""
    if not isinstance(request.user, User):
        raise SignInRefused("Your session has ended meanwhile. Sign in and begin again.")
    return request.user


def _known(provider: IdentityProvider, person: SsoPerson) -> SsoIdentity | None:
    """The identity of somebody who may still sign in. Raises SignInRefused if their login or membership has ended."""
    found = (
        SsoIdentity.objects.select_related("user", "provider")
        .filter(provider=provider, issuer=person.issuer, subject=person.subject)
        .first()
    )
    if found is not None and not found.user.is_active:
        raise SignInRefused("This login is switched off. Ask the people with full access.")
    return found


def _joined(provider: IdentityProvider, person: SsoPerson, opened: Invitation | None) -> SsoIdentity:
    try:
        return people.join(provider=provider, person=person, opened=opened)
    except IntegrityError:  # the same person signs in twice for the first time, or has just made a login
        if identity := _known(provider, person):
            return identity
        raise SignInRefused("Somebody else was doing the same at that moment. Try again.") from None
