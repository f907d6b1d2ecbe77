"""One person's page: properties, sessions and timeline."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from accounts.policy import Can
from analytics.live import Position, newest
from analytics.people import known_person, merged_into
from analytics.views.rendering import page
from projects.door import environment_view
from projects.models import Environment


@require_safe
@environment_view(Can.VIEW)
def person(request: HttpRequest, environment: Environment, actor_id: int) -> HttpResponse:
    """A visitor who has become somebody leads to that person."""
    somebody = merged_into(environment.pk, actor_id)
    if somebody is not None:
        return redirect("analytics:person", environment.app_id, somebody)
    known = known_person(environment.pk, actor_id)
    if known is None:
        raise Http404
    before = Position.parse(request.GET.get("before", ""))
    context = {"person": known, "page": newest(environment.pk, before, known.actors), "before": before}
    return page(request, environment, "analytics/person.html", context)
