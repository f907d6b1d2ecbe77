"""Pages of projects, environments and API keys; the install page; the redirect from `/` to the last environment."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import IntegrityError
from django.db.models import F, Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.door import TenantRequest, account_view, enter, signed_in_user
from accounts.models import Account, Membership
from accounts.policy import Can, has_roles
from accounts.sso.session import known_to
from common.database import TookTooLong
from projects import actions, delete_question, install_guide, registry
from projects.access import full_in, reached_environments, reached_projects
from projects.capture import Capture
from projects.door import environment_view, last_environment, project_view
from projects.forms import (
    ApiKeyForm,
    CaptureForm,
    EnvironmentForm,
    EnvironmentNameForm,
    NewProjectForm,
    ProjectSettingsForm,
)
from projects.models import LIVE, Environment, Project, Removal
from projects.snippet import token_curl
from projects.switch_target import destination

API_KEYS_PER_PAGE = 25
REMOVAL_SHOWN_FOR = timedelta(hours=1)  # how long a finished removal is still shown


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Redirect to the last viewed environment of the last used account. People without an account get a page."""
    membership = next(iter(known_to(request, Membership.objects.latest_used(signed_in_user(request)))), None)
    if membership is None:
        closed = Membership.objects.select_related("account").filter(user=signed_in_user(request)).first()
        if closed is not None:
            enter(request, closed, Can.VIEW)  # raises AccountClosed, which shows the page about it
        return render(request, "projects/no_account.html")
    environments = reached_environments(membership).order_by("-is_production", "pk")
    last = environments.filter(app_id=last_environment(request)).first()
    environment = last or environments.first()
    if environment is None:
        return redirect("projects:project_list", membership.account_id)
    return redirect(settings.ENVIRONMENT_LANDING, environment.app_id)


@require_safe
@account_view(Can.VIEW)
def project_list(request: TenantRequest, account: Account) -> HttpResponse:
    membership = request.membership
    context = {
        "projects": _with_environments(membership),
        "managed": full_in(membership),
        "removals": _recent_removals(membership),
        "has_roles": has_roles(membership),
    }
    return render(request, "projects/project_list.html", context)


def _with_environments(
    membership: Membership,
) -> list[tuple[Project, list[tuple[Environment, registry.Usage | None, registry.KeptCounts]]]]:
    """Each project that the person reaches, with its environments, Production first, and their usage and contents.

    The usage is None where reading it took too long.
    """
    live = Prefetch("environments", Environment.objects.live().order_by("-is_production", "name"), "shown")
    projects = list(reached_projects(membership).filter(LIVE).prefetch_related(live).order_by("name"))
    environments: list[Environment] = [each for project in projects for each in project.shown]
    kept = registry.kept(environments)
    try:
        usage = {each.pk: registry.Usage() for each in environments} | registry.usage(environments)
    except TookTooLong:
        usage = {}
    return [
        (project, [(each, usage.get(each.pk), kept.get(each.pk, {})) for each in project.shown]) for project in projects
    ]


@require_safe
@account_view(Can.VIEW)
def removals(request: TenantRequest, account: Account) -> HttpResponse:
    """The part of the list that shows the progress of deletions. It refreshes itself while one is running."""
    return render(request, "projects/removals.html", {"removals": _recent_removals(request.membership)})


def _recent_removals(membership: Membership) -> list[Removal]:
    shown = Q(done_at=None) | Q(done_at__gte=timezone.now() - REMOVAL_SHOWN_FOR)
    removals = membership.account.removals.filter(shown)
    if has_roles(membership):
        removals = removals.filter(project_number__in=reached_projects(membership))
    return list(removals.order_by("-asked_at")[:20])


@account_view(Can.MANAGE)
def project_create(request: HttpRequest, account: Account) -> HttpResponse:
    form = NewProjectForm(request.POST if request.method == "POST" else None, account=account)
    if not form.is_valid():
        return render(request, "projects/project_create.html", {"form": form})
    try:
        project = actions.create_project(account=account, by=signed_in_user(request), **form.cleaned_data)
    except IntegrityError:  # another request took the name or the app_id meanwhile
        form = NewProjectForm(request.POST, account=account)
        if form.is_valid():
            raise
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
    except IntegrityError:  # another request took the name or the app_id meanwhile
        form = EnvironmentForm(request.POST, project=project)
        if form.is_valid():
            raise
        return render(request, "projects/environment_add.html", {"form": form, "project": project})
    except actions.BeingDeleted as gone:
        raise Http404 from gone
    messages.success(request, f"{added.environment.name} created: {added.receipt}.")
    return redirect("projects:install", added.environment.app_id)


@project_view(Can.MANAGE)
def project_edit(request: HttpRequest, project: Project) -> HttpResponse:
    form = ProjectSettingsForm(request.POST if request.method == "POST" else None, project=project)
    if form.is_valid():
        try:
            changed = actions.change_project(project=project, by=signed_in_user(request), **form.changes)
        except IntegrityError:  # another request took the name meanwhile
            form.add_error("name", f"There is a project named “{form.cleaned_data['name']}” already.")
        else:
            messages.success(request, f"{project.name} changed." if changed else "Nothing had changed.")
            return redirect("projects:project_list", project.account_id)
    return render(request, "projects/project_edit.html", {"form": form, "project": project})


@environment_view(Can.MANAGE)
def environment_rename(request: HttpRequest, environment: Environment) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = EnvironmentNameForm(data, project=environment.project, environment=environment)
    if form.is_valid():
        name = form.cleaned_data["name"]
        try:
            actions.rename_environment(environment=environment, name=name, by=signed_in_user(request))
        except IntegrityError:  # another request took the name meanwhile
            form.add_error("name", f"There is an environment named “{name}” in this project already.")
        else:
            messages.success(request, f"The environment is named {name} now.")
            return redirect("projects:project_list", environment.project.account_id)
    return render(request, "projects/environment_rename.html", {"form": form})


@environment_view(Can.VIEW, to_save=Can.MANAGE)
def environment_capture(request: HttpRequest, environment: Environment) -> HttpResponse:
    """What the tracker leaves out here, and where. Read-only people see it."""
    data = request.POST if request.method == "POST" else None
    form = CaptureForm(data, capture=Capture.from_json(environment.capture))
    if form.is_valid():
        changed = actions.change_capture(environment=environment, by=signed_in_user(request), **form.changes)
        messages.success(request, "Saved. It holds from now on." if changed else "Nothing had changed.")
        return redirect("projects:environment_capture", environment.app_id)
    return render(request, "projects/environment_capture.html", {"form": form}, status=200 if data is None else 422)


@environment_view(Can.MANAGE)
def environment_delete(request: HttpRequest, environment: Environment) -> HttpResponse:
    question = delete_question.DeleteQuestion.about([environment], environment.name)
    if _deleted(request, question, partial(actions.delete_environment, environment=environment)):
        return redirect("projects:project_list", environment.project.account_id)
    return render(request, "projects/environment_delete.html", {"question": question})


@project_view(Can.MANAGE)
def project_delete(request: HttpRequest, project: Project) -> HttpResponse:
    question = delete_question.DeleteQuestion.about(list(project.environments.live()), project.name, project)
    if _deleted(request, question, partial(actions.delete_project, project=project)):
        return redirect("projects:project_list", project.account_id)
    return render(request, "projects/project_delete.html", {"question": question, "project": project})


def _deleted(request: HttpRequest, question: delete_question.DeleteQuestion, delete: Callable[..., Removal]) -> bool:
    """Delete if this request confirms it, and return True. If the confirmation is wrong, set `question.error`."""
    if request.method != "POST":
        return False
    question.error = question.problem(request.POST.get("confirm", ""))
    if question.error:
        return False
    try:
        delete(by=signed_in_user(request))
    except actions.LastOne as last:
        question.error = str(last)
        return False
    except actions.BeingDeleted as gone:
        raise Http404 from gone
    messages.success(request, f"{question.name} takes no more events and is being deleted.")
    return True


@require_safe
@project_view(Can.VIEW)
def api_key_list(request: HttpRequest, project: Project) -> HttpResponse:
    keys = project.api_keys.select_related("created_by", "revoked_by").order_by(
        F("revoked_at").desc(nulls_first=True), "-created_at", "-pk"
    )
    page = Paginator(keys, API_KEYS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "projects/api_key_list.html", {"project": project, "page": page})


@never_cache
@project_view(Can.MANAGE)
def api_key_create(request: HttpRequest, project: Project) -> HttpResponse:
    """The form for a new key. The response to it shows the secret, only this once."""
    form = ApiKeyForm(request.POST if request.method == "POST" else None, project=project)
    if not form.is_valid():
        return render(request, "projects/api_key_create.html", {"form": form, "project": project})
    name = form.cleaned_data["name"]
    try:
        key, secret = actions.create_api_key(project=project, name=name, by=signed_in_user(request))
    except IntegrityError:  # the name was taken meanwhile, or the form was sent twice
        form.add_error("name", f"There is an API key named “{name}” already.")
        return render(request, "projects/api_key_create.html", {"form": form, "project": project})
    first = project.environments.live().order_by("-is_production", "pk")[0]
    line = token_curl(app_id=first.app_id, secret=secret, site_url=settings.SITE_URL)
    context = {"project": project, "key": key, "secret": secret, "environment_named": first, "curl": line}
    return render(request, "projects/api_key_secret.html", context)


@project_view(Can.MANAGE)
def api_key_revoke(request: HttpRequest, project: Project, api_key_id: int) -> HttpResponse:
    key = get_object_or_404(project.api_keys.filter(revoked_at=None), pk=api_key_id)
    if request.method != "POST":
        return render(request, "projects/api_key_revoke.html", {"project": project, "key": key})
    actions.revoke_api_key(key=key, by=signed_in_user(request))
    messages.success(request, f"The API key {key.name} is revoked. It opens nothing any more.")
    return redirect("projects:api_key_list", project.pk)


@require_safe
@environment_view(Can.VIEW)
def install(request: HttpRequest, environment: Environment) -> HttpResponse:
    """How to send events; `?how=` is one of the ways, which have a tab each."""
    how = request.GET.get("how", "")
    how = how if how in install_guide.WAYS else next(iter(install_guide.WAYS))
    url = reverse("projects:install", args=[environment.app_id])
    context = {
        "way": install_guide.way(how, app_id=environment.app_id, site_url=settings.SITE_URL),
        "tabs": [
            {"label": label, "url": f"{url}?how={key}", "current": key == how}
            for key, label in install_guide.WAYS.items()
        ],
        "csp": install_guide.csp(settings.SITE_URL),
        "obeyed": Capture.from_json(environment.capture).signals_in_words,
    }
    return render(request, "projects/install.html", context | _arrival(environment))


def _arrival(environment: Environment) -> dict[str, Any]:
    try:
        return {"last_arrival_at": registry.last_arrival_at(environment)}
    except TookTooLong:
        return {"is_unknown": True}


@require_safe
@environment_view(Can.VIEW)
def install_status(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The part of the install page that refreshes itself until the first event has arrived."""
    return render(request, "projects/install_status.html", _arrival(environment))


@require_safe
@environment_view(Can.VIEW)
def switch(request: HttpRequest, environment: Environment) -> HttpResponse:
    """Open `environment` on the page that `from` names. If that page has no counterpart here, a message says so."""
    to = destination(came_from=request.GET.get("from", ""), environment=environment)
    if to.word:
        messages.info(request, to.word)
    return redirect(to.url)
