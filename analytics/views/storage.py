"""The Storage page of a project: how long its events are kept, what goes next, and how much room they take."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.door import signed_in_user
from accounts.policy import Can
from analytics.expiry import forecast
from analytics.expiry.forms import MonthsKeptForm
from analytics.expiry.night import next_night
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from projects.actions import change_months_kept
from projects.door import project_view
from projects.models import Environment, Project


@project_view(Can.VIEW, to_save=Can.MANAGE)
def storage(request: HttpRequest, project: Project) -> HttpResponse:
    """Show and change for how many months events are kept. What removes any is confirmed by the project's name."""
    now = timezone.now()
    form = MonthsKeptForm(request.POST if request.method == "POST" else None, project=project)
    context = {"project": project, "form": form, "night": next_night(now), "error": ""}
    if form.is_valid():
        goes = forecast.at_night(project, form.months, now) if form.changed_data else []
        confirm = request.POST.get("confirm")
        if not goes or (confirm or "").split() == project.name.split():
            changed = change_months_kept(project=project, by=signed_in_user(request), months=form.months)
            messages.success(request, "Saved." if changed else "Nothing had changed.")
            return redirect("analytics:storage", project.pk)
        if confirm is not None:
            context["error"] = f"Type {project.name} exactly as it is written here."
        return render(request, "analytics/storage_confirm.html", context | {"goes": goes})
    environments = list(project.environments.live().order_by("-is_production", "name"))
    for environment in environments:
        environment.project = project
    sizes = _sizes(environments)
    context["rows"] = [(each, sizes.get(each.environment.pk)) for each in forecast.coming(environments, now)]
    return render(request, "analytics/storage.html", context, status=422 if form.is_bound else 200)


def _sizes(environments: list[Environment]) -> dict[int, int]:
    try:
        return event_store().bytes_used([each.pk for each in environments])
    except QueryTimeout:
        return {}
