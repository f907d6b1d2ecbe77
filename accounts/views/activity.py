"""The Activity tab: who did what, and when. Nothing here changes anything."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import activity_log
from accounts.door import TenantRequest, account_view, signed_in_user
from accounts.forms import ActivityFilterForm
from accounts.models import Account
from accounts.policy import Can
from common import csv


@require_safe
@account_view(Can.VIEW)
def activity_list(request: TenantRequest, account: Account) -> HttpResponse:
    form = _filter_form(request)
    wanted = form.cleaned_data if form.is_valid() else {}
    page = activity_log.page(membership=request.membership, wanted=wanted, key=request.GET.get("key", ""))
    context = {
        "form": form,
        "lines": page.lines,
        "newer": _url(request, page.newer_key),
        "older": _url(request, page.older_key),
        "is_filtered": any(wanted.values()),
        "query": _kept(request),
    }
    return render(request, "accounts/activity_list.html", context)


@require_safe
@account_view(Can.VIEW)
def activity_csv(request: TenantRequest, account: Account) -> HttpResponseBase:
    """All rows that match the filter, as CSV."""
    form = _filter_form(request)
    wanted = form.cleaned_data if form.is_valid() else {}
    rows = activity_log.rows(membership=request.membership, wanted=wanted)
    name = f"activity-{timezone.now():%Y-%m-%d}-{account.name}"
    return csv.response(name, activity_log.HEADER, rows, signed_in_user(request).pk)


def _filter_form(request: HttpRequest) -> ActivityFilterForm:
    return ActivityFilterForm(request.GET, kinds=activity_log.kinds())


def _kept(request: HttpRequest) -> str:
    """The filter as a query string, without the page key."""
    return urlencode({name: value for name, value in request.GET.items() if value and name != "key"})


def _url(request: HttpRequest, key: str) -> str:
    return "?" + urlencode({**dict(request.GET.items()), "key": key}) if key else ""
