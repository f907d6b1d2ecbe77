"""Rendering a page, or a part of it, in the project's time zone."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

from projects.models import Environment

TOO_SLOW = "Reading the events took too long and was stopped."


def rendered(request: HttpRequest, environment: Environment, template: str, context: dict[str, Any]) -> str:
    """`template` rendered as text, with times in the project's time zone."""
    with timezone.override(ZoneInfo(environment.project.time_zone)):
        return render_to_string(template, {"environment": environment} | context, request)


def page(
    request: HttpRequest, environment: Environment, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """The same as a response."""
    return HttpResponse(rendered(request, environment, template, context), status=status)
