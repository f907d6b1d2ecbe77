"""The pages of excluded IPs: the account's list, and the same page for one environment's own."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.door import account_view, signed_in_user
from accounts.models import Account
from accounts.policy import Can
from ipfilter import actions
from ipfilter.forms import ExcludedIPsForm
from ipfilter.scopes import Scope
from projects.door import environment_view
from projects.models import Environment

View = Callable[..., HttpResponseBase]


def _look(request: HttpRequest, scope: Scope) -> HttpResponse:
    kept = scope.saved_list()
    form = ExcludedIPsForm(initial={"text": kept.text, "version": kept.version})
    return _page(request, scope, form)


def _save(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = ExcludedIPsForm(request.POST)
    if not form.is_valid():
        return _page(request, scope, form)
    try:
        saved = actions.save_list(scope=scope, by=signed_in_user(request), **form.wanted())
    except actions.SavedMeanwhile:
        form.add_error(None, "Nothing was saved: somebody else saved this list while you were editing it.")
        return _page(request, scope, form)
    messages.success(request, f"Saved. {saved.receipt}.")
    return redirect(scope.url())


def _page(request: HttpRequest, scope: Scope, form: ExcludedIPsForm) -> HttpResponse:
    return render(request, "ipfilter/excluded_ips.html", {"scope": scope, "form": form, "kept": scope.saved_list()})


# --- Doors: looking takes another right than saving -------------------------------------------------------------------
def _by_method(look: View, save: View) -> View:
    """One URL for both; each view is behind a door of its own."""

    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: HttpRequest, **ids: Any) -> HttpResponseBase:
        return (save if request.method == "POST" else look)(request, **ids)

    view.needs = Can.VIEW  # type: ignore[attr-defined]  # to look; the other door asks for more
    return view


def _of_account(needs: Can, view: Callable[[HttpRequest, Scope], HttpResponse]) -> View:
    def with_scope(request: HttpRequest, account: Account) -> HttpResponse:
        return view(request, Scope(account))

    return account_view(needs)(with_scope)


def _of_environment(needs: Can, view: Callable[[HttpRequest, Scope], HttpResponse]) -> View:
    def with_scope(request: HttpRequest, environment: Environment) -> HttpResponse:
        return view(request, Scope.of(environment))

    return environment_view(needs)(with_scope)


excluded_ips = _by_method(_of_account(Can.VIEW, _look), _of_account(Can.MANAGE, _save))
environment_excluded_ips = _by_method(_of_environment(Can.VIEW, _look), _of_environment(Can.MANAGE, _save))
