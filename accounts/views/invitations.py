"""The inviting side, on the Teammates tab: invite, and resend, revoke or copy the link of an open invitation."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.actions import invitations
from accounts.actions.invitations import NotOpen, TooManyInvitations
from accounts.door import account_view, signed_in_user
from accounts.forms import InviteForm
from accounts.models import Account, Invitation
from accounts.policy import Can
from accounts.views.teammates import show_list
from common.counted import counted

TOO_MANY = "This account has sent as many invitations as it may within an hour. Try again later."
NO_LONGER_OPEN = "That invitation was answered or revoked meanwhile."


@require_POST
@account_view(Can.INVITE)
def invite(request: HttpRequest, account: Account) -> HttpResponse:
    form = InviteForm(request.POST)
    if not form.is_valid():
        return show_list(request, account, form, status=422)
    try:
        invited = invitations.invite(account=account, by=signed_in_user(request), **form.cleaned_data)
    except TooManyInvitations:
        form.add_error("emails", ValidationError(TOO_MANY))
        return show_list(request, account, form, status=429)
    if not invited.invitations:
        form.add_error("emails", f"{' and '.join(invited.teammates)}: in this account already.")
        return show_list(request, account, form, status=422)
    messages.success(request, _invited_words(invited))
    return redirect("accounts:teammate_list", account.pk)


def _invited_words(invited: invitations.Invited) -> str:
    count = len(invited.invitations)
    who = invited.invitations[0].email if count == 1 else counted(count, "person")
    already = f" {', '.join(invited.teammates)}: in this account already." if invited.teammates else ""
    return f"Invited {who}. The mail is on its way.{already}"


@require_POST
@account_view(Can.INVITE)
def invitation_resend(request: HttpRequest, account: Account, invitation_id: int) -> HttpResponse:
    invitation = _invitation(account, invitation_id)
    try:
        invitations.resend(invitation=invitation, by=signed_in_user(request))
    except NotOpen:
        messages.error(request, NO_LONGER_OPEN)
    except TooManyInvitations:
        messages.error(request, TOO_MANY)
    else:
        messages.success(request, f"Sent {invitation.email} a new link. The old one no longer works.")
    return redirect("accounts:teammate_list", account.pk)


@require_POST
@account_view(Can.MANAGE)
def invitation_revoke(request: HttpRequest, account: Account, invitation_id: int) -> HttpResponse:
    invitation = _invitation(account, invitation_id)
    try:
        invitations.revoke(invitation=invitation, by=signed_in_user(request))
    except NotOpen:
        messages.error(request, NO_LONGER_OPEN)
    else:
        messages.success(request, f"The invitation of {invitation.email} is revoked. Its link no longer works.")
    return redirect("accounts:teammate_list", account.pk)


@never_cache
@require_POST
@account_view(Can.INVITE)
def invitation_link(request: HttpRequest, account: Account, invitation_id: int) -> HttpResponse:
    """Show the link, so that it can be handed over by other means than mail."""
    invitation = _invitation(account, invitation_id)
    try:
        link = invitations.copy_link(invitation=invitation, by=signed_in_user(request))
    except NotOpen:
        messages.error(request, NO_LONGER_OPEN)
        return redirect("accounts:teammate_list", account.pk)
    return render(request, "accounts/invitation_link.html", {"invitation": invitation, "link": link})


def _invitation(account: Account, invitation_id: int) -> Invitation:
    return get_object_or_404(account.invitations.open().select_related("account"), pk=invitation_id)
