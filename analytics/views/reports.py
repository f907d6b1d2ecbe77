"""Reports: saved questions. Everyone may open and run them, also with other ranges; saving takes full access."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.door import signed_in_user
from accounts.policy import Can
from analytics import actions
from analytics.alerts.watching import watching
from analytics.dashboards import actions as dashboard_actions
from analytics.dashboards.kept import dashboards, reports_on
from analytics.definitions.lineages import REPORT
from analytics.forms.definitions import name_and_notes
from analytics.kinds.registry import KINDS, parse
from analytics.models import Dashboard, Report
from analytics.questions.conditions import BadQuery
from analytics.questions.parameters import Reader, querystring
from analytics.questions.query import Query, Scope
from analytics.shared_links.listed import shared_count
from analytics.subscriptions.actions import running
from analytics.views.analyze import answered
from analytics.views.answers import Parameters, ask
from analytics.views.dashboard import find_dashboard
from analytics.views.lists import kept_list
from analytics.views.pages import page
from analytics.views.parts import version_of
from projects.door import environment_view
from projects.models import Environment


def _found(environment: Environment, lineage: UUID) -> QuerySet[Report]:
    reports = Report.objects.select_related("created_by", "changed_by")
    return reports.filter(environment=environment, lineage=lineage)


def find_report(environment: Environment, lineage: UUID) -> Report:
    return get_object_or_404(_found(environment, lineage))


@require_safe
@environment_view(Can.VIEW)
def report_list(request: HttpRequest, environment: Environment) -> HttpResponse:
    context = {"list": kept_list(request, environment, REPORT)}
    return page(request, environment, "analytics/report_list.html", context)


@require_safe
@environment_view(Can.VIEW)
def report(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    """The saved question, or the one in the URL, which does not change the report.

    `?version=` is the version that was opened. Saving compares it, so that nobody overwrites what others saved.
    """
    found = find_report(environment, lineage)
    parameters: Parameters = request.GET if request.GET else actions.parameters_of(found)
    asked = ask(request, environment, found.kind, parameters)
    saved = parse(found.kind, actions.parameters_of(found), Scope.of(environment)).query
    is_changed = asked.query is not None and (saved is None or asked.query != saved)
    action = reverse("analytics:report", args=[environment.app_id, found.lineage])
    return answered(request, environment, asked, action, found, is_changed, version_of(request.GET) or found.version)


@environment_view(Can.EDIT)
def report_create(request: HttpRequest, environment: Environment) -> HttpResponse:
    """Save the question on the page, which the form sends as `kind` and `question`, under a name."""
    if request.method != "POST":
        return redirect("analytics:report_list", environment.app_id)
    query = _question(environment, request.POST)
    if query is None:
        messages.error(request, "That question could not be read. Nothing was saved.")
        return redirect("analytics:report_list", environment.app_id)
    raw = Reader(request.POST)
    name, notes = name_and_notes(raw)
    if raw.errors:
        context = {
            "errors": raw.errors,
            "dashboards": dashboards(environment),
            "name": name,
            "kind": query.kind,
            "question": request.POST["question"],
        }
        return page(request, environment, "analytics/report_create.html", context)
    by = signed_in_user(request)
    dashboard = _dashboard(request, environment) if request.POST.get("dashboard") else None
    try:
        saved = actions.create_report(environment=environment, name=name, query=query, notes=notes, by=by)
    except BadQuery as error:
        messages.error(request, f"Nothing was saved. {error.message}")
        return redirect(_question_url(environment, query))
    messages.success(request, f"Report {saved.name} saved.")
    if dashboard:
        _pin(request, dashboard, saved, is_on=True)
    return redirect("analytics:report", environment.app_id, saved.lineage)


def _question_url(environment: Environment, query: Query) -> str:
    return f"{reverse(f'analytics:{query.kind}', args=[environment.app_id])}?{querystring(query)}"


def _question(environment: Environment, data: QueryDict) -> Query | None:
    kind = data.get("kind", "")
    return parse(kind, QueryDict(data.get("question", "")), Scope.of(environment)).query if kind in KINDS else None


@require_POST
@environment_view(Can.EDIT)
def report_save(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    """Replace the saved question by the one on the page, unless another person saved in the meantime."""
    found = _found(environment, lineage).first()
    if found is None:
        return _offer_as_new(request, environment)
    query = _question(environment, request.POST)
    if query is None or query.kind != found.kind:
        messages.error(request, "That question could not be read. Nothing was saved.")
        return redirect("analytics:report", environment.app_id, found.lineage)
    try:
        actions.change_report(report=found, query=query, version=version_of(request.POST), by=signed_in_user(request))
    except BadQuery as error:
        messages.error(request, f"Nothing was saved. {error.message}")
        return redirect(_question_url(environment, query))
    except actions.Gone:
        return _offer_as_new(request, environment)
    except actions.Conflict:
        context = {"report": find_report(environment, lineage), "question": querystring(query), "kind": query.kind}
        return page(request, environment, "analytics/report_conflict.html", context, 409)
    messages.success(request, f"Report {found.name} saved.")
    return redirect("analytics:report", environment.app_id, found.lineage)


@environment_view(Can.EDIT)
def report_edit(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    """Edit the name and notes."""
    found = _found(environment, lineage).first()
    if found is None:
        return _offer_as_new(request, environment)
    context: dict[str, Any] = {
        "report": found,
        "question": urlencode(actions.parameters_of(found), doseq=True),
        "version": found.version,
        "name": found.name,
        "notes": found.notes,
        "errors": {},
        "conflict": False,
    }
    if request.method != "POST":
        return page(request, environment, "analytics/report_edit.html", context)
    raw, opened = Reader(request.POST), version_of(request.POST)
    name, notes = name_and_notes(raw)
    context |= {"name": name, "notes": notes, "errors": raw.errors, "version": opened}
    if raw.errors:
        return page(request, environment, "analytics/report_edit.html", context)
    try:
        actions.rename_report(report=found, name=name, notes=notes, version=opened, by=signed_in_user(request))
    except actions.Gone:
        return _offer_as_new(request, environment)
    except actions.Conflict:
        found = find_report(environment, lineage)
        context |= {"report": found, "version": found.version, "conflict": True}
        return page(request, environment, "analytics/report_edit.html", context, 409)
    messages.success(request, f"Report {name} saved.")
    return redirect("analytics:report", environment.app_id, found.lineage)


def _offer_as_new(request: HttpRequest, environment: Environment) -> HttpResponse:
    """Offer the question sent for a deleted report as a new report; without a question, answer 404."""
    query = _question(environment, request.POST)
    if query is None:
        raise Http404
    raw = Reader(request.POST)
    context = {"is_gone": True, "name": raw.text("name"), "notes": raw.text("notes")}
    context |= {"kind": query.kind, "question": querystring(query)}
    return page(request, environment, "analytics/report_create.html", context, 404)


@environment_view(Can.EDIT)
def report_delete(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    found = find_report(environment, lineage)
    if request.method != "POST":
        on = reports_on(dashboards(environment)).get(found.lineage, [])
        context = {
            "report": found,
            "on": on,
            "alerts": watching(environment, "report", [found.lineage]),
            "shared_count": shared_count(environment, "report", found.lineage),
            "subscriptions": running(environment, "report", [found.lineage]),
        }
        return page(request, environment, "analytics/report_delete.html", context)
    actions.delete_report(report=found, by=signed_in_user(request))
    messages.success(request, f"Report {found.name} deleted.")
    return redirect("analytics:report_list", environment.app_id)


@require_POST
@environment_view(Can.EDIT)
def report_pin(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    """Add it to the `dashboard` that the form names, or with `off` take it off."""
    found = find_report(environment, lineage)
    _pin(request, _dashboard(request, environment), found, is_on="off" not in request.POST)
    return redirect("analytics:report", environment.app_id, found.lineage)


def _dashboard(request: HttpRequest, environment: Environment) -> Dashboard:
    """The one that the form names. Raises Http404."""
    try:
        return find_dashboard(environment, UUID(request.POST.get("dashboard", "")))
    except ValueError:
        raise Http404 from None


def _pin(request: HttpRequest, dashboard: Dashboard, report: Report, *, is_on: bool) -> None:
    """Add the report to the dashboard, or take it off, and say so."""
    change = dashboard_actions.pin if is_on else dashboard_actions.unpin
    try:
        change(dashboard=dashboard, report=report, by=signed_in_user(request))
    except dashboard_actions.TooMany as error:
        messages.error(request, f"{report.name} is not on {dashboard.name}. {error}")
    except dashboard_actions.Gone:
        raise Http404 from None
    else:
        messages.success(request, f"{report.name} is {'' if is_on else 'no longer '}on {dashboard.name}.")
