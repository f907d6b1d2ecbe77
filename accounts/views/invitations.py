"""The inviting side, on the Teammates tab: invite, and resend, revoke or copy the link of an open invitation."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import by_project
from accounts.actions import invitations
from accounts.actions.invitations import NotOpen, TooManyInvitations
from accounts.door import account_view, signed_in_user
from accounts.forms import InviteForm
from accounts.models import Account, Invitation
from accounts.policy import Can
from accounts.views.teammates import LINKS_TO_SHOW, show_list
from common import mails
from common.counted import counted

NO_LONGER_OPEN = "That invitation was answered or revoked meanwhile."


@require_POST
@account_view(Can.INVITE)
def invite(request: HttpRequest, account: Account) -> HttpResponse:
    form, projects = InviteForm(request.POST), by_project.known().form(account, request.POST)
    if not form.is_valid() or (projects is not None and not projects.is_valid()):
        return show_list(request, account, form, projects, status=422)
    try:
        invited = invitations.invite(
            account=account, by=signed_in_user(request), projects=projects, **form.cleaned_data
        )
    except TooManyInvitations as many:
        form.add_error("emails", ValidationError(str(many)))
        return show_list(request, account, form, projects, status=429)
    if not invited.invitations:
        form.add_error("emails", f"{' and '.join(invited.teammates)}: in this account already.")
        return show_list(request, account, form, projects, status=422)
    messages.success(request, _invited_words(invited))
    _show_links(request, invited.invitations)
    return redirect("accounts:teammate_list", account.pk)


def _invited_words(invited: invitations.Invited) -> str:
    count = len(invited.invitations)
    who = invited.invitations[0].email if count == 1 else counted(count, "person")
    already = f" {', '.join(invited.teammates)}: in this account already." if invited.teammates else ""
    on_the_way = "The mail is on its way." if count == 1 else "The mails are on their way."
    return f"Invited {who}. {on_the_way}{already}" if mails.is_set_up() else f"Invited {who}.{already}"


def _show_links(request: HttpRequest, invited: list[Invitation]) -> None:
    """Without mail, have the Teammates tab show the links once. The session holds no link, only which."""
    if not mails.is_set_up():
        request.session[LINKS_TO_SHOW] = [each.pk for each in invited]


@require_POST
@account_view(Can.INVITE)
def invitation_resend(request: HttpRequest, account: Account, invitation_id: int) -> HttpResponse:
    invitation = _invitation(account, invitation_id)
    try:
        renewed = invitations.resend(invitation=invitation, by=signed_in_user(request))
    except NotOpen:
        messages.error(request, NO_LONGER_OPEN)
    except TooManyInvitations as many:
        messages.error(request, str(many))
    else:
        words = "Sent {} a new link." if mails.is_set_up() else "Made a new link for {}."
        messages.success(request, f"{words.format(invitation.email)} The old one no longer works.")
        _show_links(request, [renewed])
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
