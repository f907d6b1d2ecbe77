"""Measures queries: `DATABASE_URL=… python -m bench.queries [--millions 5] [--part site|pages|growth|collect]`.

Creates its environments once, with made-up events (bench/query_data.py), in a database that holds nothing else. Every
figure is the least of a few runs, in milliseconds: the time that passed and, in brackets, the processor time of this
process and its database connection, which other work on the machine disturbs less. Processor time is known only for a
database on this machine and without parallel workers, so parallel workers are turned off.
"""

import argparse
import os
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402

from accounts.models import Account, User  # noqa: E402
from analytics.dashboards.starters import OF_PAGES  # noqa: E402
from analytics.rollups import cohorts, time_counts  # noqa: E402
from analytics.rollups.refresh import refresh  # noqa: E402
from bench.query_data import Site, make  # noqa: E402
from events.blocking_writer import store  # noqa: E402
from events.records import EventRecord  # noqa: E402
from projects.actions import open_account  # noqa: E402
from projects.models import Environment, Project  # noqa: E402

OWNER = "bench@heapadmin.example"
RUNS = 4
SPANS = (30, 90)
PATHS = ("/products/0", "/blog/1", "/docs/2")
PATH_FUNNEL = "&".join(
    f"step.{n}.event=builtin:pageview&step.{n}.where.0.field=event:path&step.{n}.where.0.value={path}"
    for n, path in enumerate(PATHS)
)
NAMED_FUNNEL = "step.0.event=event:Signed up&step.1.event=event:Added to cart&step.2.event=event:Paid"
PAGES = {  # title: (kind, parameters)
    "graph, pageviews": ("graph", "event=builtin:pageview"),
    "graph, people": ("graph", "event=builtin:pageview&counts=users"),
    "graph, named event": ("graph", "event=event:Signed up"),
    "graph, named event, people": ("graph", "event=event:Signed up&counts=users"),
    "graph, named event by property": ("graph", "event=event:Signed up&by=property:plan"),
    "graph, sum of a named event": ("graph", "event=event:Signed up&counts=sum&of=property:amount"),
    "graph, median of a named event": ("graph", "event=event:Signed up&counts=median&of=property:amount"),
    "graph, a formula of two named events": (
        "graph",
        "series.0.event=event:Paid&series.1.event=event:Signed up&formula=A / B",
    ),
    "graph, pageviews where path": (
        "graph",
        "event=builtin:pageview&where.0.field=event:path&where.0.value=/products/0",
    ),
    "funnel, named events": ("funnel", NAMED_FUNNEL),
    "funnel, paths": ("funnel", PATH_FUNNEL),
    "retention": ("retention", "unit=week"),
    "retention of a named event": ("retention", "unit=week&start.event=event:Signed up&return.event=event:Paid"),
    "users": ("users", ""),
    "users where property": ("users", "where.0.field=user:plan&where.0.value=team"),
}


@dataclass(frozen=True)
class Cost:
    """The time that passed and the processor time, in milliseconds."""

    passed: float
    processor: float

    def __str__(self) -> str:
        return f"{self.passed:7.0f} ({self.processor:5.0f})"


def cost(action: Callable[[], Any], runs: int = RUNS) -> Cost:
    """The least cost of several runs."""
    found = []
    for _ in range(runs):
        begun, processor = time.perf_counter(), _processor_seconds()
        action()
        found.append((time.perf_counter() - begun, _processor_seconds() - processor))
    return Cost(1000 * min(passed for passed, _ in found), 1000 * min(processor for _, processor in found))


def _processor_seconds() -> float:
    """Processor time of this process and of the server process for our connection."""
    try:
        backend = int(Path(f"/proc/{_backend()}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        backend = 0.0
    return time.process_time() + backend


def _backend() -> int:
    connection.ensure_connection()
    return int(connection.connection.info.backend_pid)


def rows(sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall()) if cursor.description else []


# --- Data -----------------------------------------------------------------------------------------------------------


def project() -> Project:
    """The project of all environments here. Exits if the database holds other accounts."""
    owner = User.objects.filter(email=OWNER).first()
    if owner is not None:
        return Project.objects.get(account__memberships__user=owner)
    if Account.objects.exists():
        raise SystemExit("This database holds accounts. Give DATABASE_URL of an empty one.")
    return open_account(name="Bench", owner=User.objects.create_user(OWNER), project_name="Bench")


def environment(name: str, events: int, pageviews: float = 1.0) -> Environment:
    """An environment with `events` made-up events, created if it does not exist. Its past days are counted."""
    found, is_new = Environment.objects.get_or_create(project=project(), name=name)
    if is_new:
        begun = time.perf_counter()
        connection.ensure_connection()
        made = make(connection.connection, Site(found.pk, events, pageviews))
        rows("vacuum analyze events")
        rows("vacuum analyze people")
        print(f"{name}: made {made:,} events in {time.perf_counter() - begun:.0f} s")
    refreshed = cost(lambda: refresh(found, seconds=3600), runs=1)
    if refreshed.processor > 1000:
        rows("analyze rollup_counts, rollup_values, rollup_positions")
        print(f"{name}: counted its past days in {refreshed} ms")
    return found


# --- Pages beside their SQL -----------------------------------------------------------------------------------------


def client() -> Client:
    settings.ALLOWED_HOSTS = ["*"]
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    browser = Client()
    browser.force_login(User.objects.get(email=OWNER))
    return browser


def page_and_sql(browser: Client, url: str) -> tuple[Cost, Cost]:
    """The cost of the page, and the cost of its analytic statements alone."""
    statements = analytic_statements(browser, url)
    return cost(partial(_get, browser, url)), cost_of_sql(statements)


def analytic_statements(browser: Client, url: str) -> list[tuple[str, Any]]:
    """What the page asks about what was collected: each statement and its parameters."""
    statements: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if " from events " in sql or "rollup_" in sql or "from people" in sql:
            statements.append((sql, params))
        return execute(sql, params, many, context)

    _get(browser, url)
    with connection.execute_wrapper(note):
        _get(browser, url)
    return statements


def _get(browser: Client, url: str) -> None:
    response = browser.get(url)
    assert response.status_code == 200, (url, response.status_code)


def cost_of_sql(statements: list[tuple[str, Any]]) -> Cost:
    def by_hand() -> None:
        with connection.cursor() as cursor:
            for sql, params in statements:
                cursor.execute(sql, params)
                cursor.fetchall()

    with as_queries_run():
        return cost(by_hand)


@contextmanager
def as_queries_run() -> Any:
    """Use the connection settings of analytics/store/postgresql/snapshot.py."""
    rows("select set_config('jit', 'off', false), set_config('random_page_cost', '1.1', false)")
    rows("select set_config('work_mem', '64MB', false)")
    try:
        yield
    finally:
        for name in ("jit", "random_page_cost", "work_mem"):
            rows(f"reset {name}")


@contextmanager
def without_counted_days() -> Any:
    """Answer queries from events alone."""
    real = time_counts.counting_rows, cohorts.cohort_rows
    time_counts.counting_rows = lambda *_: None
    cohorts.cohort_rows = lambda *_, **__: None
    try:
        yield
    finally:
        time_counts.counting_rows, cohorts.cohort_rows = real


def pages(millions: int) -> None:
    ours = environment(f"{millions} million events", millions * 1_000_000, 0.6)
    environment(f"{millions} million of others", millions * 1_000_000, 0.6)
    browser = client()
    print(f"\nPages, {millions} million events beside {millions} million of others: page, its SQL, page over SQL")
    for days in SPANS:
        for title, (kind, parameters) in PAGES.items():
            url = f"{reverse(f'analytics:{kind}', args=[ours.app_id])}?{parameters}&days={days}&wait"
            page, sql = page_and_sql(browser, url)
            over = Cost(page.passed - sql.passed, page.processor - sql.processor)
            print(f"{days:3} days  {title:34} {page}  {sql}  {over}")


# --- Beside others: a site of 2 million pageviews ---------------------------------------------------------------------

ONE_TABLE = "from events where environment_id = %(id)s and kind = 'pageview' and name = '' and time >= %(since)s"
PLAIN = {
    "count by day": f"select date_trunc('day', time), count(*) {ONE_TABLE} group by 1",
    "unique users by day": f"select date_trunc('day', time), count(distinct actor_id) {ONE_TABLE} group by 1",
    "three steps": f"""
        with s1 as (select actor_id, min(time) as t {ONE_TABLE} and path = '/products/0' group by 1),
        s2 as (select e.actor_id, min(e.time) as t, min(s1.t) as t1 from (select * {ONE_TABLE} and path = '/blog/1') e
                 join s1 using (actor_id) where e.time > s1.t and e.time <= s1.t + interval '7 days' group by 1),
        s3 as (select e.actor_id from (select * {ONE_TABLE} and path = '/docs/2') e
                 join s2 using (actor_id) where e.time > s2.t and e.time <= s2.t1 + interval '7 days' group by 1)
        select (select count(*) from s1), (select count(*) from s2), (select count(*) from s3)""",
}
SITE_PAGES = {
    "pageviews by day": ("graph", "event=builtin:pageview"),
    "people by day": ("graph", "event=builtin:pageview&counts=users"),
    "retention by day": ("retention", "unit=day"),
    "three-step funnel": ("funnel", PATH_FUNNEL),
}


def site() -> None:
    ours = environment("2 million pageviews", 2_000_000)
    browser = client()
    print("\nA site of 2 million pageviews in 90 days: whole pages, from counted days and from events alone")
    for days in SPANS:
        for title, (kind, parameters) in SITE_PAGES.items():
            url = f"{reverse(f'analytics:{kind}', args=[ours.app_id])}?{parameters}&days={days}&wait"
            counted = cost(partial(browser.get, url))
            with without_counted_days():
                raw = cost(partial(browser.get, url), runs=2)
            print(f"{days:3} days  {title:34} {counted}  {raw}")
        tiles = [_tile_cost(browser, ours, tile, days) for tile in OF_PAGES]
        print(f"{days:3} days  the dashboard's {len(tiles)} built-in tiles    {_sum(tiles)}   ", *tiles)
        since = rows(f"select current_date - {days - 1}")[0][0]
        with as_queries_run():
            for title, sql in PLAIN.items():
                plain = cost(partial(rows, sql, {"id": ours.pk, "since": since}), runs=2)
                print(f"{days:3} days  plain SQL, {title:23} {plain}")


def _tile_cost(browser: Client, ours: Environment, tile: Any, days: int) -> Cost:
    """The cost of a tile over `days` days, or over its own span if it has one."""
    link = "&".join(f"{name}={value}" for name, value in ((("days", str(days)), *tile.parameters)))
    url = f"{reverse(f'analytics:{tile.kind}', args=[ours.app_id])}?{link}&wait"
    return cost(lambda: browser.get(url, headers={"HX-Request": "true"}))


def _sum(costs: list[Cost]) -> Cost:
    return Cost(sum(each.passed for each in costs), sum(each.processor for each in costs))


# --- Growth ---------------------------------------------------------------------------------------------------------


def growth(millions: int) -> None:
    """Environments of several sizes, and one environment while its neighbours grow; from events alone."""
    print("\nFrom events alone, 90 days: graph of a named event, of its people; funnel of named events")
    sizes = [size for size in (1, 2, 5) if size <= millions]
    for size in sizes:
        ours = environment(f"{size} million events", size * 1_000_000, 0.6)
        print(f"{size} million of {_total()} million events   ", *_named_costs(ours))
    first = Environment.objects.get(project=project(), name="1 million events")
    for _ in range(2):
        print(f"1 million of {_total()} million events   ", *_named_costs(first))
        count = Environment.objects.filter(project=project(), name__startswith="Neighbour").count()
        environment(f"Neighbour {count + 1}", 2_000_000, 0.6)
    print(f"1 million of {_total()} million events   ", *_named_costs(first))


def _total() -> str:
    estimate = rows(
        "select sum(reltuples)::bigint from pg_class where relname ~ '^events_(2|default)' and relkind = 'r'"
    )
    return f"{estimate[0][0] / 1e6:.0f}"


def _named_costs(ours: Environment) -> list[Cost]:
    browser = client()
    questions = (PAGES["graph, named event"], PAGES["graph, named event, people"], PAGES["funnel, named events"])
    urls = [f"{reverse(f'analytics:{kind}', args=[ours.app_id])}?{given}&days=90&wait" for kind, given in questions]
    with without_counted_days():
        return [cost(partial(browser.get, url)) for url in urls]


# --- What counting costs collection -----------------------------------------------------------------------------------

TRIGGERS = ("alter table merges {what} trigger note_merges", "alter table merges {what} trigger forget_merges")


def collect() -> None:
    """Store batches of 1,000 events as the collector does, with and without what counted days need."""
    ours = environment("Collecting", 1000)
    print("\nStoring a batch of 1,000 events: with what counted days need, and without; several rounds")
    for _ in range(3):
        with_them = cost(lambda: store(_batch(ours.pk)), runs=20)
        rows("drop index events_late")
        for statement in TRIGGERS:
            rows(statement.format(what="disable"))
        without = cost(lambda: store(_batch(ours.pk)), runs=20)
        for statement in TRIGGERS:
            rows(statement.format(what="enable"))
        rows(
            "create index events_late on events (environment_id, received_at) include (time) "
            "where received_at - time > interval '1 hour'"
        )
        print(with_them, without)


def _batch(environment_id: int) -> list[Any]:
    now = time.time()
    return [
        EventRecord(
            environment_id=environment_id,
            time=now + n / 1e6,
            actor_id=int(now * 1000) % 10**9 + n // 5,
            session_id=n // 5,
            kind="pageview",
            domain="shop.example.com",
            path=f"/products/{n}",
            title=f"Product {n}",
        )
        for n in range(1000)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--millions", type=int, default=1, help="events of the environment that pages look at")
    parser.add_argument("--part", choices=["site", "pages", "growth", "collect"], action="append")
    arguments = parser.parse_args()
    parts = arguments.part or ["site", "pages", "growth", "collect"]
    rows("set max_parallel_workers_per_gather = 0")
    if "site" in parts:
        site()
    if "pages" in parts:
        pages(arguments.millions)
    if "growth" in parts:
        growth(arguments.millions)
    if "collect" in parts:
        collect()


if __name__ == "__main__":
    main()
