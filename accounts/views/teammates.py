"""The Teammates tab: who is in the account, and what they may do."""

from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts import by_project, leaving
from accounts.actions import invitations, memberships
from accounts.door import TenantRequest, account_view, record_refusal, rights_here, signed_in_user
from accounts.forms import AccessForm, InviteForm
from accounts.full_access import LastFullAccess, LastWayBack
from accounts.models import Access, Account, Membership, RolesByProject
from accounts.policy import Can, has_roles, what_can
from accounts.sign_in import page_of
from accounts.sso.teammate import in_words
from accounts.teammates import grantors, overview
from common import mails
from common.counted import counted

LINKS_TO_SHOW = "links_to_show"  # in the session: the rows of invitations whose links the list shows next
LAST_WAY_BACK = "{name} is the only way back while single sign-on is compulsory. Name somebody else there first."
LAST_ONE = "{name} is the last teammate with full access. Give full access to somebody else first."


@require_safe
@account_view(Can.VIEW)
def teammate_list(request: HttpRequest, account: Account) -> HttpResponse:
    projects = by_project.known().form(account, None) if Can.INVITE in rights_here(request) else None
    return show_list(request, account, InviteForm(), projects)


def show_list(
    request: HttpRequest, account: Account, form: InviteForm, projects: BaseForm | None, status: int = 200
) -> HttpResponse:
    """Show the Teammates tab with `form`, which may hold errors. Inviting shows its errors on this page as well.

    `projects` is the form that chooses projects for those to invite, where there is something to choose.
    """
    context = {
        "overview": overview(
            account=account,
            user=signed_in_user(request),
            search=request.GET.get("q", "").replace("\0", "").strip()[:100],
            page=request.GET.get("page"),
            pending_page=request.GET.get("pending"),
        ),
        "form": form,
        "projects_form": projects,
        "has_roles": account.roles_by_project != RolesByProject.OFF,
        "new_links": _new_links(request, account),
    }
    return render(request, "accounts/teammate_list.html", context, status=status)


def _new_links(request: HttpRequest, account: Account) -> list[tuple[str, str]]:
    """(address, link) of invitations that this person just made, once, for those whom no mail reaches."""
    numbers = request.session.pop(LINKS_TO_SHOW, ()) if LINKS_TO_SHOW in request.session else ()
    return invitations.links_to_hand_over(account, numbers) if numbers and Can.INVITE in rights_here(request) else []


@require_safe
@account_view(Can.VIEW)
def teammate(request: HttpRequest, account: Account, membership_id: int) -> HttpResponse:
    """The page "What can this person do?"."""
    membership = _teammate(account, membership_id)
    return render(
        request,
        "accounts/teammate.html",
        {
            "teammate": membership,
            "lines": what_can(membership),
            "has_roles": has_roles(membership),
            "is_self": membership.user_id == signed_in_user(request).pk,
            "signs_in": in_words(membership) if Can.MANAGE in rights_here(request) else "",
        },
    )


@require_POST
@account_view(Can.MANAGE)
def teammate_access(request: HttpRequest, account: Account, membership_id: int) -> HttpResponse:
    membership = _teammate(account, membership_id)
    form = AccessForm(request.POST)
    form.is_valid()
    read_only = form.cleaned_data["read_only"]
    try:
        memberships.set_access(membership=membership, read_only=read_only, by=signed_in_user(request))
    except LastFullAccess as why:
        _refuse(request, account, membership, why)
    except Membership.DoesNotExist as gone:
        raise Http404 from gone
    else:
        membership.read_only = read_only
        messages.success(request, _access_words(membership))
    return redirect("accounts:teammate_list", account.pk)


@account_view(Can.MANAGE)
def teammate_remove(request: HttpRequest, account: Account, membership_id: int) -> HttpResponse:
    membership = _teammate(account, membership_id)
    if request.method != "POST":
        context = {"teammate": membership, "kept": leaving.what_stays(account=account, user=membership.user)}
        return render(request, "accounts/teammate_remove.html", context)
    if membership.user_id == signed_in_user(request).pk:
        return redirect("accounts:leave", account.pk)
    try:
        revoked = memberships.remove(membership=membership, by=signed_in_user(request))
    except LastFullAccess as why:
        _refuse(request, account, membership, why)
    except Membership.DoesNotExist as gone:
        raise Http404 from gone
    else:
        also = f" {counted(revoked, 'open invitation')} of theirs revoked." if revoked else ""
        messages.success(request, f"{membership.user} is no longer a teammate. What they made stays.{also}")
    return redirect("accounts:teammate_list", account.pk)


@require_POST
@account_view(Can.LEAVE)
def access_ask(request: TenantRequest, account: Account) -> HttpResponse:
    """Ask those with full access for it, and go back to the page with the button."""
    project = _project_asked_for(request)
    to = f" to {project.name}" if project else ""
    try:
        is_asked = memberships.ask_for_access(membership=request.membership, project=project)
    except Membership.DoesNotExist as gone:
        raise Http404 from gone
    names = " and ".join(grantors(account))
    if request.membership.access is Access.FULL:
        messages.info(request, "You have full access.")
    elif not is_asked:
        messages.info(request, f"You have asked within the last day. Who can give you full access{to}: {names}.")
    elif mails.is_set_up():
        messages.success(request, f"Who can give you full access{to} is told by mail: {names}.")
    else:
        messages.warning(
            request,
            f"That you asked for access{to} stands in Activity. "
            f"Mail is not set up on this server: tell {names} yourself.",
        )
    return redirect(page_of(request))


@account_view(Can.LEAVE)
def leave(request: TenantRequest, account: Account) -> HttpResponse:
    membership = request.membership
    if request.method != "POST":
        return render(request, "accounts/leave.html")
    try:
        memberships.leave(membership=membership)
    except LastFullAccess as why:
        _refuse(request, account, membership, why)
        return redirect("accounts:leave", account.pk)
    except Membership.DoesNotExist:
        pass  # the membership was removed meanwhile
    messages.success(request, f"You have left {account.name}.")
    return redirect("projects:home")


def _project_asked_for(request: TenantRequest) -> Any:
    """The project that the form names, if access differs by project and the person reaches it."""
    wanted, reached = request.POST.get("project", ""), by_project.known().reached(request.membership)
    if reached is None or not (wanted.isascii() and wanted.isdigit() and len(wanted) < 19):
        return None
    return reached.filter(pk=wanted).first()


def _access_words(membership: Membership) -> str:
    if has_roles(membership):
        return f"{membership.user} is read-only now, and reaches the projects that are chosen for them."
    return f"{membership.user} {'is read-only' if membership.read_only else 'has full access'} now."


def _teammate(account: Account, membership_id: int) -> Membership:
    membership = get_object_or_404(account.memberships.select_related("user"), pk=membership_id)
    membership.account = account
    return membership


def _refuse(request: HttpRequest, account: Account, membership: Membership, why: LastFullAccess) -> None:
    is_way_back = isinstance(why, LastWayBack)
    reason = "last way back" if is_way_back else "last full access"
    record_refusal(request, account, {"teammate": membership.user.email, "reason": reason})
    messages.error(request, (LAST_WAY_BACK if is_way_back else LAST_ONE).format(name=membership.user))
