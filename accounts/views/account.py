"""The account itself: opening it, and its settings."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts import last_seen, second_factor
from accounts.actions import memberships
from accounts.door import TenantRequest, account_view, signed_in_user
from accounts.forms import AccountForm
from accounts.models import Account
from accounts.policy import Can
from accounts.second_factor import has_second_factor


@require_safe
@account_view(Can.VIEW)
def open_account(request: TenantRequest, account: Account) -> HttpResponse:
    """Switch to this account, and remember it as the one used last, on all of the person's machines."""
    last_seen.remember_account(request.membership)
    return redirect(settings.LOGIN_REDIRECT_URL)


@require_safe
@account_view(Can.VIEW)
def account_settings(request: HttpRequest, account: Account) -> HttpResponse:
    return _show_settings(request, AccountForm(instance=account, by=signed_in_user(request)))


@require_POST
@account_view(Can.MANAGE)
def account_settings_save(request: HttpRequest, account: Account) -> HttpResponse:
    form = AccountForm(request.POST, instance=Account.objects.get(pk=account.pk), by=signed_in_user(request))
    if not form.is_valid():
        return _show_settings(request, form, status=422)
    changed = memberships.change_settings(account=account, by=signed_in_user(request), **form.changes)
    messages.success(request, "Saved." if changed else "Nothing had changed.")
    return redirect("accounts:account_settings", account.pk)


def _show_settings(request: HttpRequest, form: AccountForm, status: int = 200) -> HttpResponse:
    return render(request, "accounts/account_settings.html", {"form": form}, status=status)


@require_safe
def second_factor_required(request: HttpRequest) -> HttpResponse:
    """The page for people whose account requires a second factor that they have not set up yet.

    Once they have, it leads to where they were going.
    """
    user = signed_in_user(request)
    if has_second_factor(user.pk):
        return redirect(second_factor.where_to(request))
    requiring = Account.objects.open().filter(memberships__user=user, require_second_factor=True).order_by("name")
    if not requiring:
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "accounts/second_factor_required.html", {"requiring": requiring})
