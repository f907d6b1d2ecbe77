"""Answers to questions and saved reports, as JSON and CSV. A question has the parameters of its page."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from analytics import actions
from analytics.kinds.people import names_people
from analytics.kinds.registry import KINDS, run
from analytics.kinds.sessions.question import Sessions, SessionsResult
from analytics.kinds.users import Users, UsersResult
from analytics.questions.conditions import BadQuery
from analytics.questions.query import Query
from analytics.questions.results import Result
from analytics.store.failures import QueryBusy, QueryFailed, QueryTimeout
from analytics.views.answers import understand
from analytics.views.export_formats import FORMATS
from analytics.views.exports import in_words
from analytics.views.read_api.paging import WantedPage, with_next
from analytics.views.reports import find_report
from common.problems import Problem
from projects.api_tokens.door import Caller, environment_api
from projects.models import Environment, TokenScope

OFFERED = ("json", "csv")
OWN = ("format", "limit")  # parameters of the API, and of no question
AGAIN = {"Retry-After": "5"}


@environment_api(TokenScope.QUERIES)
def question(request: HttpRequest, caller: Caller, environment: Environment, kind: str) -> HttpResponse:
    """The answer to a question of this kind."""
    if kind not in KINDS:
        raise Problem(404, "not_found", f"There is no kind “{kind}” of questions: {', '.join(KINDS)}.")
    return _answered(request, caller, environment, kind, _given(request))


@environment_api(TokenScope.QUERIES)
def report(request: HttpRequest, caller: Caller, environment: Environment, lineage: UUID) -> HttpResponse:
    """The answer to a saved report. Parameters in the address take the place of the report's own, one by one."""
    found = find_report(environment, lineage)
    return _answered(request, caller, environment, found.kind, actions.parameters_of(found) | _given(request))


def _given(request: HttpRequest) -> dict[str, list[str]]:
    return {name: values for name, values in request.GET.lists() if name not in OWN}


def _answered(
    request: HttpRequest, caller: Caller, environment: Environment, kind: str, parameters: Mapping[str, list[str]]
) -> HttpResponse:
    chosen = request.GET.get("format", "json")
    if chosen not in OFFERED:
        raise Problem(400, "parameters", "There is no such format.", errors={"format": " or ".join(OFFERED)})
    query = _question(environment, kind, parameters)
    if names_people(query) and not caller.has(TokenScope.PEOPLE):
        line = f"The question lists people, or names a property of people. It needs the scope {TokenScope.PEOPLE}."
        raise Problem(403, "scope", line)
    if isinstance(query, Users | Sessions):
        query = replace(query, limit=WantedPage.of(request).limit)
    with asking():
        result: Result = run(query)
    pieces = FORMATS[chosen].pieces(result, in_words(result), iter(result.table().rows))
    response = HttpResponse(list(pieces), content_type=FORMATS[chosen].content_type)
    following = result.following() if isinstance(result, UsersResult | SessionsResult) else None
    return with_next(request, response, {"after": str(following.after)} if following else None)


def _question(environment: Environment, kind: str, parameters: Mapping[str, list[str]]) -> Query:
    """Raises Problem."""
    asked = understand(environment, kind, parameters)
    if asked.query is None:
        errors = asked.errors or {"": KINDS[kind].prompt or "Nothing was asked."}
        raise wrong(errors)
    return asked.query


def wrong(errors: dict[str, str]) -> Problem:
    return Problem(400, "parameters", "The question cannot be read. errors says of each parameter why.", errors=errors)


@contextmanager
def asking() -> Iterator[None]:
    """Turn what keeps a question from its answer into a Problem."""
    try:
        yield
    except BadQuery as error:
        raise wrong({error.at: error.message}) from error
    except QueryBusy as error:
        raise Problem(503, "busy", error.message, headers=AGAIN) from error
    except QueryTimeout as error:
        raise Problem(422, "too_slow", error.message) from error
    except QueryFailed as error:
        raise Problem(503, "unavailable", error.message, headers=AGAIN) from error
