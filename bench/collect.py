"""Measures how much the collector can take, compared with a bare "hello" from the same worker.

    python -m bench.collect [--seconds 5] [--connections 16,64,256] [--parts track,bulk,rules,one_insert]

Starts a PostgreSQL and a server of its own in a temporary folder. On a busy machine, trust the shares and the processor
time per request, not the requests per second.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psutil
import psycopg

from bench.load import LoadResult, load
from heapadmin.deployment import private_database_url
from heapadmin.postgres import PrivatePostgres

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("track", "bulk", "rules", "catalogue", "one_insert")
START_SECONDS = 60
RULES = 10_000
PAIRS = 9
BULK = 1_000
NO_FLOOD = 10**9  # events a second: a limit that is checked but never reached
PROPERTIES = {"amount": 12.5, "currency": "EUR", "items": 3}


class Server:
    """One gunicorn worker on a port of its own."""

    def __init__(self, url: str, folder: Path, application: str, *options: str, limit: int = NO_FLOOD) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        environment = os.environ | {"DATABASE_URL": url, "DATA_DIR": str(folder), "WEB_WORKERS": "1"}
        environment["EVENTS_PER_SECOND"] = str(limit)
        command = [sys.executable, "-m", "gunicorn", "-c", "python:heapadmin.gunicorn_conf"]
        command += ["--bind", f"127.0.0.1:{self.port}", *options, application]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment)
        self._wait()
        self.worker = psutil.Process(self.process.pid).children()[0]

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                time.sleep(1)  # until it has loaded the environments
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.1)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Bench:
    """The database and the servers of a measurement. Prints the results."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder = folder
        self.seconds = seconds
        self.postgres = PrivatePostgres(folder / "postgres")
        self.postgres.start()
        self.url = private_database_url(folder)
        self._manage("migrate", "--verbosity=0")
        options = ["--email=bench@localhost", "--password=spring-rain-7", "--account=Bench", "--json"]
        created = json.loads(self._manage("createaccount", *options))
        self.environment = created["environments"][0]
        self.account_id = created["account_id"]
        self.event = json.dumps(
            {"app_id": self.environment["app_id"], "event": "Order", "identity": "user{who}@shop.example"}
            | {"properties": PROPERTIES}
        )

    def _manage(self, *arguments: str) -> bytes:
        environment = os.environ | {"DATABASE_URL": self.url, "DATA_DIR": str(self.folder)}
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE).stdout

    @contextmanager
    def server(self, application: str, *options: str, limit: int = NO_FLOOD) -> Iterator[Server]:
        server = Server(self.url, self.folder, application, *options, limit=limit)
        try:
            yield server
        finally:
            server.stop()

    def query(self, sql: str) -> int:
        with psycopg.connect(self.postgres.conninfo(), autocommit=True) as connection:
            row = connection.execute(sql).fetchone()
        return int(row[0]) if row else 0

    def rows(self) -> int:
        return self.query("select count(*) from events")

    def measure(
        self, label: str, server: Server, path: str, body: str, connections: int, events: int = 1
    ) -> LoadResult:
        """Load one path and print a line. Each request holds `events` events."""
        rows, worker, database = self.rows(), cpu_seconds(server.worker), self.database_cpu_seconds()
        result = load(server.port, path, body, connections=connections, seconds=self.seconds)
        worker, database = cpu_seconds(server.worker) - worker, self.database_cpu_seconds() - database
        rows = self.rows() - rows
        each = 1e6 / max(1, result.answered * events)
        print(
            f"{label:>12} {connections:>5} {result.per_second * events:>10,.0f}/s"
            f" {result.p50_seconds * 1e3:>8.1f} ms {result.p99_seconds * 1e3:>8.1f} ms"
            f" {worker * each:>7.1f} µs {database * each:>7.1f} µs"
            f" {rows:>10,} {server.worker.memory_info().rss / 2**20:>6.0f} MiB"
            + (f"   {result.failed} failed" if result.failed else ""),
            flush=True,
        )
        if path.startswith("/api") and rows < (result.answered - result.failed) * events:
            raise SystemExit("fewer rows are stored than were acknowledged")
        return result

    def database_cpu_seconds(self) -> float:
        assert self.postgres.process is not None
        server = psutil.Process(self.postgres.process.pid)
        return sum(cpu_seconds(process) for process in [server, *server.children()])


def cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:  # a PostgreSQL vacuum process that has just ended
        return 0.0
    return float(times.user + times.system)


# --- The parts -------------------------------------------------------------------------------------------------------
def track(bench: Bench, connections: list[int]) -> None:
    """One event per request, compared with a bare "hello" from the same worker."""
    with bench.server("bench.hello:application") as server:
        bench.measure("(warm up)", server, "/api/track", bench.event, 64)
        for count in connections:
            hello = bench.measure("hello", server, "/hello", bench.event, count)
            tracked = bench.measure("/api/track", server, "/api/track", bench.event, count)
            print(f"{'':>18} {tracked.per_second / hello.per_second:.0%} of hello", flush=True)


def bulk(bench: Bench, connections: list[int]) -> None:
    """A thousand events per request. The figures are per event."""
    items = [{"identity": f"user{n}@shop.example", "event": "Order", "properties": PROPERTIES} for n in range(BULK)]
    body = json.dumps({"app_id": bench.environment["app_id"], "events": items})
    with bench.server("bench.hello:application") as server:
        for count in (1, 4, 16):
            bench.measure("bulk", server, "/api/track", body, count, events=BULK)


def rules(bench: Bench, connections: list[int]) -> None:
    """One event per request, alternately without excluded IPs and with 10,000, none of which is ours."""
    shares = []
    with bench.server("bench.hello:application") as server:
        for _ in range(3):
            set_rules(bench, 0)
            without = bench.measure("no rules", server, "/api/track", bench.event, 64)
            set_rules(bench, RULES)
            shares.append(
                bench.measure("10,000 rules", server, "/api/track", bench.event, 64).per_second / without.per_second
            )
    print(f"{'':>18} {sorted(shares)[1]:.1%} of none", flush=True)


def set_rules(bench: Bench, count: int) -> None:
    with psycopg.connect(bench.postgres.conninfo(), autocommit=True) as connection:
        connection.execute("delete from ipfilter_excludedip")
        connection.execute("delete from ipfilter_excludediplist")
        if count:
            connection.execute(
                "with made as (insert into ipfilter_excludediplist (account_id, text, version, saved_at) "
                "  values (%s, '', 1, now()) returning id) "
                "insert into ipfilter_excludedip (list_id, canonical, source, note, position, added_at) "
                "select made.id, host('10.0.0.0'::inet + n), '', '', n, now() from made, generate_series(1, %s) n",
                [bench.account_id, count],
            )
    time.sleep(1)


def catalogue(bench: Bench, connections: list[int]) -> None:
    """Single events and a thousand at once, by turns with the catalogue and without: processor time per event."""
    items = [
        {"identity": f"user{n}@shop.example", "event": f"Event {n % 30}", "properties": PROPERTIES} for n in range(BULK)
    ]
    body = json.dumps({"app_id": bench.environment["app_id"], "events": items})
    with bench.server("bench.hello:application") as server, bench.server("bench.no_catalogue:application") as without:
        for label, sent, events, count in (("single", bench.event, 1, 64), ("bulk", body, BULK, 4)):
            bench.measure("(warm up)", server, "/api/track", sent, count, events=events)
            spent: dict[Server, list[tuple[float, float]]] = {server: [], without: []}
            for turn in range(PAIRS):
                for which in (server, without) if turn % 2 else (without, server):
                    name = f"{label} with" if which is server else f"{label} none"
                    worker, database = cpu_seconds(which.worker), bench.database_cpu_seconds()
                    result = bench.measure(name, which, "/api/track", sent, count, events=events)
                    worker, database = cpu_seconds(which.worker) - worker, bench.database_cpu_seconds() - database
                    each = 1e6 / (result.answered * events)
                    spent[which].append((worker * each, database * each))
            shares = [sum(one) / sum(other) for one, other in zip(spent[server], spent[without], strict=True)]
            print(f"{'':>18} {median(shares) - 1:+.1%} processor time, the middle of {PAIRS} pairs", flush=True)
            for name, which in (("with", server), ("none", without)):
                worker, database = (median(times) for times in zip(*spent[which], strict=True))
                print(f"{'':>18} {name}: worker {worker:.1f} µs, database {database:.1f} µs", flush=True)


def one_insert(bench: Bench, connections: list[int]) -> None:
    """Our collector, compared with a Django view that stores one row per request under a threaded worker."""
    with bench.server("bench.one_insert:application", "--worker-class=gthread", "--threads=16") as server:
        inserted = bench.measure("one insert", server, "/one_insert", bench.event, 64)
    with bench.server("bench.hello:application") as server:
        tracked = bench.measure("/api/track", server, "/api/track", bench.event, 64)
    print(f"{'':>18} {tracked.per_second / inserted.per_second:.1f} times the one-insert view", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement")
    parser.add_argument("--connections", default="16,64,256")
    parser.add_argument("--parts", default=",".join(PARTS))
    options = parser.parse_args()
    connections = [int(count) for count in options.connections.split(",")]
    with tempfile.TemporaryDirectory(prefix="heapadmin-bench-") as folder:
        bench = Bench(Path(folder), options.seconds)
        try:
            head = f"{'':>12} {'conns':>5} {'acked':>12} {'p50':>11} {'p99':>11} {'worker':>10} {'database':>10}"
            print(f"{head} {'rows':>10} {'memory':>10}", flush=True)
            for part in options.parts.split(","):
                {"track": track, "bulk": bulk, "rules": rules, "catalogue": catalogue, "one_insert": one_insert}[part](
                    bench, connections
                )
        finally:
            bench.postgres.stop()


if __name__ == "__main__":
    main()
