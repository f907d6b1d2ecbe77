"""The dot in an environment's header, and the status page for requests that bypass its middleware."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.policy import Can
from common.database import TookTooLong
from projects.door import environment_view
from projects.models import Environment
from projects.registry import last_arrival_at
from support.status.dot import NOT_KNOWN, dot
from support.status.middleware import answer
from support.status.watch import watch


@login_not_required
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """The page and `/status.json`. Both are public and the same for everybody."""
    return answer(request)


@never_cache
@require_safe
@environment_view(Can.VIEW)
def freshness(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The dot. The header loads it once it is on the screen, and reloads it now and then."""
    try:
        found = dot(last_arrival_at(environment), timezone.now(), watch.current().snapshot)
    except TookTooLong:
        found = NOT_KNOWN
    return render(request, "support/freshness.html", {"dot": found})
