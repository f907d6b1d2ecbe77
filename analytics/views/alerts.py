"""The pages of an environment's alerts. Making and changing them takes full access; everybody may be told of one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from accounts.door import signed_in_user
from accounts.policy import Can
from analytics.alerts import actions, log
from analytics.alerts.forms import FORMS, AlertForm, SilenceForm
from analytics.alerts.models import Alert, AlertRecipient, Watches, Webhook
from analytics.alerts.reading import FoundNumber
from analytics.alerts.words import Names, found, names_for, watched
from analytics.forms.choices import choices
from analytics.forms.controls import Select, with_nothing
from analytics.forms.typed import read_typed
from analytics.models import Report
from analytics.questions.conditions import BadQuery
from analytics.questions.parameters import Reader
from analytics.questions.query import EventReference
from analytics.views.pages import page
from common import mails
from projects.access import reaching_teammates
from projects.door import EnvironmentRequest, environment_view
from projects.models import Environment


def _alerts(environment: Environment) -> QuerySet[Alert]:
    rows = Alert.objects.filter(environment=environment)
    return rows.select_related("environment__project__account", "created_by", "changed_by")


def find_alert(environment: Environment, alert_id: int) -> Alert:
    return get_object_or_404(_alerts(environment), pk=alert_id)


@require_safe
@environment_view(Can.VIEW)
def alert_list(request: EnvironmentRequest, environment: Environment) -> HttpResponse:
    """Those that fire first."""
    alerts = list(_alerts(environment).order_by("-is_on", "-is_firing", "name", "pk"))
    names = Names(environment, alerts)
    mine = AlertRecipient.objects.filter(alert__environment=environment, membership=request.membership.pk)
    told = set(mine.values_list("alert_id", flat=True))
    context = {
        "rows": [(alert, watched(alert, names), last_found(alert, names), alert.pk in told) for alert in alerts],
        "webhooks": Webhook.objects.filter(environment=environment).count(),
        "kinds": Watches.choices,
    }
    return page(request, environment, "analytics/alert_list.html", context)


def last_found(alert: Alert, names: Names) -> str:
    """What it had in the interval judged last; empty before, and where it could not be judged."""
    if alert.judged_until is None or alert.problem or alert.value is None:
        return ""
    return found(alert, FoundNumber(alert.value), names)


@require_safe
@environment_view(Can.VIEW)
def alert(request: EnvironmentRequest, environment: Environment, alert_id: int) -> HttpResponse:
    """What it watches, how it is, whom it tells, and what it told."""
    shown = find_alert(environment, alert_id)
    names = names_for(shown)
    told = list(shown.recipients.select_related("membership__user").order_by("membership__user__email"))
    reaching = reaching_teammates(environment.project).filter(pk__in=[each.membership_id for each in told])
    reached_by = set(reaching.values_list("pk", flat=True))
    context = {
        "alert": shown,
        "watched": watched(shown, names),
        "found": last_found(shown, names),
        "report": names.reports.get(shown.lineage) if shown.watches == Watches.REPORT else None,
        "recipients": [(each.membership.user, each.membership_id in reached_by) for each in told],
        "webhooks": shown.webhooks.order_by("name"),
        "changes": log.changes_of(shown),
        "shown": log.SHOWN,
        "kept_days": log.KEPT.days,
        "is_told": any(each.membership_id == request.membership.pk for each in told),
        "may_be_told": request.membership.visit is None,
        "has_mail": mails.is_set_up(),
    }
    return page(request, environment, "analytics/alert.html", context)


@environment_view(Can.EDIT)
def alert_create(request: EnvironmentRequest, environment: Environment) -> HttpResponse:
    """`watches` says what, in the URL and in the form; `report` in the URL chooses one."""
    watches = (request.POST if request.method == "POST" else request.GET).get("watches", Watches.REPORT)
    if watches not in FORMS:
        raise Http404
    if request.method == "POST":
        return _saved(request, environment, watches, None)
    form = FORMS[watches](environment=environment, initial=_opening(request, environment))
    return _form(request, environment, form, Reader(request.GET))


def _opening(request: EnvironmentRequest, environment: Environment) -> dict[str, Any]:
    """What a new form is filled with: oneself, and the report from which one came."""
    filled: dict[str, Any] = {"recipients": [request.membership.pk]}
    report = _report(environment, request.GET.get("report", ""))
    if report is None:
        return filled
    parameters = dict(report.body.get("parameters", ()))
    return filled | {
        "report": str(report.lineage),
        "name": report.name,
        "unit": unit if (unit := parameters.get("unit")) in ("hour", "day", "week") else "day",
        "figure": "interval" if report.kind == "graph" else "total",
    }


def _report(environment: Environment, text: str) -> Report | None:
    try:
        return Report.objects.filter(environment=environment, lineage=UUID(text)).first()
    except ValueError:
        return None


@environment_view(Can.EDIT)
def alert_edit(request: EnvironmentRequest, environment: Environment, alert_id: int) -> HttpResponse:
    changed = find_alert(environment, alert_id)
    if request.method == "POST":
        return _saved(request, environment, changed.watches, changed)
    form = FORMS[changed.watches](environment=environment, alert=changed)
    return _form(request, environment, form, Reader({"event": [changed.event]}))


def _saved(request: HttpRequest, environment: Environment, watches: str, alert: Alert | None) -> HttpResponse:
    """Make what was sent, or change `alert` to it, and lead to its page; or show the form with what is wrong."""
    form, raw = _sent(request, environment, watches, alert)
    if not form.is_valid() or raw.errors:
        return _form(request, environment, form, raw)
    told: dict[str, Any] = {"recipients": form.chosen_recipients, "webhooks": form.chosen_webhooks}
    by, saved = signed_in_user(request), alert
    try:
        if alert is None:
            saved = actions.create_alert(environment=environment, by=by, alert=form.made, **told)
        else:
            saved = actions.change_alert(alert=alert, by=by, changed=form.made, **told)
    except actions.NoRoom as error:
        form.add_error(None, str(error))
        return _form(request, environment, form, raw)
    if saved is None:
        raise Http404
    became = "saved." if alert else "made. It is judged within a minute."
    messages.success(request, f"Alert {saved.name} {became}")
    return redirect("analytics:alert", environment.app_id, saved.pk)


def _sent(
    request: HttpRequest, environment: Environment, watches: str, alert: Alert | None
) -> tuple[AlertForm, Reader]:
    """The form as it was sent, and its event, whose errors are in the reader."""
    raw = read_typed(environment, request.POST)
    form = FORMS[watches](request.POST, environment=environment, alert=alert)
    if isinstance(form, SilenceForm) and (text := raw.text("event")):
        try:
            event = EventReference.parse(text)
            if event.is_session:
                raise BadQuery("Sessions are no events: choose an event.")
            form.event = str(event)
        except BadQuery as error:
            raw.wrong("event", error.message)
    return form, raw


def _form(request: HttpRequest, environment: Environment, form: AlertForm, raw: Reader) -> HttpResponse:
    event = None
    if isinstance(form, SilenceForm):
        groups = with_nothing("Any event at all", choices(environment, raw).without_session().events)
        event = Select("event", "No event", raw.text("event"), raw.errors.get("event", ""), groups=groups)
    context = {"form": form, "alert": form.alert, "event": event, "kinds": Watches.choices}
    return page(request, environment, "analytics/alert_form.html", context, 422 if form.errors or raw.errors else 200)


@require_POST
@environment_view(Can.EDIT)
def alert_switch(request: EnvironmentRequest, environment: Environment, alert_id: int) -> HttpResponse:
    """Switch it on, or with `off` off."""
    switched = find_alert(environment, alert_id)
    is_on = "off" not in request.POST
    actions.switch_alert(alert=switched, is_on=is_on, by=signed_in_user(request))
    messages.success(request, f"Alert {switched.name} is {'on' if is_on else 'off'}.")
    return redirect("analytics:alert", environment.app_id, switched.pk)


@environment_view(Can.EDIT)
def alert_delete(request: EnvironmentRequest, environment: Environment, alert_id: int) -> HttpResponse:
    deleted = find_alert(environment, alert_id)
    if request.method != "POST":
        context = {"alert": deleted, "watched": watched(deleted, names_for(deleted))}
        return page(request, environment, "analytics/alert_delete.html", context)
    actions.delete_alert(alert=deleted, by=signed_in_user(request))
    messages.success(request, f"Alert {deleted.name} deleted.")
    return redirect("analytics:alert_list", environment.app_id)


@require_POST
@environment_view(Can.VIEW)
def alert_subscribe(request: EnvironmentRequest, environment: Environment, alert_id: int) -> HttpResponse:
    """Tell me of it by mail, or with `off` no more. Support, on a visit, is told nothing."""
    if request.membership.visit is not None:
        raise PermissionDenied
    about = find_alert(environment, alert_id)
    try:
        if "off" in request.POST:
            actions.unsubscribe(alert=about, membership=request.membership)
            messages.success(request, f"You are told no more of {about.name}.")
        else:
            actions.subscribe(alert=about, membership=request.membership)
            messages.success(request, f"You will be told of {about.name} by mail.")
    except actions.NoRoom as error:
        messages.error(request, str(error))
    return redirect("analytics:alert", environment.app_id, about.pk)
