"""The page of an environment's subscriptions, and its forms. Read-only people subscribe themselves."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from accounts.door import entered, signed_in_user
from accounts.models import Membership
from accounts.policy import Can, rights
from analytics.dashboards import kept
from analytics.models import Dashboard, Report
from analytics.subscriptions import actions
from analytics.subscriptions.due import schedule_of
from analytics.subscriptions.forms import SubscriptionForm
from analytics.subscriptions.models import Frequency, Sending, Subscription
from analytics.views.pages import page
from common import mails
from common.counted import counted
from projects.access import access
from projects.door import environment_view
from projects.models import Environment


@require_safe
@environment_view(Can.VIEW)
def subscription_list(request: HttpRequest, environment: Environment) -> HttpResponse:
    """One's own; with full access all of the environment."""
    membership = _membership(request)
    rows = actions.listed(environment, None if _has_full(membership, environment) else membership)
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
    return page(request, environment, "analytics/subscription_list.html", {"listed": listed})


def _last_sendings(rows: list[Subscription]) -> dict[int, Sending]:
    """The last mail of each: one statement."""
    found = Sending.objects.filter(subscription__in=rows).order_by("subscription", "-interval").distinct("subscription")
    return {each.subscription_id: each for each in found}


@environment_view(Can.VIEW)
def subscription_add(request: HttpRequest, environment: Environment) -> HttpResponse:
    """`report` or `dashboard` names what it is about."""
    membership = _membership(request)
    thing = _thing(request, environment)
    is_full = _has_full(membership, environment)
    form = _form(request, environment, is_full)
    if request.method == "POST" and "emails" in request.POST and request.POST["emails"].strip() and not is_full:
        raise PermissionDenied
    if request.method == "POST" and not mails.is_set_up():
        return _page(request, environment, form, thing)
    if request.method == "POST" and form.is_valid():
        emails = form.cleaned_data.get("emails", [])
        try:
            actions.subscribe(
                environment=environment, membership=membership, thing=thing, emails=emails, **form.schedule()
            )
        except actions.Refused as error:
            form.add_error(None, str(error))
        else:
            said = (
                f"{counted(len(emails), 'address')} asked to confirm." if emails else f"You get {thing.name} by mail."
            )
            messages.success(request, said)
            return redirect("analytics:subscription_list", environment.app_id)
    return _page(request, environment, form, thing)


@environment_view(Can.VIEW)
def subscription_edit(request: HttpRequest, environment: Environment, subscription_id: int) -> HttpResponse:
    row = _own(request, environment, subscription_id)
    filled = {"frequency": row.frequency, "hour": row.hour}
    filled |= {"weekday": row.day} if row.frequency == Frequency.WEEKLY else {"day": row.day}
    form = _form(request, environment, False, filled)
    if request.method == "POST" and form.is_valid():
        actions.change(subscription=row, by=signed_in_user(request), **form.schedule())
        messages.success(request, "Saved.")
        return redirect("analytics:subscription_list", environment.app_id)
    return _page(request, environment, form, None, row)


@require_POST
@environment_view(Can.VIEW)
def subscription_end(request: HttpRequest, environment: Environment, subscription_id: int) -> HttpResponse:
    row = _own(request, environment, subscription_id)
    if actions.end(subscription=row, by=signed_in_user(request)):
        messages.success(request, f"Ended. {row.to} gets no more of these mails.")
    return redirect("analytics:subscription_list", environment.app_id)


def _membership(request: HttpRequest) -> Membership:
    """Raises PermissionDenied for a visit of support, which is no teammate."""
    membership = entered(request)
    if membership is None or membership.pk is None:
        raise PermissionDenied
    return membership


def _has_full(membership: Membership, environment: Environment) -> bool:
    return Can.EDIT in rights(membership, access(membership, environment.project))


def _own(request: HttpRequest, environment: Environment, subscription_id: int) -> Subscription:
    """One that runs: one's own, or with full access anybody's. Raises Http404, and PermissionDenied for another's."""
    membership = _membership(request)
    rows = Subscription.objects.select_related("environment__project__account", "membership__user")
    row = get_object_or_404(rows.filter(Q(ended_at=None), environment=environment), pk=subscription_id)
    if row.membership_id != membership.pk and not _has_full(membership, environment):
        raise PermissionDenied
    return row


def _thing(request: HttpRequest, environment: Environment) -> Report | Dashboard:
    """Raises Http404."""
    sent = request.POST if request.method == "POST" else request.GET
    try:
        if "dashboard" in sent:
            return kept.find(environment, UUID(sent["dashboard"]))
        return Report.objects.select_related("environment").get(
            environment=environment, lineage=UUID(sent.get("report", ""))
        )
    except (ValueError, Report.DoesNotExist, Dashboard.DoesNotExist):
        raise Http404 from None


def _form(
    request: HttpRequest, environment: Environment, to_others: bool, filled: dict[str, Any] | None = None
) -> SubscriptionForm:
    posted = request.POST if request.method == "POST" else None
    zone = environment.project.time_zone
    return SubscriptionForm(posted, zone=zone, to_others=to_others, initial=filled or {})


def _page(
    request: HttpRequest,
    environment: Environment,
    form: SubscriptionForm,
    thing: Report | Dashboard | None,
    row: Subscription | None = None,
) -> HttpResponse:
    noun = "dashboard" if isinstance(thing, Dashboard) else "report"
    context = {"form": form, "thing": thing, "noun": noun, "row": row}
    status = 422 if form.errors else 200
    return page(request, environment, "analytics/subscription_form.html", context, status)
