"""Any answer as CSV, with the same parameters in the URL as its page."""

from collections.abc import Iterator
from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from accounts import csv_export
from accounts.policy import Can
from analytics.results import Cell, Result, UsersResult
from analytics.run import run
from analytics.views.asking import answer, understand
from analytics.wording import KINDS
from projects.door import environment_view
from projects.models import Environment

PEOPLE_AT_ONCE = 1000


@require_safe
@environment_view(Can.VIEW)
def export(request: HttpRequest, environment: Environment) -> HttpResponseBase:
    """`?kind=graph&…`; `name` is for the file."""
    kind = request.GET.get("kind", "graph")
    if kind not in KINDS:
        return _refused("Which question? Give kind=graph, funnel, retention or users.")
    asked = answer(environment, understand(environment, kind, request.GET))
    if asked.result is None:
        return _refused(asked.failure or " ".join(asked.errors.values()) or "Nothing was asked.")
    name = request.GET.get("name", "") or f"{environment.project.name} {KINDS[kind]}"
    header = [column.name for column in asked.result.table().columns]
    return csv_export.response(name, header, _rows(asked.result))


def _refused(words: str) -> HttpResponse:
    return HttpResponse(words, status=400, content_type="text/plain; charset=utf-8")


def _rows(result: Result) -> Iterator[tuple[Cell, ...]]:
    """The rows of the result's table; of people all of them, page after page, with the columns of the first page."""
    yield from result.table().rows
    if not isinstance(result, UsersResult):
        return
    page = result
    while page.next is not None:
        page = run(replace(result.query, after=page.next, limit=PEOPLE_AT_ONCE))
        yield from replace(page, property_names=result.property_names).table().rows
