"""The list of all kinds of questions, and functions for questions of any kind: to parse, run and show them.

parsed = parse("graph", request.GET, Scope.of(environment))    # Parsed: the question, or its errors
result = run(parsed.query, token=new_token())                  # the Result of its kind
event_store().cancel(environment_id, token)                    # meanwhile, from another request
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from django.http import QueryDict
from django.utils import timezone

from analytics.definitions.glossary import glossary_for
from analytics.kinds.behind import Behind, BehindResult, look_behind, with_events
from analytics.kinds.funnel.page import FUNNEL
from analytics.kinds.graph.page import GRAPH
from analytics.kinds.kind import AnswerView, QueryKind
from analytics.kinds.lifecycle import LIFECYCLE
from analytics.kinds.paths.page import PATHS
from analytics.kinds.retention.page import RETENTION
from analytics.kinds.sessions.page import SESSIONS
from analytics.kinds.stickiness import STICKINESS
from analytics.kinds.users import USERS
from analytics.kinds.watch import watched
from analytics.questions.behind import Looking, NoPlace
from analytics.questions.conditions import BadQuery
from analytics.questions.parameters import Reader, Unreadable
from analytics.questions.query import Query, Scope
from analytics.questions.results import Result
from analytics.sql.context import Ask, QueryContext, has_merges
from analytics.store.current import event_store
from analytics.store.failures import QueryDisturbed
from analytics.store.protocol import TIME_LIMIT

R = TypeVar("R", bound=Result)
AnyKind = QueryKind[Any, Any]
# in the menu's order
KINDS: dict[str, AnyKind] = {
    kind.name: kind for kind in (GRAPH, FUNNEL, PATHS, RETENTION, STICKINESS, LIFECYCLE, SESSIONS, USERS)
}


class UnknownKind(LookupError):
    """There is no such kind of question."""


def kind_named(name: str) -> AnyKind:
    """Raises UnknownKind."""
    try:
        return KINDS[name]
    except KeyError:
        raise UnknownKind(name) from None


def kind_of(query: Query) -> AnyKind:
    """Raises UnknownKind for a question whose kind is not listed."""
    return kind_named(query.kind)


@dataclass(frozen=True)
class Parsed:
    """The query, or None and its errors, {parameter name: words}. The name "" is the question as a whole."""

    query: Query | None
    errors: dict[str, str] = field(default_factory=dict)


def parse(kind: str, parameters: QueryDict | Mapping[str, list[str]], scope: Scope) -> Parsed:
    """Read the query of the kind with this name. Missing parameters take their defaults. Raises UnknownKind."""
    reader = Reader(parameters)
    try:
        query = kind_named(kind).read(reader, scope)
    except BadQuery as error:
        return Parsed(None, reader.errors | {error.at: error.message})
    except Unreadable:
        query = None
    return Parsed(None if reader.errors else query, reader.errors)


def show(result: Result, title: str) -> AnswerView:
    """The answer as the page of its kind shows it. `title` is the chart's."""
    answer: AnswerView = kind_of(result.query).show(result, title)
    return answer


def run(query: Query[R], *, now: datetime | None = None, token: str = "", limit: timedelta = TIME_LIMIT) -> R:
    """Answer the question as of `now`. With a `token`, another request can cancel it.

    Raises QueryTimeout, QueryCancelled, QueryDisturbed (words for people in `.message`) and BadQuery (a definition or
    segment no longer exists).
    """
    answer: Callable[[QueryContext], R] = partial(kind_of(query).answer, query)
    return _run(query, answer, now or timezone.now(), token, limit)


def run_behind(
    query: Query, looking: Looking, *, found: Behind | None = None, limit: timedelta = TIME_LIMIT
) -> BehindResult:
    """What stands behind a number of the answer to this question; `found` by an earlier page of it, if there is one.

    Raises as `run` does, and NoPlace.
    """
    find = kind_of(query).behind
    if find is None:
        raise NoPlace
    return with_events(_run(query, partial(look_behind, query, looking, find, found=found), looking.as_of, "", limit))


def _run(query: Query, answer: Callable[[QueryContext], R], now: datetime, token: str, limit: timedelta) -> R:
    began = time.monotonic()
    with watched(query, limit):
        try:
            result = _ask(query, answer, now, token, limit)
        except QueryDisturbed:  # once more, in what is left of the time
            left = limit - timedelta(seconds=time.monotonic() - began)
            if left <= timedelta(0):
                raise
            result = _ask(query, answer, now, token, left)
    return replace(result, ran=replace(result.ran, seconds=time.monotonic() - began))


def _ask(query: Query, find: Callable[[QueryContext], R], now: datetime, token: str, limit: timedelta) -> R:
    with event_store().snapshot(query.scope.environment_id, token=token, limit=limit) as ask:
        result = _answer(query, find, now, ask)
        return replace(result, ran=replace(result.ran, behind_seconds=ask.behind_seconds))


def _answer(query: Query, find: Callable[[QueryContext], R], now: datetime, ask: Ask) -> R:
    glossary = glossary_for(query, has_merges=has_merges(query.scope.environment_id, ask))
    return find(QueryContext(query.scope, glossary, now, event_store().dialect, ask))
