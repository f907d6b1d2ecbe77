"""Any answer as CSV, with the same parameters in the URL as its page."""

from collections.abc import Iterator
from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from accounts.policy import Can
from analytics.questions.results import Cell, Result, UsersResult
from analytics.questions.words import KINDS
from analytics.store.run import run
from analytics.views.asking import answer, understand
from common import csv
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
    return csv.response(name, header, _rows(asked.result))


def _refused(words: str) -> HttpResponse:
    return HttpResponse(words, status=400, content_type="text/plain; charset=utf-8")


def _rows(result: Result) -> Iterator[tuple[Cell, ...]]:
    """The rows of the result's table; of people all of them, page after page, as of the moment of the first page."""
    yield from result.table().rows
    if not isinstance(result, UsersResult):
        return
    following = result.next
    while following is not None:
        part = run(replace(result.query, after=following, limit=PEOPLE_AT_ONCE), now=result.ran.as_of)
        yield from replace(part, property_names=result.property_names).table().rows
        following = part.next
