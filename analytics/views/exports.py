"""Any answer as a file, with the same parameters in the URL as its page."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from accounts.door import signed_in_user
from accounts.models import User
from accounts.policy import Can
from analytics.definitions.glossary import glossary_for
from analytics.kinds.registry import KINDS, kind_of, run
from analytics.questions.results import Cell, Result
from analytics.views.answers import answer, understand
from analytics.views.export_formats import FORMATS, FormatMissing
from common import csv, downloads
from projects.door import environment_view
from projects.models import Environment


@require_safe
@environment_view(Can.VIEW)
def export(request: HttpRequest, environment: Environment) -> HttpResponseBase:
    """Answer `?kind=graph&…` as CSV, or in the `format`; the parameter `name` names the file."""
    kind = request.GET.get("kind", "graph")
    if kind not in KINDS:
        return refused(f"Which question? Give kind={one_of(list(KINDS))}.")
    chosen = wanted_format(request)
    if chosen is None:
        return refused(f"Which format? Give format={one_of(list(FORMATS))}.")
    asked = answer(environment, understand(environment, kind, request.GET))
    if asked.is_queued:
        return put_off(asked.failure)
    if asked.result is None:
        return refused(asked.failure or " ".join(asked.errors.values()) or "Nothing was asked.")
    name = request.GET.get("name", "") or f"{environment.project.name} {KINDS[kind].label}"
    result = asked.result
    return file_of(result, _rows(result), in_words(result), name, chosen, signed_in_user(request))


def wanted_format(request: HttpRequest) -> str | None:
    """The `format` of the URL, or None if there is no such format."""
    extension = request.GET.get("format", "csv")
    return extension if extension in FORMATS else None


def file_of(
    result: Result, rows: Iterator[tuple[Cell, ...]], words: str, name: str, extension: str, by: User
) -> HttpResponseBase:
    """The rows of an answer as a file, streamed while they are read."""
    try:
        pieces = FORMATS[extension].pieces(result, words, rows)
    except FormatMissing as missing:
        return refused(str(missing))
    return downloads.response(
        pieces,
        by.pk,
        content_type=FORMATS[extension].content_type,
        file_name=csv.file_name(name, extension),
    )


def put_off(words: str) -> HttpResponse:
    """It is not its turn yet."""
    return HttpResponse(words, status=503, headers={"Retry-After": "5"}, content_type="text/plain; charset=utf-8")


def refused(words: str) -> HttpResponse:
    return HttpResponse(words, status=400, content_type="text/plain; charset=utf-8")


def one_of(names: list[str]) -> str:
    """ "graph, funnel or users"."""
    *most, last = names
    return f"{', '.join(most)} or {last}"


def in_words(result: Result) -> str:
    """The question: "Count of Pageview, last 30 days"."""
    query = result.query
    return ", ".join(filter(None, [kind_of(query).words(query, glossary_for(query)), query.range_words()]))


def _rows(result: Result) -> Iterator[tuple[Cell, ...]]:
    """The rows of the result's table; if the result is one page of a list, also the rows of all later pages."""
    yield from result.table().rows
    for table in kind_of(result.query).further(result, run):
        yield from table.rows
