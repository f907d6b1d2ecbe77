"""What pages of answers over time share: the chart's axis, and the times of the table as people say them."""

from collections.abc import Sequence
from dataclasses import replace

from analytics.charts.charts import Across, across_time
from analytics.charts.scales import bucket_name
from analytics.questions.query import Scope
from analytics.questions.results import Table
from analytics.questions.spans import Bucket, Unit


def buckets_across(buckets: Sequence[Bucket], unit: Unit, scope: Scope) -> Across:
    """The axis, in the project's time zone."""
    starts = [each.start.astimezone(scope.zone) for each in buckets]
    return across_time(starts, [each.complete for each in buckets], unit)


def for_people(table: Table, buckets: Sequence[Bucket], unit: Unit, scope: Scope) -> Table:
    """The table with times as people say them. (The CSV has them as programs read them.)

    Its first rows are those of the buckets, and begin with their time.
    """
    names = [bucket_name(each.start.astimezone(scope.zone), unit) for each in buckets]
    rows = [(name, *row[1:]) for name, row in zip(names, table.rows, strict=False)]
    return replace(table, rows=(*rows, *table.rows[len(names) :]))
