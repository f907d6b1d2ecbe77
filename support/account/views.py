"""The Support tab in an account's settings: visits of support, an export of everything, and asking to close."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.door import account_view, rights_here, signed_in_user
from accounts.models import Account
from accounts.policy import Can
from common import mails
from common.counted import counted
from support.account.actions import ask_to_close
from support.account.forms import AskToCloseForm
from support.exports import actions as export_actions
from support.exports.models import AccountExport, ExportState
from support.talk.actions import TooManyMessages
from support.visits import actions as visit_actions
from support.visits.models import Visit

SHOWN_VISITS = 20
SHOWN_EXPORTS = 5


@require_safe
@never_cache
@account_view(Can.VIEW)
def account_support(request: HttpRequest, account: Account) -> HttpResponse:
    return _page(request, account, AskToCloseForm())


def _page(request: HttpRequest, account: Account, form: AskToCloseForm, status: int = 200) -> HttpResponse:
    exports = list(AccountExport.objects.filter(account=account).order_by("-asked_at")[:SHOWN_EXPORTS])
    context = {
        "form": form,
        "visits_allowed": visit_actions.allowed(account),
        "visits": Visit.objects.filter(account=account).order_by("-started_at")[:SHOWN_VISITS],
        "exports": [(each, _link_here(request, each)) for each in exports],
        "is_exporting": any(each.state in (ExportState.WAITING, ExportState.RUNNING) for each in exports),
    }
    return render(request, "support/account_support.html", context, status=status)


def _link_here(request: HttpRequest, export: AccountExport) -> str:
    """Where this person fetches an export that is ready, if no mail brings them the link. Otherwise ''."""
    if mails.is_set_up() or export.state != ExportState.READY:
        return ""
    is_theirs = export.mail_to_id in {None, signed_in_user(request).pk} and Can.MANAGE in rights_here(request)
    return reverse("support:export_download", args=[export_actions.secret_of(export)]) if is_theirs else ""


@require_POST
@account_view(Can.MANAGE)
def visits_allow(request: HttpRequest, account: Account) -> HttpResponse:
    """Allow or forbid support to look into the account."""
    allowed = request.POST.get("allowed") == "yes"
    visit_actions.allow(account=account, allowed=allowed, by=signed_in_user(request))
    messages.success(request, "Support may look into this account." if allowed else "Support may not look in any more.")
    return redirect("support:account_support", account.pk)


@require_POST
@account_view(Can.MANAGE)
def export_ask(request: HttpRequest, account: Account) -> HttpResponse:
    """Start an export of everything; its link is mailed to the person who asks."""
    user = signed_in_user(request)
    try:
        export_actions.ask(account=account, by=user, mail_to=user)
    except export_actions.OneIsUnderWay:
        messages.warning(request, "An export is being made already.")
    else:
        where = f"goes to {user.email}" if mails.is_set_up() else "stands here"
        messages.success(request, f"The export is being made. Its link {where} when it is ready.")
    return redirect("support:account_support", account.pk)


@require_POST
@account_view(Can.MANAGE)
def close_ask(request: HttpRequest, account: Account) -> HttpResponse:
    """Ask support to close this account. Nothing is closed yet."""
    form = AskToCloseForm(request.POST)
    if not form.is_valid():
        return _page(request, account, form, status=422)
    try:
        ask_to_close(account=account, text=form.cleaned_data["text"], by=signed_in_user(request))
    except TooManyMessages as limit:
        form.add_error(
            None, f"That is a lot of messages at once. Please ask again in {counted(limit.minutes, 'minute')}."
        )
        return _page(request, account, form, status=429)
    messages.success(request, "Your message is sent! We'll respond via email shortly.")
    return redirect("support:account_support", account.pk)
