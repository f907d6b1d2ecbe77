"""What the header's environment switcher shows on every page."""

from itertools import groupby
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from projects.models import Environment


def switcher(request: HttpRequest) -> dict[str, Any]:
    """`environment`: the one in the URL, if any; `switcher_projects`: the account's projects and environments.

    `switcher_projects` is [{"project", "environments": [{"environment", "url", "is_current"}]}], read on first use.
    """
    return {
        "environment": getattr(request, "environment", None),
        "switcher_projects": SimpleLazyObject(lambda: _projects(request)),
    }


def _projects(request: HttpRequest) -> list[dict[str, Any]]:
    membership = getattr(request, "membership", None)
    if membership is None:
        return []
    environments = (
        Environment.objects.filter(project__account_id=membership.account_id)
        .select_related("project")
        .order_by("project__name", "project_id", "-is_production", "name")
    )
    current = getattr(request, "environment", None)
    return [
        {
            "project": members[0].project,
            "environments": [
                {"environment": each, "url": _same_page(request, each), "is_current": each == current}
                for each in members
            ],
        }
        for _, group in groupby(environments, key=lambda each: each.project_id)
        if (members := list(group))
    ]


def _same_page(request: HttpRequest, environment: Environment) -> str:
    """The page that is open, in `environment`; its landing page where there is no such page."""
    match = request.resolver_match
    if match is not None and set(match.kwargs) == {"app_id"}:
        return reverse(match.view_name, kwargs={"app_id": environment.app_id})
    return reverse(settings.ENVIRONMENT_LANDING, args=[environment.app_id])
