"""Asking the database: one question, one answer, with a time limit and a way to cancel.

    result = run(query, token=new_token())      # GraphResult, FunnelResult, RetentionResult or UsersResult
    cancel(environment_id, token)               # from another request, while it runs

`run` raises QueryTimeout, QueryCancelled (words for people in `.message`) and BadQuery (a definition or segment that
is not there any more).
"""

import secrets
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import overload

from django.utils import timezone

from analytics.definitions.catalogue import catalogue_for
from analytics.questions.query import Funnel, Graph, Query, Retention, Users
from analytics.questions.results import FunnelResult, GraphResult, Result, RetentionResult, UsersResult
from analytics.store.answers import answer_funnel, answer_graph, answer_retention, answer_users
from analytics.store.current import event_store
from analytics.store.failures import QueryCancelled, QueryFailed, QueryTimeout
from analytics.store.protocol import Ask

__all__ = ["TIME_LIMIT", "QueryCancelled", "QueryFailed", "QueryTimeout", "cancel", "new_token", "run"]

TIME_LIMIT = timedelta(seconds=30)


def new_token() -> str:
    """Names one run, so that it can be cancelled; nobody can guess it."""
    return secrets.token_hex(16)


@overload
def run(query: Graph, *, now: datetime | None = ..., token: str = ..., limit: timedelta = ...) -> GraphResult: ...
@overload
def run(query: Funnel, *, now: datetime | None = ..., token: str = ..., limit: timedelta = ...) -> FunnelResult: ...
@overload
def run(
    query: Retention, *, now: datetime | None = ..., token: str = ..., limit: timedelta = ...
) -> RetentionResult: ...
@overload
def run(query: Users, *, now: datetime | None = ..., token: str = ..., limit: timedelta = ...) -> UsersResult: ...


def run(query: Query, *, now: datetime | None = None, token: str = "", limit: timedelta = TIME_LIMIT) -> Result:
    """Answer the question as of `now`. With a `token` it can be cancelled from elsewhere."""
    now = now or timezone.now()
    began = time.monotonic()
    with event_store().asking(query.scope.environment_id, token=token, limit=limit) as ask:
        result = _answer(query, now, ask)
    return replace(result, ran=replace(result.ran, seconds=time.monotonic() - began))


def cancel(environment_id: int, token: str) -> bool:
    """Stop the run of this environment that has this token; whether one was running."""
    return event_store().cancel(environment_id, token)


def _answer(query: Query, now: datetime, ask: Ask) -> Result:
    catalogue = catalogue_for(query, has_merges=_has_merges(query.scope.environment_id, ask))
    if isinstance(query, Graph):
        return answer_graph(query, catalogue, now, ask)
    if isinstance(query, Funnel):
        return answer_funnel(query, catalogue, now, ask)
    if isinstance(query, Retention):
        return answer_retention(query, catalogue, now, ask)
    return answer_users(query, catalogue, now, ask)


def _has_merges(environment_id: int, ask: Ask) -> bool:
    sql = "select exists (select 1 from merges where environment_id = %(environment)s) as has_merges"
    return bool(ask(sql, {"environment": environment_id})[0][0])
