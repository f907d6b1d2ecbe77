"""Any answer as CSV, with the same parameters in the URL as its page."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from accounts.policy import Can
from analytics.export import csv_lines, file_name, table_lines
from analytics.kinds.registry import KINDS, run
from analytics.kinds.users import UsersResult
from analytics.questions.results import Result
from analytics.views.asking import answer, understand
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
    name = file_name(request.GET.get("name", "") or f"{environment.project.name} {KINDS[kind].label}")
    response = StreamingHttpResponse(_lines(asked.result), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _refused(words: str) -> HttpResponse:
    return HttpResponse(words, status=400, content_type="text/plain; charset=utf-8")


def _lines(result: Result) -> Iterator[str]:
    """The result's table; of people all of them, page after page, with the columns and the moment of the first page."""
    yield from csv_lines(result)
    if not isinstance(result, UsersResult):
        return
    following = result.next
    while following is not None:
        part = run(replace(result.query, after=following, limit=PEOPLE_AT_ONCE), now=result.ran.as_of)
        rows = replace(part, property_names=result.property_names)
        yield from itertools.islice(table_lines(rows.table()), 1, None)
        following = part.next
