"""Measures graphs of named events beside SQL by hand: `DATABASE_URL=… python -m bench.series [--millions 5]`.

Uses the events of bench/queries.py, in a database that holds nothing else, whose months that are over are packed. The
question is answered with all that its page reads of the database, but for drawing it, from events alone. The SQL by
hand is what a person writes who knows the data: the same rules of merging, numbers as far as a regular expression tells
them, percentiles as doubles, no "everything else". Both take turns; the figures are medians of the processor time of
this process and its database connection, in milliseconds. `--counted`: days that are counted beforehand may answer.
Give each size a database of its own: events that come after a month is packed do not lie together.
"""

import argparse
import os
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import product
from statistics import median
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")
django.setup()

from django.http import QueryDict  # noqa: E402

from analytics.kinds.registry import parse, run  # noqa: E402
from analytics.questions.query import Scope  # noqa: E402
from bench.packing import pack_months  # noqa: E402
from bench.queries import (  # noqa: E402
    SPANS,
    Cost,
    as_queries_run,
    cost,
    environment,
    rows,
    without_counted_days,
)
from projects.models import Environment  # noqa: E402

NAMED = ("Signed up", "Added to cart", "Paid")
OF, BY = "price", "plan"
TEXT = f"e.properties ->> '{OF}'"
NUMBER = f"case when {TEXT} ~ '^-?[0-9]+(\\.[0-9]+)?$' then ({TEXT})::numeric end"
ADDED_UP = {"events": "count(*)", "sum": f"sum({NUMBER})", "average": f"avg({NUMBER}), count(*)"}
MEASURES = ADDED_UP | {
    "users": "count(distinct coalesce(m.to_actor, e.actor_id))",
    "median": f"percentile_cont(0.5) within group (order by {NUMBER})",
    "p95": f"percentile_cont(0.95) within group (order by {NUMBER})",
    "different": f"count(distinct {TEXT})",
}
MERGED = "left join merges m on m.environment_id = e.environment_id and m.from_actor = e.actor_id"
WHERE = "e.environment_id = %(id)s and e.kind = 'custom' and e.name = any(%(names)s) and e.time >= %(start)s"


def by_hand(measure: str, names: tuple[str, ...], is_grouped: bool) -> str:
    """One statement. What cannot be added up is also asked of the whole range, of each group and of all groups."""
    series = ["e.name"] if len(names) > 1 else []
    group = [f"e.properties ->> '{BY}'"] if is_grouped else []
    day = ["date_trunc('day', e.time)"]
    columns = [*series, *group, *day]
    sets = [columns] if measure in ADDED_UP else [columns, series + group, *([series] if group else [])]
    grouped = ", ".join(f"({', '.join(each)})" for each in sets)
    joins = MERGED if measure == "users" else ""
    return (
        f"select {', '.join(columns)}, {MEASURES[measure]} from events e {joins} "
        f"where {WHERE} group by grouping sets ({grouped})"
    )


def question(ours: Environment, measure: str, names: tuple[str, ...], is_grouped: bool, days: int) -> Any:
    of = f"&series.{{0}}.of=property:{OF}" if measure not in ("events", "users") else ""
    series = "&".join(
        f"series.{place}.event=event:{name}&series.{place}.counts={measure}{of.format(place)}"
        for place, name in enumerate(names)
    )
    by = f"&by=property:{BY}" if is_grouped else ""
    parsed = parse("graph", QueryDict(f"{series}{by}&days={days}"), Scope.of(ours))
    assert parsed.query is not None, parsed.errors
    return parsed.query


def in_turns(one: Callable[[], Any], other: Callable[[], Any], turns: int) -> tuple[Cost, Cost]:
    """The medians of both, after a run of each that does not count."""
    one(), other()
    taken: tuple[list[Cost], list[Cost]] = ([], [])
    for turn in range(turns):
        pair = ((one, taken[0]), (other, taken[1]))
        for action, found in pair if turn % 2 else reversed(pair):
            found.append(cost(action, runs=1))
    first, second = (
        Cost(median(each.passed for each in found), median(each.processor for each in found)) for found in taken
    )
    return first, second


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--millions", type=int, default=1)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--measures", default=",".join(MEASURES))
    parser.add_argument("--days", default=",".join(map(str, SPANS)))
    parser.add_argument("--series", default="1,3")
    parser.add_argument("--counted", action="store_true")
    options = parser.parse_args()
    rows("set max_parallel_workers_per_gather = 0")
    today = datetime.now(UTC).date()
    rows("select ensure_event_partitions(%s, %s)", [today - timedelta(days=95), today])
    ours = environment(f"{options.millions} million events", options.millions * 1_000_000, 0.6)
    pack_months()
    print("\nmilliseconds of processor (and in all): question, by hand, question over by hand")
    shapes = product(options.days.split(","), options.series.split(","), (False, True), options.measures.split(","))
    for days, series, is_grouped, measure in shapes:
        names = NAMED[: int(series)]
        first = datetime.combine(today - timedelta(days=int(days) - 1), time(), UTC)
        given = {"id": ours.pk, "names": list(names), "start": first}
        asked = question(ours, measure, names, is_grouped, int(days))
        hand = partial(rows, by_hand(measure, names, is_grouped), given)
        with as_queries_run():
            if options.counted:
                mine, theirs = in_turns(partial(run, asked), hand, options.turns)
            else:
                with without_counted_days():
                    mine, theirs = in_turns(partial(run, asked), hand, options.turns)
        title = f"{measure}, {series} series{', by a property' if is_grouped else ''}"
        share = mine.processor / theirs.processor
        print(
            f"{days:>3} days  {title:38} {mine.processor:6.0f} ({mine.passed:6.0f})"
            f" {theirs.processor:6.0f} ({theirs.passed:6.0f}) {share:5.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
