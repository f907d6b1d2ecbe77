"""Measures whether the collector's memory stays flat under load.

    python -m bench.memory [--minutes 5] [--connections 16]

Sends single events, bulk requests, beacons, unknown app_ids and broken bodies, for five seconds each, to one worker
with a PostgreSQL of its own. Prints the medians of the first and of the last minute, and their ratio.
"""

import argparse
import itertools
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path

import psutil

from bench.collect import Bench
from bench.load import load

SAMPLE_SECONDS = 2.0
TURN_SECONDS = 5.0
MINUTE_SECONDS = 60
BULK = 200


class Memory(threading.Thread):
    """Samples the memory of a process: (seconds since the start, resident MiB)."""

    def __init__(self, process: psutil.Process) -> None:
        super().__init__(daemon=True)
        self.process = process
        self.samples: list[tuple[float, float]] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        began = time.monotonic()
        while not self.stopped.wait(SAMPLE_SECONDS):
            self.samples.append((time.monotonic() - began, self.process.memory_info().rss / 2**20))

    def median(self, start: float, end: float) -> float:
        return statistics.median(size for at, size in self.samples if start <= at < end)


def turns(bench: Bench) -> list[tuple[str, str]]:
    """The path and the body of each kind of request. `{who}` becomes a number."""
    app_id = bench.environment["app_id"]
    items = [{"identity": f"user{n}@shop.example", "event": "Order", "properties": {"n": n}} for n in range(BULK)]
    return [
        ("/api/track", bench.event),
        ("/api/track", json.dumps({"app_id": app_id, "events": items})),
        ("/h", f"a={app_id}&u={{who}}&v=1&s=2&z=1&h=%2F{{who}}&t0=click&n0=a&x0=Buy"),
        ("/api/track", '{"app_id": "99{who}", "event": "E", "identity": "a"}'),
        ("/api/track", '{"app_id": "' + app_id + '", "event": [{who}'),
    ]


def measure(bench: Bench, minutes: float, connections: int) -> None:
    answered = 0
    with bench.server("bench.hello:application") as server:
        memory = Memory(server.worker)
        memory.start()
        until = time.monotonic() + minutes * MINUTE_SECONDS
        for path, body in itertools.cycle(turns(bench)):
            if time.monotonic() > until:
                break
            answered += load(server.port, path, body, connections=connections, seconds=TURN_SECONDS).answered
        memory.stopped.set()
        memory.join()
    end = memory.samples[-1][0]
    first, last = memory.median(0, MINUTE_SECONDS), memory.median(end - MINUTE_SECONDS, end + 1)
    most = max(size for _, size in memory.samples)
    print(f"{answered:,} requests answered, {bench.rows():,} events stored in {end:.0f} s")
    print(f"resident: first minute {first:.1f} MiB, last {last:.1f} MiB, most {most:.1f} MiB; ratio {last / first:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heapadmin-bench-") as folder:
        bench = Bench(Path(folder), TURN_SECONDS)
        try:
            measure(bench, options.minutes, options.connections)
        finally:
            bench.postgres.stop()


if __name__ == "__main__":
    main()
