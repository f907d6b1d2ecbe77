"""Measures how long adding an environment takes, by the number of definitions and reports, while events are collected.

    python -m bench.copy [--runs 3]

Starts a PostgreSQL of its own in a temporary folder. A second connection inserts events into the copied environment all
the time. Prints for each size how long the copy and the commits of the collection took, and whether the time grows
faster than the size.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django
import psycopg
from django.core.management import call_command
from django.db import connections

from heapadmin.deployment import private_database_url
from heapadmin.postgres import PrivatePostgres

SIZES = (1_000, 5_000, 10_000)  # definitions, and as many reports
TOLERANCE = 1.2  # the time per row may grow by this factor, because the machine does other things too
PINNED = 50
FILL = """
insert into analytics_definition (environment_id, lineage, name, notes, body, version, created_at, changed_at)
select %(environment)s, gen_random_uuid(), 'Definition ' || n, 'Made for measuring', jsonb_build_object('alternatives',
    jsonb_build_array(jsonb_build_object('event', 'event:Event ' || n, 'where', jsonb_build_object('match', 'all',
        'conditions', jsonb_build_array(
            jsonb_build_object('field', 'property:plan', 'op', 'is', 'value', 'p' || n)))))),
    1, now(), now()
from generate_series(1, %(size)s) n;
insert into analytics_report (environment_id, lineage, name, notes, kind, body, version, created_at, changed_at)
select %(environment)s, gen_random_uuid(), 'Report on ' || name, '', 'graph', jsonb_build_object('parameters',
    jsonb_build_array(jsonb_build_array('event', 'definition:' || lineage), jsonb_build_array('counts', 'users'),
        jsonb_build_array('unit', 'day'), jsonb_build_array('days', '30'), jsonb_build_array('chart', 'line'))),
    1, now(), now()
from analytics_definition where environment_id = %(environment)s;
insert into analytics_pin (environment_id, report_id, position)
select %(environment)s, id, row_number() over (order by id) from analytics_report
where environment_id = %(environment)s order by id limit %(pinned)s;
analyze analytics_definition, analytics_report, analytics_pin
"""
COLLECT = """
insert into events (environment_id, time, actor_id, session_id, kind, name, properties)
select %s, now(), n, n, 'custom', 'Collected', '{}' from generate_series(1, 100) n
"""


@dataclass
class Collecting:
    """Inserts a hundred events at a time, as the batch writer does. `seconds` holds the time of each commit."""

    conninfo: str
    environment_id: int
    seconds: list[float] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[list[float]]:
        stop, self.seconds = threading.Event(), []
        thread = threading.Thread(target=self._insert, args=(stop,))
        thread.start()
        try:
            yield self.seconds
        finally:
            stop.set()
            thread.join()

    def _insert(self, stop: threading.Event) -> None:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            while not stop.wait(0.005):
                started = time.monotonic()
                connection.execute(COLLECT, [self.environment_id])
                self.seconds.append(time.monotonic() - started)


@dataclass(frozen=True)
class CopyMeasured:
    """One size: the seconds of each copy, and of the collection's commits without and with a copy running."""

    size: int
    seconds: list[float]
    alone: list[float]
    beside: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def line(self, first: "CopyMeasured") -> str:
        size, took = self.size / first.size, self.median / first.median
        commits = f"{_ms(self.alone)} {_ms(self.beside)}  {max(self.beside) * 1e3:>7.1f} ms"
        return (
            f"{self.size:>7,} + {self.size:<7,} {self.median * 1e3:>8.0f} ms {size:>6.1f} x {took:>6.1f} x  {commits}"
        )


def _ms(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1e3:>7.1f} ms"


def measure(size: int, runs: int, conninfo: str) -> CopyMeasured:
    """Copy an environment of this size `runs` times."""
    # Models can be imported only after _set_up.
    from accounts.models import User  # noqa: PLC0415
    from projects.actions import add_environment, create_project, open_account  # noqa: PLC0415

    by = User.objects.create_user(f"bench{size}@localhost", "spring-rain-7")
    account = open_account(name=f"Bench {size}", owner=by, project_name="First").account
    project = create_project(account=account, name="Copied", by=by)
    source = project.environments.get()
    _fill(conninfo, source.pk, size)
    collecting, seconds, beside = Collecting(conninfo, source.pk), [], []
    with collecting.running() as alone:
        time.sleep(2)
    for number in range(runs):
        with collecting.running() as commits:
            time.sleep(0.1)
            started, before = time.monotonic(), len(commits)
            added = add_environment(project=project, name=f"Copy {number}", source=source, by=by)
            seconds.append(time.monotonic() - started)
            beside += commits[before:] or commits[-1:]
        assert added.copied == {"definitions": size, "reports": size}, added.copied
    return CopyMeasured(size, seconds, alone, beside)


def _fill(conninfo: str, environment: int, size: int) -> None:
    values: dict[str, Any] = {"environment": environment, "size": size, "pinned": PINNED}
    with psycopg.connect(conninfo, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(FILL, values)


def main() -> None:
    """Measure every size. Exits with 1 if the time grew faster than the size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heapadmin-bench-") as name:
        folder = Path(name)
        postgres = PrivatePostgres(folder / "postgres")
        postgres.start()
        try:
            _set_up(folder)
            measured = [measure(size, arguments.runs, postgres.conninfo()) for size in SIZES]
        finally:
            connections.close_all()
            postgres.stop()
    print("definitions + reports      took   size    time   commit alone, beside, longest beside")
    for each in measured:
        print(each.line(measured[0]))
    growth = measured[-1].median / measured[0].median
    size = SIZES[-1] / SIZES[0]
    fits = growth <= size * TOLERANCE
    word = "no faster than" if fits else "FASTER than"
    print(f"{size:.0f} times the size took {growth:.1f} times the time: it grows {word} the size")
    raise SystemExit(not fits)


def _set_up(folder: Path) -> None:
    """Set up Django with this database, and create its tables."""
    os.environ |= {
        "DATABASE_URL": private_database_url(folder),
        "DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "heapadmin.settings",
    }
    django.setup()
    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    main()
