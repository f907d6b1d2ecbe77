"""Template context of the environment switcher in the header of every page."""

from itertools import groupby
from typing import Any, cast
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from accounts.context import membership_of
from accounts.door import entered, kept_out
from accounts.models import Membership
from accounts.policy import has_roles
from projects.access import reached_environments
from projects.door import entered_environment, entered_project, last_environment
from projects.models import Environment, Project


def switcher(request: HttpRequest) -> dict[str, Any]:
    """`environment`: the one in the URL, if any; `switcher_projects`: what the person reaches.

    `place` is the environment in the bar: the same, or on other pages the one from which the person came.
    `asks_for` is the project for which a teammate asks for access on this page; None: for the whole account.
    `switcher_projects` is [{"project", "environments": [{"environment", "url", "is_current"}]}], read on first use.
    """
    return {
        "environment": entered_environment(request),
        "place": SimpleLazyObject(lambda: place(request)),
        "asks_for": SimpleLazyObject(lambda: _asks_for(request)),
        "switcher_projects": SimpleLazyObject(lambda: _projects(request)),
    }


def place(request: HttpRequest) -> Environment | None:
    """The environment of this page; on a page of settings, the one viewed last, if it belongs to the same account."""
    environment = entered_environment(request)
    if environment is not None or not request.user.is_authenticated:
        return environment
    last = last_environment(request)
    return next((each for each in _environments(request) if each.app_id == last), None)


def _asks_for(request: HttpRequest) -> Project | None:
    membership = entered(request)
    return entered_project(request) if membership is not None and has_roles(membership) else None


def _projects(request: HttpRequest) -> list[dict[str, Any]]:
    current = place(request)
    return [
        {
            "project": members[0].project,
            "environments": [
                {"environment": each, "url": _switch(request, each), "is_current": each == current} for each in members
            ],
        }
        for _, group in groupby(_environments(request), key=lambda each: each.project_id)
        if (members := list(group))
    ]


class _SwitcherRequest(HttpRequest):
    """A request on which the account's environments are cached."""

    environments: list[Environment]


def _environments(request: HttpRequest) -> list[Environment]:
    """Those that the person reaches in the account whose page this is, or else in the one used last, by project."""
    read = cast(_SwitcherRequest, request)
    if not hasattr(read, "environments"):
        membership = entered(request) or _last_used(request)
        read.environments = _reached_by(membership) if membership else []
    return read.environments


def _reached_by(membership: Membership) -> list[Environment]:
    return list(
        reached_environments(membership)
        .select_related("project")
        .order_by("project__name", "project_id", "-is_production", "name")
    )


def _last_used(request: HttpRequest) -> Membership | None:
    """None too if the account's door is closed to this session."""
    membership = membership_of(request)
    return None if membership is None or kept_out(request, membership) else membership


def _switch(request: HttpRequest, environment: Environment) -> str:
    """The URL that switches from the current page to `environment` (projects/switch_target.py decides the target)."""
    match = request.resolver_match
    if match is None or "app_id" not in match.kwargs or request.method != "GET":
        return reverse(settings.ENVIRONMENT_LANDING, args=[environment.app_id])
    query = urlencode({"from": request.get_full_path()})
    return f"{reverse('projects:switch', args=[environment.app_id])}?{query}"
