"""Answering a page's question: reading the parameters, running the query, and reporting errors."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.http import HttpRequest, QueryDict

from analytics.forms.typed import read_typed
from analytics.kinds.registry import kind_named, parse, run
from analytics.questions.conditions import BadQuery
from analytics.questions.parameters import Reader, as_lists, querystring
from analytics.questions.query import Query, Scope
from analytics.questions.results import Result
from analytics.store.failures import QueryBusy, QueryFailed
from analytics.store.protocol import TIME_LIMIT, new_token
from common.htmx import is_part
from projects.models import Environment

Parameters = QueryDict | Mapping[str, list[str]]
AT_ONCE = timedelta(milliseconds=500)  # after this, the page asks again in the background, with a Cancel button
TOKEN = re.compile(r"[0-9a-f]{32}")
TOKEN_HEADER = "X-Query-Token"  # noqa: S105  not a secret: it names one run


@dataclass
class AnsweredQuestion:
    """A question, and its answer if there is one.

    Without an answer, one of these says why: `errors` (wrong parameters), `failure` (words for people), `is_slow` (the
    page has to wait for it) or `is_queued` (it waits for its turn). If all are empty, nothing was asked yet.
    """

    kind: str
    raw: Reader
    query: Query | None = None
    result: Result | None = None
    errors: dict[str, str] = field(default_factory=dict)
    failure: str = ""
    is_slow: bool = False
    is_queued: bool = False

    @property
    def querystring(self) -> str:
        """The question as the querystring of a link."""
        return querystring(self.query) if self.query else ""


def ask(request: HttpRequest, environment: Environment, kind: str, parameters: Parameters) -> AnsweredQuestion:
    """Parse and run. A plain page waits only AT_ONCE, unless it has `?wait`. htmx waits up to the time limit."""
    patient = is_part(request) or "wait" in request.GET
    asked = understand(environment, kind, parameters)
    return answer(environment, asked, patient=patient, token=_token(request))


def answer(
    environment: Environment, asked: AnsweredQuestion, *, patient: bool = True, token: str = ""
) -> AnsweredQuestion:
    """Run the parsed question, up to the time limit if `patient`, else only up to AT_ONCE."""
    if asked.query is None:
        return asked
    try:
        asked.result = run(asked.query, token=token, limit=TIME_LIMIT if patient else AT_ONCE)
    except QueryBusy as error:
        asked.is_queued, asked.failure = True, error.message
    except QueryFailed as error:
        asked.is_slow = not patient
        asked.failure = error.message if patient else ""
    except BadQuery as error:
        asked.errors = {error.at: error.message}
        asked.raw.errors |= asked.errors
    return asked


def understand(environment: Environment, kind: str, parameters: Parameters) -> AnsweredQuestion:
    """Parse only. The form shows the whole question if it is valid, otherwise what was sent, with its errors."""
    if kind_named(kind).prompt and not any(parameters):
        return AnsweredQuestion(kind, Reader({}))
    typed = read_typed(environment, parameters)
    parsed = parse(kind, typed.values, Scope.of(environment))
    errors = parsed.errors | typed.errors
    query = None if errors else parsed.query
    raw = Reader(as_lists(query.parameters()) if query else typed.values)
    raw.errors = dict(errors)
    return AnsweredQuestion(kind, raw, query, errors=errors)


def _token(request: HttpRequest) -> str:
    """The token that the page sent, so that its Cancel button finds this run; otherwise a new one."""
    token = request.headers.get(TOKEN_HEADER, "")
    return token if TOKEN.fullmatch(token) else new_token()
