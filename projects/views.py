"""Pages of projects and environments, and the way home."""

from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.door import account_view, signed_in_user
from accounts.models import Account, Membership
from accounts.policy import Can
from projects import actions, registry
from projects.door import LAST_ENVIRONMENT, environment_view, project_view
from projects.forms import EnvironmentForm, ProjectForm
from projects.models import Environment, Project
from projects.snippet import curl, snippet
from projects.switching import destination


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Go to the environment looked at last in the account used last; a page of its own for people without one."""
    place = Membership.objects.latest_used(signed_in_user(request)).first()
    if place is None:
        return render(request, "projects/no_account.html")
    environments = Environment.objects.filter(project__account_id=place.account_id).order_by("-is_production", "pk")
    last = environments.filter(app_id=request.session.get(LAST_ENVIRONMENT, "")).first()
    environment = last or environments.first()
    if environment is None:
        return redirect("projects:project_list", place.account_id)
    return redirect(settings.ENVIRONMENT_LANDING, environment.app_id)


@require_safe
@account_view(Can.VIEW)
def project_list(request: HttpRequest, account: Account) -> HttpResponse:
    projects = list(account.projects.prefetch_related("environments").order_by("name"))
    usage = registry.usage(environment for project in projects for environment in project.environments.all())
    rows = [
        (project, [(each, usage.get(each.pk, registry.Usage())) for each in _production_first(project)])
        for project in projects
    ]
    return render(request, "projects/project_list.html", {"rows": rows})


def _production_first(project: Project) -> list[Environment]:
    return sorted(project.environments.all(), key=lambda each: (not each.is_production, each.name.lower()))


@account_view(Can.MANAGE)
def project_create(request: HttpRequest, account: Account) -> HttpResponse:
    form = ProjectForm(request.POST if request.method == "POST" else None, account=account)
    if not form.is_valid():
        return render(request, "projects/project_create.html", {"form": form})
    try:
        project = actions.create_project(account=account, by=signed_in_user(request), **form.cleaned_data)
    except IntegrityError:  # somebody else was faster
        form.add_error("name", f"There is a project named “{form.cleaned_data['name']}” already.")
        return render(request, "projects/project_create.html", {"form": form})
    messages.success(request, f"Project {project.name} created. It is a clean slate: send it a first event.")
    return redirect("projects:install", project.environments.get().app_id)


@project_view(Can.MANAGE)
def environment_add(request: HttpRequest, project: Project) -> HttpResponse:
    form = EnvironmentForm(request.POST if request.method == "POST" else None, project=project)
    if not form.is_valid():
        return render(request, "projects/environment_add.html", {"form": form, "project": project})
    try:
        added = actions.add_environment(project=project, by=signed_in_user(request), **form.cleaned_data)
    except IntegrityError:  # somebody else was faster
        form.add_error("name", f"There is an environment named “{form.cleaned_data['name']}” in this project already.")
        return render(request, "projects/environment_add.html", {"form": form, "project": project})
    messages.success(request, f"{added.environment.name} created: {added.receipt}.")
    return redirect("projects:install", added.environment.app_id)


@require_safe
@environment_view(Can.VIEW)
def install(request: HttpRequest, environment: Environment) -> HttpResponse:
    place = {"app_id": environment.app_id, "site_url": settings.SITE_URL}
    context = {
        "snippet": snippet(**place),
        "curl": curl(**place),
        "last_event_at": registry.last_event_at(environment),
    }
    return render(request, "projects/install.html", context)


@require_safe
@environment_view(Can.VIEW)
def install_status(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The part of the install page that asks again by itself until the first event is there."""
    context = {"last_event_at": registry.last_event_at(environment)}
    return render(request, "projects/install_status.html", context)


@require_safe
@environment_view(Can.VIEW)
def switch(request: HttpRequest, environment: Environment) -> HttpResponse:
    """Enter `environment` on the page that `from` names, with a word where that page has no counterpart here."""
    to = destination(came_from=request.GET.get("from", ""), environment=environment)
    if to.word:
        messages.info(request, to.word)
    return redirect(to.url)
