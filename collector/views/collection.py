"""The Collection page of an environment: how much is accepted, how much is not, and why."""

from hashlib import blake2b
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.policy import Can
from collector.counts.overview import LeftOutCounts, overview
from collector.protocol.limits import MAX_PROPERTIES, MAX_PROPERTIES_BYTES
from collector.rate_limits import BURST_SECONDS
from projects.door import environment_view
from projects.models import Environment


@require_safe
@environment_view(Can.VIEW)
def collection(request: HttpRequest, environment: Environment) -> HttpResponse:
    return _numbers(request, environment, "collector/collection.html")


@require_safe
@environment_view(Can.VIEW)
def collection_numbers(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The part of the page that reloads itself. 204 if the page already shows these numbers (`?version=`)."""
    return _numbers(request, environment, "collector/collection_numbers.html")


def _limit(properties: int, size: int) -> str:
    return f"{properties:,} properties, which take at most {size:,} bytes"


def _left_out(counts: LeftOutCounts) -> str:
    """What was left out, and why; nothing when nothing was."""
    if not counts.week:
        return ""
    limit = _limit(settings.PERSON_PROPERTIES, settings.PERSON_BYTES)
    return (
        f"{counts.in_words}: a person or customer has at most {limit}. What that means, and what to do, is said below."
    )


def _numbers(request: HttpRequest, environment: Environment, template: str) -> HttpResponse:
    numbers = overview(environment, timezone.now())
    version = blake2b(repr(numbers).encode(), digest_size=8).hexdigest()
    if request.GET.get("version") == version:
        return HttpResponse(status=204)
    context = {
        "numbers": numbers,
        "version": version,
        "per_second": settings.EVENTS_PER_SECOND,
        "left_out": _left_out(numbers.left_out),
        "of_person": _limit(settings.PERSON_PROPERTIES, settings.PERSON_BYTES),
        "of_event": _limit(MAX_PROPERTIES, MAX_PROPERTIES_BYTES),
        "at_once": f"up to {settings.EVENTS_PER_SECOND * BURST_SECONDS:,.0f} at once",
    }
    with timezone.override(ZoneInfo(environment.project.time_zone)):
        return render(request, template, context)
