"""What pages of answers over time share: the chart's axis, and the times of the table as people say them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analytics.charts.charts import Across, across_time
from analytics.charts.scales import bucket_name
from analytics.questions.query import Scope
from analytics.questions.results import Table
from analytics.questions.spans import Bucket, Unit

AxisBuckets = Sequence[Bucket | None]


@dataclass(frozen=True)
class TimeAxis:
    """The buckets of a chart over time, in units; None where an earlier range has a bucket more."""

    buckets: AxisBuckets
    unit: Unit


def buckets_across(buckets: AxisBuckets, unit: Unit, scope: Scope, before: AxisBuckets = ()) -> Across:
    """The axis, in the project's time zone. `before`: buckets of an earlier range that belong to them."""
    places = [place for place, each in enumerate(buckets) if each]
    own = [each for each in buckets if each]
    across = across_time([each.start.astimezone(scope.zone) for each in own], [each.complete for each in own], unit)
    if not before:
        return across
    names, complete = ["–"] * len(buckets), [True] * len(buckets)
    for place, name, is_complete in zip(places, across.names, across.complete, strict=True):
        names[place], complete[place] = name, is_complete
    labels = tuple(replace(each, index=places[each.index]) for each in across.labels)
    return Across(tuple(names), tuple(complete), labels, tuple(_names(before, unit, scope)))


def for_people(table: Table, buckets: AxisBuckets, unit: Unit, scope: Scope, before: AxisBuckets = ()) -> Table:
    """The table with times as people say them. (The CSV has them as programs read them.)

    Its first rows are those of the buckets, and begin with their time, then that of `before`, if there is any.
    """
    times = [_names(each, unit, scope) for each in (buckets, before) if each]
    rows = [(*names, *row[len(times) :]) for *names, row in zip(*times, table.rows, strict=False)]
    return replace(table, rows=(*rows, *table.rows[len(rows) :]))


def _names(buckets: AxisBuckets, unit: Unit, scope: Scope) -> list[str]:
    return [bucket_name(each.start.astimezone(scope.zone), unit) if each else "–" for each in buckets]
