"""The Teammates tab: who is in the account, and what they may do."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts import leaving
from accounts.actions import invitations, memberships
from accounts.door import TenantRequest, account_view, record_refusal, rights_here, signed_in_user
from accounts.forms import AccessForm, InviteForm
from accounts.full_access import LastFullAccess, LastWayBack
from accounts.models import Account, Membership
from accounts.policy import Can, what_can
from accounts.teammates import overview
from common.counted import counted

LINKS_TO_SHOW = "links_to_show"  # in the session: the rows of invitations whose links the list shows next
LAST_WAY_BACK = "{name} is the only way back while single sign-on is compulsory. Name somebody else there first."
LAST_ONE = "{name} is the last teammate with full access. Give full access to somebody else first."


@require_safe
@account_view(Can.VIEW)
def teammate_list(request: HttpRequest, account: Account) -> HttpResponse:
    return show_list(request, account, InviteForm())


def show_list(request: HttpRequest, account: Account, form: InviteForm, status: int = 200) -> HttpResponse:
    """Show the Teammates tab with `form`, which may hold errors. Inviting shows its errors on this page as well."""
    context = {
        "overview": overview(
            account=account,
            user=signed_in_user(request),
            search=request.GET.get("q", "").replace("\0", "").strip()[:100],
            page=request.GET.get("page"),
            pending_page=request.GET.get("pending"),
        ),
        "form": form,
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
            "is_self": membership.user_id == signed_in_user(request).pk,
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
        messages.success(request, f"{membership.user} {'is read-only' if read_only else 'has full access'} now.")
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


def _teammate(account: Account, membership_id: int) -> Membership:
    membership = get_object_or_404(account.memberships.select_related("user"), pk=membership_id)
    membership.account = account
    return membership


def _refuse(request: HttpRequest, account: Account, membership: Membership, why: LastFullAccess) -> None:
    is_way_back = isinstance(why, LastWayBack)
    reason = "last way back" if is_way_back else "last full access"
    record_refusal(request, account, {"teammate": membership.user.email, "reason": reason})
    messages.error(request, (LAST_WAY_BACK if is_way_back else LAST_ONE).format(name=membership.user))
