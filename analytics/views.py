"""Pages that look at what was collected."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.policy import Can
from projects.door import environment_view
from projects.models import Environment


@require_safe
@environment_view(Can.VIEW)
def live(request: HttpRequest, environment: Environment) -> HttpResponse:
    return render(request, "analytics/live.html", {})
