"""The invited person's side: accept, decline, ask for a new link. Opening the link changes nothing; a POST does."""

from typing import Any

from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import activity
from accounts.actions import invitations
from accounts.actions.invitations import NotOpen
from accounts.forms import NewPersonForm
from accounts.models import Invitation, User
from accounts.sso import installation, session

GONE = 410


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponseBase:
    """The page behind the link. A GET changes nothing, so a mail scanner that follows the link does not use it up."""
    found = invitations.by_secret(secret)
    if found is None or not _can_be_answered(found):
        return _not_open(request, found, secret)
    if not request.user.is_authenticated:
        return _with_a_new_login(request, found, secret)
    assert isinstance(request.user, User)
    is_theirs = request.user.email == found.email and not session.has_ended(request)
    if not is_theirs or session.standing(request).alone:  # their account's provider is not the mailbox
        return _as_somebody_else(request, found, secret)
    if request.method != "POST":
        return render(request, "accounts/invitation.html", {"invitation": found, "secret": secret})
    try:
        membership = invitations.accept(invitation=found, user=request.user)
    except NotOpen:
        return _not_open(request, invitations.by_secret(secret), secret)
    messages.success(request, f"Welcome to {membership.account.name}.")
    return redirect("accounts:open", found.account_id)


def _with_a_new_login(request: HttpRequest, found: Invitation, secret: str) -> HttpResponseBase:
    """Nobody is signed in: ask for sign-in if the address has a login, else create a login here."""
    login = User.objects.filter(email=found.email).first()
    if login is not None:
        return _sign_in_first(request, found, secret)
    form = NewPersonForm(request.POST if request.method == "POST" else None, email=found.email)
    if not form.is_valid():
        by_sso = installation.vouches_for(found.email)
        context = {"invitation": found, "secret": secret, "form": form, "joins_by_sso": by_sso}
        return render(request, "accounts/invitation.html", context)
    try:
        user = invitations.accept_as_new(invitation=found, **form.cleaned_data)
    except NotOpen:
        return _not_open(request, invitations.by_secret(secret), secret)
    except IntegrityError:  # a login with that address was created meanwhile
        return _sign_in_first(request, found, secret)
    answer: HttpResponseBase = perform_login(
        request, user, redirect_url=reverse("accounts:open", args=[found.account_id])
    )
    return answer


def _sign_in_first(request: HttpRequest, found: Invitation, secret: str) -> HttpResponse:
    context = {"invitation": found, "secret": secret, "next": reverse("accounts:invitation", args=[secret])}
    return render(request, "accounts/invitation_sign_in.html", context)


def _as_somebody_else(request: HttpRequest, found: Invitation, secret: str) -> HttpResponse:
    """The person is signed in with another address: say so, and leave the invitation unchanged."""
    context = {"invitation": found, "next": reverse("accounts:invitation", args=[secret])}
    if request.method != "POST":
        return render(request, "accounts/invitation_other_person.html", context)
    assert isinstance(request.user, User)
    activity.record_refusal(account=found.account, by=request.user, target=f"invitation of {found.email}")
    return render(request, "accounts/invitation_other_person.html", context, status=403)


@login_not_required
@never_cache
@require_POST
def invitation_decline(request: HttpRequest, secret: str) -> HttpResponse:
    found = invitations.by_secret(secret)
    if found is None or not _can_be_answered(found):
        return _not_open(request, found, secret)
    if request.user.is_authenticated and request.user.email != found.email:
        return _as_somebody_else(request, found, secret)
    user = request.user if isinstance(request.user, User) else None
    try:
        invitations.decline(invitation=found, by=user)
    except NotOpen:
        return _not_open(request, invitations.by_secret(secret), secret)
    return render(request, "accounts/invitation_declined.html", {"invitation": found})


@login_not_required
@never_cache
@require_POST
def invitation_ask_again(request: HttpRequest, secret: str) -> HttpResponse:
    """Ask for a new link to replace an expired one. Asking twice within a day gives the same answer."""
    found = invitations.by_secret(secret)
    if found is None or not found.is_open:
        return _not_open(request, found, secret)
    try:
        invitations.ask_again(invitation=found)
    except NotOpen:
        return _not_open(request, found, secret)
    return render(request, "accounts/invitation_asked_again.html", {"invitation": found})


def _can_be_answered(found: Invitation) -> bool:
    return found.is_open and not found.is_expired() and found.account.closed_at is None


def _not_open(request: HttpRequest, found: Invitation | None, secret: str) -> HttpResponse:
    """Show why this link does not work, and what to do."""
    context: dict[str, Any] = {"invitation": found, "secret": secret, "why": _why(found)}
    return render(request, "accounts/invitation_not_open.html", context, status=GONE if found else 404)


def _why(found: Invitation | None) -> str:
    if found is None or found.account.closed_at is not None:
        return "unknown"
    if found.accepted_at:
        return "accepted"
    if found.declined_at:
        return "declined"
    return "revoked" if found.revoked_at else "expired"
