"""Days that are counted beforehand (analytics/rollups), as this store offers them."""

from collections.abc import Sequence
from datetime import datetime

import psycopg

from analytics.questions.query import Counting, Selection
from analytics.questions.spans import Bucket, Span, Unit
from analytics.rollups import cohorts, refresh, time_counts
from analytics.sql.context import QueryContext, Tuples
from analytics.store.failures import QueryFailed
from analytics.store.postgresql import replica
from analytics.store.protocol import CountingLag, ReplicaState
from common.database import impatient_connection
from projects.models import Environment

CONNECT_SECONDS = 2


def counted_times(
    counting: Counting,
    span: Span,
    unit: Unit,
    context: QueryContext,
    chosen: Sequence[tuple[str, ...]] | None = None,
) -> Tuples | None:
    return time_counts.counting_rows(counting, span, unit, context, chosen)


def counted_cohorts(
    start: Selection,
    returning: Selection,
    span: Span,
    cut: Sequence[Bucket],
    context: QueryContext,
    *,
    every: bool,
    last: bool,
) -> Tuples | None:
    return cohorts.cohort_rows(start, returning, span, cut, context, every=every, last=last)


def counting_lag(limit_seconds: float) -> CountingLag:
    try:
        with impatient_connection(connect_seconds=CONNECT_SECONDS, statement_seconds=limit_seconds) as own:
            return CountingLag(*refresh.lag(own))
    except psycopg.Error as error:
        raise QueryFailed from error


def replica_state(limit_seconds: float) -> ReplicaState | None:
    try:
        return replica.state(limit_seconds)
    except psycopg.Error as error:
        raise QueryFailed from error


def environments_to_count(since: datetime) -> list[Environment]:
    return refresh.environments_to_refresh(since)


def count_days(environment: Environment, seconds: float) -> bool:
    return refresh.refresh(environment, seconds=seconds)


def forget_days(environment_id: int, before: datetime) -> None:
    refresh.forget_days(environment_id, before)
