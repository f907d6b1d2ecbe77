"""The page Access by project: of a teammate, and of an open invitation."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from accounts.door import account_view, signed_in_user
from accounts.models import Access, Account, RolesByProject
from accounts.policy import Can
from common.counted import counted
from projects import roles
from projects.role_forms import MOST_PROJECTS, RolesForm


@account_view(Can.MANAGE)
def teammate_roles(request: HttpRequest, account: Account, membership_id: int) -> HttpResponse:
    teammate = get_object_or_404(account.memberships.select_related("user"), pk=membership_id)
    return _page(request, account, teammate, str(teammate.user))


@account_view(Can.MANAGE)
def invitation_roles(request: HttpRequest, account: Account, invitation_id: int) -> HttpResponse:
    invitation = get_object_or_404(account.invitations.open(), pk=invitation_id)
    return _page(request, account, invitation, invitation.email)


def _page(request: HttpRequest, account: Account, holder: roles.Holder, name: str) -> HttpResponse:
    """Show or save one page of the account's projects; `q` finds some by name."""
    if account.roles_by_project == RolesByProject.OFF:
        messages.info(request, "Every teammate reaches every project. Access by project is switched on here.")
        return redirect("accounts:account_settings", account.pk)
    if holder.access is Access.FULL:
        messages.info(request, f"{name} has full access to the account, and so to every project.")
        return redirect("accounts:teammate_list", account.pk)
    search = request.GET.get("q", "").replace("\0", "").strip()[:100]
    found = account.projects.live().filter(name__icontains=search).order_by("name", "pk")
    page = Paginator(found, MOST_PROJECTS).get_page(request.GET.get("page"))
    chosen, data = roles.roles_of(holder, page), request.POST if request.method == "POST" else None
    form = RolesForm(data, projects=list(page), usual=roles.usual(account), roles=chosen)
    if form.is_valid():
        changed = roles.choose(holders=[holder], chosen=form.chosen, by=signed_in_user(request))
        words = f"Saved for {counted(changed, 'project')}. It holds from the next page that {name} opens."
        messages.success(request, words if changed else "Nothing had changed.")
        return redirect(request.get_full_path())
    context = {
        "name": name,
        "form": form,
        "page": page,
        "search": search,
        "usual": roles.in_words(roles.usual(account)),
        "list_url": reverse("accounts:teammate_list", args=[account.pk]),
    }
    return render(request, "projects/roles.html", context, status=200 if data is None else 422)
