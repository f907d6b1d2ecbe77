"""Days that are counted beforehand (analytics/rollups), as this store offers them."""

from collections.abc import Sequence
from datetime import datetime

from analytics.questions.query import Counting, Selection
from analytics.questions.spans import Bucket, Span, Unit
from analytics.rollups import cohorts, refresh, time_counts
from analytics.sql.context import QueryContext, Tuples
from projects.models import Environment


def counted_times(counting: Counting, span: Span, unit: Unit, context: QueryContext) -> Tuples | None:
    return time_counts.counting_rows(counting, span, unit, context)


def counted_cohorts(
    start: Selection, returning: Selection, span: Span, cut: Sequence[Bucket], context: QueryContext
) -> Tuples | None:
    return cohorts.cohort_rows(start, returning, span, cut, context)


def environments_to_count(since: datetime) -> list[Environment]:
    return refresh.environments_to_refresh(since)


def count_days(environment: Environment, seconds: float) -> bool:
    return refresh.refresh(environment, seconds=seconds)


def forget_days(environment_id: int, before: datetime) -> None:
    refresh.forget_days(environment_id, before)
