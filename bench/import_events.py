"""Measures how fast events of the past are imported, in how much memory, and what live events feel of it.

    python -m bench.import_events [--events 10000000] [--rate 300] [--turns 3] [--seconds 5]

Starts a PostgreSQL and a server of its own in a temporary folder. The events are of the last 365 days, in order, with
three properties, in one gzip file. They are imported into an empty environment, then a second time. Then others are
imported while live events come at a steady rate, alone and beside the import in turns.
"""

import argparse
import asyncio
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from bench.collect import ROOT, Bench, cpu_seconds
from bench.fairness import steadily

DAYS = 365
NAMES = tuple(f"Event {number}" for number in range(20))
EVENTS_OF_ONE = 25  # of a person
SAMPLE_SECONDS = 0.2
LIVE_LIMIT = 20_000


def write(file: Path, count: int, seed: int) -> None:
    """Events in the order of their time, as an export has them."""
    chance = random.Random(seed)
    start = datetime.now(UTC) - timedelta(days=DAYS + 1)
    step = DAYS * 86_400 / count
    with gzip.open(file, "wt", 1) as packed:
        for number in range(count):
            event = {
                "event": chance.choice(NAMES),
                "identity": f"user{chance.randrange(count // EVENTS_OF_ONE + 1)}@shop.example",
                "timestamp": (start + timedelta(seconds=number * step)).isoformat(),
                "properties": {"amount": chance.randrange(10_000) / 100, "currency": "EUR", "items": number % 9},
            }
            packed.write(json.dumps(event) + "\n")


@dataclass
class ImportCost:
    """What one import took. Memory is the most that the command held."""

    seconds: float
    memory_bytes: int
    command_seconds: float
    database_seconds: float


class Import:
    """`manage.py importevents`, watched until it ends."""

    def __init__(self, bench: Bench, file: Path) -> None:
        environment = os.environ | {"DATABASE_URL": bench.url, "DATA_DIR": str(bench.folder)}
        command = [sys.executable, "manage.py", "importevents", "--app-id", bench.environment["app_id"], str(file)]
        self.began = time.monotonic()
        self.database_began = bench.database_cpu_seconds()
        self.bench = bench
        self.memory_bytes = 0
        self.used_seconds = self.database_seconds = 0.0
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()

    def _watch(self) -> None:
        watched = psutil.Process(self.process.pid)
        while self.process.poll() is None:
            try:
                self.memory_bytes = max(self.memory_bytes, watched.memory_info().rss)
            except psutil.NoSuchProcess:
                return
            self.used_seconds = max(self.used_seconds, cpu_seconds(watched))
            used = self.bench.database_cpu_seconds() - self.database_began
            self.database_seconds = max(self.database_seconds, used)  # what a backend used is gone when it ends
            time.sleep(SAMPLE_SECONDS)

    def end(self) -> ImportCost:
        out, _ = self.process.communicate()
        self._watcher.join()
        if self.process.returncode:
            raise SystemExit(f"the import failed: {out}")
        seconds = time.monotonic() - self.began
        return ImportCost(seconds, self.memory_bytes, self.used_seconds, self.database_seconds)

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate()
        self._watcher.join()


def measure(bench: Bench, label: str, file: Path, count: int, rows: int) -> None:
    """Import a file and print a line. `rows` must be stored in the end."""
    cost = Import(bench, file).end()
    if bench.rows() != rows:
        raise SystemExit(f"{bench.rows():,} rows are stored, not {rows:,}")
    print(
        f"{label:>12} {count:>12,} {cost.seconds:>8.0f} s {count / cost.seconds:>9,.0f}/s"
        f" {cost.command_seconds / count * 1e6:>8.1f} µs {cost.database_seconds / count * 1e6:>8.1f} µs"
        f" {cost.memory_bytes / 2**20:>8.0f} MiB",
        flush=True,
    )


def measure_live(bench: Bench, file: Path, rate: float, turns: int) -> None:
    """What live events take, alone and beside an import into the same environment, in turns."""
    alone, beside, refused = [], [], Counter[int]()
    with bench.server("heapadmin.collector_asgi:application", limit=LIVE_LIMIT) as server:
        window(bench, server.port, rate, refused)  # warm
        for _ in range(turns):
            alone.append(window(bench, server.port, rate, refused))
            rows = bench.rows()
            running = Import(bench, file)
            while bench.rows() == rows:
                if running.process.poll() is not None:
                    raise SystemExit("the import ended before it was measured: give it more events")
                time.sleep(0.2)
            before = bench.rows()
            beside.append(window(bench, server.port, rate, refused))
            imported = bench.rows() - before - int(rate * bench.seconds)
            if running.process.poll() is not None:
                raise SystemExit("the import ended before it was measured: give it more events")
            running.stop()
            print(f"{'':>12} {imported / bench.seconds:>12,.0f} a second imported meanwhile", flush=True)
    for label, windows in (("alone", alone), ("beside", beside)):
        p50, p99 = (statistics.median(each[index] for each in windows) * 1e3 for index in (0, 1))
        print(f"{label:>12} {rate:>12,.0f}/s  p50 {p50:>7.1f} ms  p99 {p99:>7.1f} ms", flush=True)
    print(f"{'':>12} refused: {dict(refused)}")


def window(bench: Bench, port: int, rate: float, refused: Counter[int]) -> tuple[float, float]:
    took = sorted(asyncio.run(steadily(port, bench.event, rate, bench.seconds, refused)))
    return took[len(took) // 2], took[len(took) * 99 // 100]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--rate", type=float, default=300, help="live events a second")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="of each window of live events")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heapadmin-bench-") as folder:
        file, other = Path(folder) / "history.ndjson.gz", Path(folder) / "other.ndjson.gz"
        write(file, options.events, 1)
        write(other, 300_000, 2)
        bench = Bench(Path(folder), options.seconds)
        try:
            head = f"{'':>12} {'events':>12} {'took':>10} {'rate':>11} {'command':>11} {'database':>11} {'memory':>12}"
            print(head, flush=True)
            measure(bench, "import", file, options.events, options.events)
            measure(bench, "again", file, options.events, options.events)
            months = bench.query("select count(*) from pg_inherits where inhparent = 'events'::regclass")
            size = bench.query("select pg_total_relation_size('events_default')")
            print(f"{'':>12} {months} partitions; events_default: {size // 1024} KiB", flush=True)
            measure_live(bench, other, options.rate, options.turns)
        finally:
            bench.postgres.stop()


if __name__ == "__main__":
    main()
