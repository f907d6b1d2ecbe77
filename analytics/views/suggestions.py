"""What there is to choose from, for the fields of a form."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from accounts.policy import Can
from analytics.forms.controls import Pickable
from analytics.forms.search import search
from analytics.questions.conditions import MAX_VALUE, BadQuery, Field
from analytics.questions.query import Scope
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from analytics.views.pages import TOO_SLOW, page
from projects.door import environment_view
from projects.models import Environment


@require_safe
@environment_view(Can.VIEW)
def suggested_values(request: HttpRequest, environment: Environment) -> HttpResponse:
    """Values of a field that contain what was typed, as options of a datalist. An unknown field has no options.

    The field is the value of the only parameter whose name ends with `field`: "where.2.field=event:path". What was
    typed is that of the one that ends with `value`, if there is one.
    """
    named = (str(value) for name, value in request.GET.items() if name.endswith("field"))
    typed = (str(value) for name, value in request.GET.items() if name.endswith("value"))
    part = next(typed, "").replace("\0", "")
    try:
        chosen = Field.parse(next(named, ""))
    except BadQuery:
        return page(request, environment, "analytics/form/values.html", {"values": []})
    try:
        values = event_store().field_values(Scope.of(environment), chosen, part)
    except QueryTimeout:
        values = []
    return page(request, environment, "analytics/form/values.html", {"values": values})


@require_safe
@environment_view(Can.VIEW)
def suggested_names(request: HttpRequest, environment: Environment) -> HttpResponse:
    """Events or properties that contain what was typed, as JSON.

    `of` says what is searched (analytics/forms/controls.py), `q` is what was typed, `event` the event beside it.
    """
    try:
        what = Pickable(request.GET.get("of", ""))
    except ValueError:
        return JsonResponse({"groups": [], "note": ""})
    part, near = (request.GET.get(name, "").replace("\0", "")[:MAX_VALUE] for name in ("q", "event"))
    try:
        found = search(environment, what, part, near)
    except QueryTimeout:
        return JsonResponse({"groups": [], "note": TOO_SLOW})
    return JsonResponse({"groups": found.groups, "note": found.note})
