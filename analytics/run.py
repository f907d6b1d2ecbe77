"""Asking the database: one question, one answer, with a time limit and a way to cancel.

    result = run(query, token=new_token())      # GraphResult, FunnelResult, RetentionResult or UsersResult
    cancel(environment_id, token)               # from another request, while it runs

`run` raises QueryTimeout, QueryCancelled (words for people in `.message`) and BadQuery (a definition or segment that
is not there any more).
"""

import secrets
from datetime import datetime, timedelta
from typing import overload

from analytics.query import Funnel, Graph, Query, Retention, Users
from analytics.results import FunnelResult, GraphResult, Result, RetentionResult, UsersResult

TIME_LIMIT = timedelta(seconds=30)


class QueryFailed(Exception):
    """The question was fine, the answer did not come. `message` is for people."""

    message = "The query failed."


class QueryTimeout(QueryFailed):
    message = (
        "The query took too long and was stopped. Narrow it down: take a shorter range, a named event instead of any, "
        "fewer steps, or no grouping."
    )


class QueryCancelled(QueryFailed):
    message = "The query was cancelled."


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
    raise NotImplementedError


def cancel(environment_id: int, token: str) -> bool:
    """Stop the run of this environment that has this token; whether one was running."""
    raise NotImplementedError
