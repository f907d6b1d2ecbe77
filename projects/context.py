"""Template context of the environment switcher in the header of every page."""

from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from accounts.door import entered
from projects.door import entered_environment
from projects.models import Environment


def switcher(request: HttpRequest) -> dict[str, Any]:
    """`environment`: the one in the URL, if any; `switcher_projects`: the account's projects and environments.

    `switcher_projects` is [{"project", "environments": [{"environment", "url", "is_current"}]}], read on first use.
    """
    return {
        "environment": entered_environment(request),
        "switcher_projects": SimpleLazyObject(lambda: _projects(request)),
    }


def _projects(request: HttpRequest) -> list[dict[str, Any]]:
    membership = entered(request)
    if membership is None:
        return []
    environments = list(
        Environment.objects.live()
        .filter(project__account_id=membership.account_id)
        .select_related("project")
        .order_by("project__name", "project_id", "-is_production", "name")
    )
    current = entered_environment(request)
    return [
        {
            "project": members[0].project,
            "environments": [
                {"environment": each, "url": _switch(request, each), "is_current": each == current} for each in members
            ],
        }
        for _, group in groupby(environments, key=lambda each: each.project_id)
        if (members := list(group))
    ]


def _switch(request: HttpRequest, environment: Environment) -> str:
    """The URL that switches from the current page to `environment` (projects/switch_target.py decides the target)."""
    match = request.resolver_match
    if match is None or "app_id" not in match.kwargs or request.method != "GET":
        return reverse(settings.ENVIRONMENT_LANDING, args=[environment.app_id])
    query = urlencode({"from": request.get_full_path()})
    return f"{reverse('projects:switch', args=[environment.app_id])}?{query}"
