"""Suggested values from the data, for the fields of a form."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.policy import Can
from analytics.questions.conditions import BadQuery, Field
from analytics.questions.query import Scope
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from analytics.views.pages import page
from projects.door import environment_view
from projects.models import Environment


@require_safe
@environment_view(Can.VIEW)
def suggested_values(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The most frequent values of a field, as options of a datalist. An unknown field has no options.

    The field is the value of the only parameter whose name ends with `field`: "where.2.field=event:path".
    """
    named = (str(value) for name, value in request.GET.items() if name.endswith("field"))
    try:
        chosen = Field.parse(next(named, ""))
    except BadQuery:
        return page(request, environment, "analytics/form/values.html", {"values": []})
    try:
        values = event_store().field_values(Scope.of(environment), chosen)
    except QueryTimeout:
        values = []
    return page(request, environment, "analytics/form/values.html", {"values": values})
