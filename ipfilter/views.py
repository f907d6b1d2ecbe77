"""The Excluded IPs page: for the account's list, and for one environment's list."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.current_request import client_address
from accounts.door import TenantRequest, account_view, signed_in_user
from accounts.models import Account
from accounts.policy import Can
from common.htmx import is_part, varying
from ipfilter import actions
from ipfilter.forms import ExcludedIPsForm
from ipfilter.list_scope import ListScope
from ipfilter.page import context, text_edits
from ipfilter.page.your_address import Visitor
from projects.door import environment_view
from projects.models import Environment


@require_http_methods(["GET", "HEAD", "POST"])
@account_view(Can.VIEW, to_save=Can.MANAGE)
def excluded_ips(request: TenantRequest, account: Account) -> HttpResponse:
    return _look_or_save(request, ListScope(account))


@require_POST
@account_view(Can.MANAGE)
def excluded_ips_preview(request: TenantRequest, account: Account) -> HttpResponse:
    return _preview(request, ListScope(account))


@require_http_methods(["GET", "HEAD", "POST"])
@environment_view(Can.VIEW, to_save=Can.MANAGE)
def environment_excluded_ips(request: TenantRequest, environment: Environment) -> HttpResponse:
    return _look_or_save(request, ListScope.of(environment))


@require_POST
@environment_view(Can.MANAGE)
def environment_excluded_ips_preview(request: TenantRequest, environment: Environment) -> HttpResponse:
    return _preview(request, ListScope.of(environment))


def _look_or_save(request: TenantRequest, scope: ListScope) -> HttpResponse:
    return _save(request, scope) if request.method == "POST" else _look(request, scope)


def _look(request: TenantRequest, scope: ListScope) -> HttpResponse:
    if is_part(request) and "address" in request.GET:
        return varying(render(request, "ipfilter/tested.html", context.testing(request, scope) | {"scope": scope}))
    return _page(request, scope, ExcludedIPsForm.showing(scope))


def _save(request: TenantRequest, scope: ListScope) -> HttpResponse:
    form = ExcludedIPsForm(request.POST, scope=scope)
    if not form.is_valid():
        return _page(request, scope, form)
    try:
        saved = actions.save_list(scope=scope, by=signed_in_user(request), **form.wanted())
    except actions.SavedMeanwhile as other:
        return _page(request, scope, _of_old_version(request.POST, scope, other))
    if saved.is_changed:
        messages.success(request, f"Saved: {saved.receipt}. It holds from the next event on.")
    else:
        messages.info(request, "There was nothing to save: the list is as it was.")
    return redirect(scope.url)


def _of_old_version(data: QueryDict, scope: ListScope, other: actions.SavedMeanwhile) -> ExcludedIPsForm:
    """The form with the typed text and the current version, so that saving again replaces the other person's list."""
    form = ExcludedIPsForm({**data.dict(), "version": other.saved.version}, scope=scope)
    form.is_valid()
    who = other.saved.saved_by or "somebody else"
    form.add_error(
        None,
        f"Nothing is saved yet: {who} has saved this list since you opened it. Below is your text, and what it would "
        "change in the list as it is now. Save again if yours shall replace it.",
    )
    return form


def _preview(request: TenantRequest, scope: ListScope) -> HttpResponse:
    """Show what saving would do, without saving. `add` and `suggestions` change the text first."""
    form = ExcludedIPsForm(request.POST, scope=scope, is_preview=True)
    form.is_valid()
    if "suggestions" in request.POST:
        form = _amended(request.POST, scope, text_edits.with_suggestions(_text(form), form.line_errors))
    elif request.POST.get("add"):
        form = _amended(request.POST, scope, _with_own_address(request, _text(form)))
    if is_part(request):
        return varying(render(request, "ipfilter/preview.html", context.editing(request, scope, form)))
    return _page(request, scope, form)


def _text(form: ExcludedIPsForm) -> str:
    """The text as typed, with the line ends that the parser uses."""
    return str(form["text"].value() or "").replace("\r\n", "\n").replace("\r", "\n")


def _amended(data: QueryDict, scope: ListScope, text: str) -> ExcludedIPsForm:
    amended = ExcludedIPsForm({**data.dict(), "text": text}, scope=scope, is_preview=True)
    amended.is_valid()
    return amended


def _with_own_address(request: HttpRequest, text: str) -> str:
    """`text` with the visitor's own address or network added. Any other posted value adds nothing."""
    visitor, wanted = Visitor(client_address(request)), request.POST["add"]
    if wanted not in (visitor.address, visitor.network):
        return text
    return text_edits.with_rule(text, wanted, name=str(signed_in_user(request)), on=timezone.now().date())


def _page(request: TenantRequest, scope: ListScope, form: ExcludedIPsForm) -> HttpResponse:
    return varying(render(request, "ipfilter/excluded_ips.html", context.context(request, scope, form)))
