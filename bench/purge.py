"""Measures how much the removal of a closed account slows collection and queries, and how many rows it removes.

    python -m bench.purge [--events 2000000] [--seconds 5] [--connections 16]

Starts a PostgreSQL and a server of its own in a temporary folder. One account collects and is queried all the time.
Meanwhile another account, with that many events, is closed and removed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from bench.collect import ROOT, Bench, Server
from bench.load import LoadResult, load
from bench.query_data import Site, make

NAME = "Leaving"
BEFORE_AND_AFTER = 3  # windows without the purge: so many before it and after it
QUESTION = """
select date_trunc('day', time), count(*), count(distinct actor_id) from events
where environment_id = %s and kind = 'pageview' and name = '' and time > now() - interval '30 days' group by 1
"""
REMOVED = "select coalesce((select sum(value::bigint) from support_closing, jsonb_each_text(rows)), 0)"


@dataclass
class Questioner:
    """Runs a query on the collecting account over and over. `seconds` holds the time of each answer."""

    conninfo: str
    environment_id: int
    seconds: list[float] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[list[float]]:
        stop = threading.Event()
        thread = threading.Thread(target=self._ask, args=(stop,))
        self.seconds = []
        thread.start()
        try:
            yield self.seconds
        finally:
            stop.set()
            thread.join()

    def _ask(self, stop: threading.Event) -> None:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            while not stop.wait(0.1):
                started = time.monotonic()
                connection.execute(QUESTION, [self.environment_id]).fetchall()
                self.seconds.append(time.monotonic() - started)


@dataclass
class PurgeMeasured:
    """The results of the windows with a purge, or of those without."""

    collected: list[LoadResult] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)

    def line(self, label: str) -> str:
        p99 = sorted(result.p99_seconds for result in self.collected)
        return (
            f"{label:>16} {statistics.median(r.per_second for r in self.collected):>9,.0f}/s"
            f" {statistics.median(r.p50_seconds for r in self.collected) * 1e3:>7.1f} ms"
            f" {statistics.median(p99) * 1e3:>7.1f} ms {p99[-1] * 1e3:>7.1f} ms"
            f" {sum(r.failed for r in self.collected):>7} {statistics.median(self.asked) * 1e3:>9.0f} ms"
            f" {max(self.asked) * 1e3:>7.0f} ms"
        )


def window(bench: Bench, server: Server, questioner: Questioner, into: PurgeMeasured, connections: int) -> None:
    """Load and query for a while."""
    with questioner.running() as asked:
        result = load(server.port, "/api/track", bench.event, connections=connections, seconds=bench.seconds)
    into.collected.append(result)
    into.asked += asked


def leaving_account(bench: Bench, events: int) -> int:
    """Create the account that will be removed, with its events. Returns its id."""
    options = ["--email=leaving@localhost", "--password=spring-rain-7", f"--account={NAME}", "--json"]
    made = json.loads(bench._manage("createaccount", *options))
    with psycopg.connect(bench.postgres.conninfo(), autocommit=True) as connection:
        make(connection, Site(made["environments"][0]["id"], events))
        make(connection, Site(bench.environment["id"], events // 10))
        connection.execute("vacuum analyze")
    return int(made["account_id"])


def purge(bench: Bench, account_id: int) -> "subprocess.Popen[bytes]":
    """Start the command that removes the account."""
    command = [sys.executable, "manage.py", "closeaccount", str(account_id), f"--name={NAME}", "--grace-days=0"]
    environment = os.environ | {"DATABASE_URL": bench.url, "DATA_DIR": str(bench.folder)}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)


@dataclass
class Progress:
    """How many rows were removed at which time (time.monotonic())."""

    points: list[tuple[float, int]] = field(default_factory=list)

    def watch(self, bench: Bench, process: "subprocess.Popen[bytes]") -> None:
        with psycopg.connect(bench.postgres.conninfo(), autocommit=True) as connection:
            while process.poll() is None:
                row = connection.execute(REMOVED).fetchone()
                self.points.append((time.monotonic(), int(row[0]) if row else 0))
                time.sleep(0.1)

    def rows_per_second(self) -> tuple[int, float]:
        """The number of removed rows, and the rate from the first to the last of them."""
        moving = [point for point in self.points if point[1]]
        last = next(point for point in moving if point[1] >= moving[-1][1] - 1)
        return moving[-1][1], (last[1] - moving[0][1]) / max(last[0] - moving[0][0], 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--seconds", type=float, default=5, help="of each window")
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heapadmin-bench-") as folder:
        bench = Bench(Path(folder), options.seconds)
        try:
            run(bench, options.events, options.connections)
        finally:
            bench.postgres.stop()


def run(bench: Bench, events: int, connections: int) -> None:
    account_id = leaving_account(bench, events)
    questioner = Questioner(bench.postgres.conninfo(), bench.environment["id"])
    without, during, progress = PurgeMeasured(), PurgeMeasured(), Progress()
    with bench.server("heapadmin.asgi:application") as server:
        window(bench, server, questioner, PurgeMeasured(), connections)  # warm
        for _ in range(BEFORE_AND_AFTER):
            window(bench, server, questioner, without, connections)
        process = purge(bench, account_id)
        watching = threading.Thread(target=progress.watch, args=(bench, process))
        watching.start()
        while process.poll() is None and (not progress.points or not _is_settling(progress)):
            window(bench, server, questioner, during, connections)
        process.wait()
        watching.join()
        for _ in range(BEFORE_AND_AFTER):
            window(bench, server, questioner, without, connections)
    head = f"{'':>16} {'collected':>11} {'p50':>10} {'p99':>10} {'worst p99':>10} {'failed':>7}"
    head += f" {'question':>12} {'worst':>10}"
    print(head, without.line("without a purge"), during.line("with a purge"), sep="\n")
    rows, rate = progress.rows_per_second()
    left = bench.query(f"select count(*) from events where environment_id <> {bench.environment['id']}")
    print(f"{rows:,} rows removed, {rate:,.0f} a second; {left} events left", flush=True)


def _is_settling(progress: Progress) -> bool:
    """Whether no row was removed for some seconds, because the purge only waits for late events."""
    now, rows = progress.points[-1]
    return rows > 0 and any(now - at > 3 and gone == rows for at, gone in progress.points)


if __name__ == "__main__":
    main()
