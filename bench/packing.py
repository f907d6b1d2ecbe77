"""Measures what packing months saves and costs: `DATABASE_URL=… python -m bench.packing [--events 1000000]`.

In a database that holds nothing else it makes a server's lean events and a site's events, which come in turns, as they
are collected. In one run it prints the bytes of an event and the times of questions, all from events alone, before the
months that are over are packed (events/packing.py) and after. Meanwhile others collect: it prints how long they waited.
"""

import argparse
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from unittest import mock

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from analytics.questions.conditions import Field, Source  # noqa: E402
from analytics.questions.query import Scope  # noqa: E402
from analytics.store.current import event_store  # noqa: E402
from analytics.store.protocol import TIME_LIMIT, Collected  # noqa: E402
from bench.copy import Collecting  # noqa: E402
from bench.queries import (  # noqa: E402
    PAGES,
    analytic_statements,
    client,
    cost,
    cost_of_sql,
    project,
    rows,
    without_counted_days,
)
from bench.query_data import Site, make  # noqa: E402
from common.database import conninfo  # noqa: E402
from events import imports, jobs, newest  # noqa: E402
from events.erasure import erase  # noqa: E402
from events.months import months  # noqa: E402
from projects.models import Environment  # noqa: E402

DAYS_OF_MONTH = 30.4
SPANS = (7, 90, 365)
MADE = """
insert into events (environment_id, time, received_at, actor_id, kind, name, properties)
select %s, at, at + interval '80 ms', -1 - (power(random(), 1.5) * %s)::bigint * 1237000000, 'custom',
       'Event ' || floor(power(random(), 1.7) * 20),
       jsonb_build_object(
           'amount', floor(random() * 10000) / 100.0, 'currency', 'EUR', 'items', floor(random() * 9)::int)
  from (select now() - random() * %s * interval '1 day' as at from generate_series(1, %s)) moments
"""
IN_TURNS = """
create temporary table made as select * from events;
truncate events;
insert into events select * from made order by time;
drop table made
"""
# By what the columns of an index are: its name is another in each month.
SIZES = """
select part, sum(bytes)::float8 / (select count(*) from events where time < %(end)s and time >= %(start)s) from (
    select 'table' as part, pg_table_size(%(table)s::regclass) as bytes
     union all
    select regexp_replace(pg_get_indexdef(indexrelid), '.* USING (.*?)( WITH.*| WHERE.*|$)', '\\1'),
           pg_relation_size(indexrelid)
      from pg_index where indrelid = %(table)s::regclass) parts
 group by 1 order by 1 desc
"""
IN_BYTES = """
select sum(pg_total_relation_size(relid))::float8 from pg_partition_tree('events')
 where isleaf and (relid::regclass::text = any(%s)) = %s
"""
LEAN = {
    "graph, event": ("graph", "event=event:Event 7"),
    "graph, event, people": ("graph", "event=event:Event 7&counts=users"),
    "graph, event by property": ("graph", "event=event:Event 7&by=property:items"),
    "funnel": ("funnel", "step.0.event=event:Event 1&step.1.event=event:Event 7&step.2.event=event:Event 12"),
}
SITE = {title: given for title, given in PAGES.items() if given[0] != "users"} | {
    "graph, sessions of an event": ("graph", "event=builtin:pageview&counts=sessions"),
    "graph, any event, people": ("graph", "event=builtin:any&counts=users"),
}


def made(events: int, days: int) -> tuple[Environment, Environment]:
    """A server's environment and a site's, with as many events each."""
    lean, site = (Environment.objects.create(project=project(), name=name) for name in ("Server", "Site"))
    begun = timezone.now() - timedelta(days=days)
    rows("select ensure_event_partitions(%s, %s)", [begun.date(), timezone.now().date()])
    connection.ensure_connection()
    make(connection.connection, Site(site.pk, events, 0.6, days))
    rows(MADE, [lean.pk, events // 25, days, events])
    rows(IN_TURNS)
    for table in ("events", "people", "merges"):
        rows(f"vacuum analyze {table}")
    return lean, site


def questions(lean: Environment, site: Environment) -> dict[str, float]:
    """The processor seconds of each: the statements of pages, and what pages and jobs look up. All is in memory."""
    browser, took = client(), {}
    with without_counted_days():
        for environment, titles in ((lean, LEAN), (site, SITE)):
            for title, (kind, parameters) in titles.items():
                for days in SPANS:
                    url = f"{reverse(f'analytics:{kind}', args=[environment.app_id])}?{parameters}&days={days}&wait"
                    name = f"{environment.name}: {title}, {days} days"
                    took[name] = cost_of_sql(analytic_statements(browser, url)).processor / 1000
    for environment in (lean, site):
        for title, look in look_ups(environment).items():
            took[f"{environment.name}: {title}"] = cost(look).processor / 1000
    return took


def look_ups(environment: Environment) -> dict[str, Callable[[], Any]]:
    store, scope = event_store(), Scope.of(environment)
    people = "select actor_id from events where environment_id = %s group by 1 order by count(*) desc limit 1"
    busiest, ((time_at, number),) = rows(people, [environment.pk])[0][0], _in_the_middle(environment)
    person = store.known_person(environment.pk, busiest)
    assert person is not None  # as somebody who is known by their events
    after = (time_at.isoformat(), str(number))
    return {
        "live view": partial(store.newest_events, environment.pk),
        "busiest person, newest": partial(store.newest_events, environment.pk, None, [busiest]),
        "busiest person, counted": partial(store.count_done, environment.pk, person, TIME_LIMIT),
        "export, a page of 5,000": partial(store.export_page, Collected.EVENTS, environment.pk, after, 5_000),
        "sample names": partial(store.event_names, scope),
        "sample values of a property": partial(store.field_values, scope, Field(Source.PROPERTY, "items")),
        "newest arrival": partial(newest.arrived_at, environment.pk),
        "usage": partial(store.usage, [scope]),
        "oldest and newest": partial(store.span, [environment.pk]),
        "500 events, known?": partial(_known, environment),
        "busiest person, deleted": partial(_deleted, environment, busiest),
    }


def _in_the_middle(environment: Environment) -> list[tuple[Any, ...]]:
    middle = "select time, id from events where environment_id = %s and time >= now() - %s order by 1, 2 limit 1"
    return rows(middle, [environment.pk, timedelta(days=60)])


def _known(environment: Environment) -> None:
    """Whether 500 events of an old month are stored already, as an import asks."""
    with transaction.atomic():
        rows("set local enable_hashjoin = off; set local enable_mergejoin = off; set local enable_seqscan = off")
        some = "select time, id from events where environment_id = %s and time >= now() - %s order by 1, 2 limit 500"
        found = rows(some, [environment.pk, timedelta(days=60)])
        given = [(at.timestamp(), number) for at, number in found]
        values = {
            "environment": environment.pk,
            "times": [at for at, _ in given],
            "ids": [number for _, number in given],
            "first": given[0][0],
            "last": given[-1][0],
        }
        rows(imports.KNOWN, values)


def _deleted(environment: Environment, actor_id: int) -> None:
    """Deletes a person's events, and takes that back."""
    with transaction.atomic():
        erase(environment.pk, [actor_id], most_events=1_000)
        transaction.set_rollback(True)


def sizes(table: str, start: datetime, end: datetime) -> dict[str, float]:
    return dict(rows(SIZES, {"table": table, "start": start, "end": end}))


def pack_months() -> None:
    """Pack all months that are over."""
    queue: list[tuple[str, dict[str, Any]]] = [("events.pack", {"timestamp": int(time.time())})]
    steps = {"events.pack": jobs.pack, "events.pack_month": jobs.pack_month, "events.place_month": jobs.place_month}
    with mock.patch.object(jobs, "defer_once", lambda name, in_seconds=0, **given: queue.append((name, given))):
        while queue:
            name, given = queue.pop()
            steps[name](**given)


def pack() -> None:
    """Pack all months that are over, while somebody collects."""
    collecting = Collecting(conninfo(), Environment.objects.create(project=project(), name="Others").pk)
    with collecting.running() as seconds:
        time.sleep(5)
        alone = sorted(seconds)
        seconds.clear()
        begun = time.perf_counter()
        pack_months()
        took, beside = time.perf_counter() - begun, sorted(seconds)
    rows("delete from events where environment_id = %s", [collecting.environment_id])
    print(f"\npacked in {took:.0f} s; a commit of 100 events: middle, 99th of 100, longest")
    for title, waits in (("alone", alone), ("meanwhile", beside)):
        three = (waits[len(waits) // 2], waits[len(waits) * 99 // 100], waits[-1])
        print(f"{title:>12} " + " ".join(f"{1000 * each:8.1f} ms" for each in three))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--events", type=int, default=1_000_000, help="of each of the two environments")
    parser.add_argument("--months", type=int, default=12)
    options = parser.parse_args()
    rows("set max_parallel_workers_per_gather = 0")
    lean, site = made(options.events, round(options.months * DAYS_OF_MONTH))
    over = [month for month in months() if month.ends <= datetime.now(UTC) - jobs.OVER]
    tables, whole = [month.table for month in over], over[-1]
    ((number,),), ((at_hand,),) = rows("select count(*) from events"), rows(IN_BYTES, [tables, False])
    found = []
    for is_packed in (False, True):
        if is_packed:
            pack()
        everything = (rows(IN_BYTES, [tables, True])[0][0] + at_hand) / number
        found.append((sizes(whole.table, whole.starts, whole.ends), everything, questions(lean, site)))
    (loose, all_loose, before), (packed, all_packed, after) = found
    print(f"\nbytes of an event in {whole.table}: before, after")
    for part in sorted(loose | packed):
        print(f"{loose.get(part, 0):8.1f} {packed.get(part, 0):8.1f}  {part}")
    for title, one, other in (
        ("the whole month", sum(loose.values()), sum(packed.values())),
        (f"all of {options.months} months and the month at hand", all_loose, all_packed),
    ):
        print(f"{one:8.1f} {other:8.1f}  {other / one:.3f}  {title}")
    print("\nmilliseconds of processor: before, after, after over before")
    for title, seconds in before.items():
        print(f"{1000 * seconds:9.1f} {1000 * after[title]:9.1f} {after[title] / seconds:6.2f}  {title}")


if __name__ == "__main__":
    main()
