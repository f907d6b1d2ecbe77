"""The page of an environment's subscriptions, and its forms. Read-only people subscribe themselves."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.door import TenantRequest, record_refusal, signed_in_user
from accounts.policy import Can
from analytics.dashboards import kept
from analytics.models import Dashboard, Report
from analytics.subscriptions import actions
from analytics.subscriptions.contents import found
from analytics.subscriptions.due import is_lost, schedule_of
from analytics.subscriptions.forms import SubscriptionForm
from analytics.subscriptions.models import Sending, Subscription
from analytics.subscriptions.sending import UNKNOWN
from analytics.views.pages import page
from common import mails
from common.counted import counted
from projects.door import environment_view
from projects.models import Environment

WEEKLY_AT_EIGHT = {"often": "weekly.1", "hour": 8}
OFFERED_TO_FULL = ("emails", "shows_people")  # fields of the form


@require_safe
@environment_view(Can.VIEW)
def subscription_list(request: TenantRequest, environment: Environment) -> HttpResponse:
    """One's own; all of the environment for those with full access, and for a visit of support."""
    membership = request.membership
    is_visit = membership.visit is not None
    rows = actions.listed(environment, None if is_visit or Can.EDIT in request.can else membership)
    names = actions.names(environment, rows)
    last = _last_sendings(rows)
    listed = [
        {
            "row": each,
            "name": names.get((each.noun, each.lineage), "Overview" if each.lineage == kept.OVERVIEW else "deleted"),
            "when": schedule_of(each).words(),
            "last": last.get(each.pk),
            "is_own": each.membership_id == membership.pk,
        }
        for each in rows
    ]
    context = {"listed": listed, "is_visit": is_visit}
    return page(request, environment, "analytics/subscription_list.html", context)


def _last_sendings(rows: list[Subscription]) -> dict[int, Sending]:
    """The last mail of each: one statement."""
    newest = Sending.objects.filter(subscription__in=rows).order_by("subscription", "-interval")
    last = {each.subscription_id: each for each in newest.distinct("subscription")}
    for each in last.values():
        if is_lost(each, timezone.now()):
            each.problem = UNKNOWN
    return last


@environment_view(Can.VIEW)
def subscription_add(request: TenantRequest, environment: Environment) -> HttpResponse:
    """`report` or `dashboard` names what it is about."""
    _refuse_visits(request)
    thing = _thing(request, environment)
    is_full = Can.EDIT in request.can
    form = _form(request, environment, OFFERED_TO_FULL if is_full else ())
    if not is_full and request.POST.get("emails", "").strip():
        raise _refused(request, environment)
    if request.method == "POST" and not mails.is_set_up():
        return _page(request, environment, form, thing)
    if request.method == "POST" and form.is_valid():
        emails = form.cleaned_data.get("emails", [])
        try:
            actions.subscribe(
                environment=environment, membership=request.membership, thing=thing, emails=emails, **form.schedule()
            )
        except actions.NotSubscribed as error:
            form.add_error(None, str(error))
        else:
            said = (
                f"Asked {counted(len(emails), 'address')} to confirm." if emails else f"You get {thing.name} by mail."
            )
            messages.success(request, said)
            return redirect("analytics:subscription_list", environment.app_id)
    return _page(request, environment, form, thing)


@environment_view(Can.VIEW)
def subscription_edit(request: TenantRequest, environment: Environment, subscription_id: int) -> HttpResponse:
    row = _own(request, environment, subscription_id)
    filled = {"often": f"{row.frequency}.{row.day}", "hour": row.hour, "shows_people": row.shows_people}
    form = _form(request, environment, ("shows_people",) if row.email and Can.EDIT in request.can else (), filled)
    if request.method == "POST" and form.is_valid():
        actions.change(subscription=row, by=signed_in_user(request), **form.schedule())
        messages.success(request, "Saved.")
        return redirect("analytics:subscription_list", environment.app_id)
    return _page(request, environment, form, None, row)


@require_POST
@environment_view(Can.VIEW)
def subscription_end(request: TenantRequest, environment: Environment, subscription_id: int) -> HttpResponse:
    row = _own(request, environment, subscription_id)
    if actions.end(subscription=row, by=signed_in_user(request)):
        messages.success(request, f"Ended. {row.to} gets no more of these mails.")
    return redirect("analytics:subscription_list", environment.app_id)


def _refuse_visits(request: TenantRequest) -> None:
    """Raises PermissionDenied for support, who is no teammate."""
    if request.membership.visit is not None:
        raise PermissionDenied


def _refused(request: TenantRequest, environment: Environment) -> PermissionDenied:
    """Recorded as a door records it."""
    project = environment.project
    record_refusal(request, project.account, {"path": request.path, "needs": Can.EDIT.value}, project.pk)
    return PermissionDenied()


def _own(request: TenantRequest, environment: Environment, subscription_id: int) -> Subscription:
    """One that runs: one's own, or with full access anybody's. Raises Http404, and PermissionDenied for another's."""
    _refuse_visits(request)
    rows = Subscription.objects.select_related("environment__project__account", "membership__user")
    row = get_object_or_404(rows.filter(environment=environment, ended_at=None), pk=subscription_id)
    if row.membership_id != request.membership.pk and Can.EDIT not in request.can:
        raise _refused(request, environment)
    return row


def _thing(request: TenantRequest, environment: Environment) -> Report | Dashboard:
    """Raises Http404."""
    sent = request.POST if request.method == "POST" else request.GET
    noun = "dashboard" if "dashboard" in sent else "report"
    try:
        thing = kept.report_or_dashboard(environment, noun, UUID(sent.get(noun, "")))
    except ValueError:
        thing = None
    if thing is None:
        raise Http404
    return thing


def _form(
    request: TenantRequest, environment: Environment, offers: Collection[str], filled: dict[str, Any] | None = None
) -> SubscriptionForm:
    posted = request.POST if request.method == "POST" else None
    zone = environment.project.time_zone
    return SubscriptionForm(posted, zone=zone, offers=offers, initial=filled or WEEKLY_AT_EIGHT)


def _page(
    request: TenantRequest,
    environment: Environment,
    form: SubscriptionForm,
    thing: Report | Dashboard | None,
    row: Subscription | None = None,
) -> HttpResponse:
    noun = "dashboard" if isinstance(thing, Dashboard) else "report"
    context = {"form": form, "thing": thing, "noun": noun, "row": row}
    if row:
        about = found(row)
        context["lead"] = f"{about.name if about else 'Deleted'}, to {row.to}"
    status = 422 if form.errors else 200
    return page(request, environment, "analytics/subscription_form.html", context, status)
