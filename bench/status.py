"""Measures the status page under a steady load: the times of answers, and how often it reads the events tables.

    python -m bench.status [--rate 500] [--seconds 20]

Starts a PostgreSQL and a server of its own in a temporary folder. Requests are sent on time, even if earlier ones are
not answered yet.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import psycopg

from bench.collect import Bench, Server, cpu_seconds

CONNECTIONS = 50
SCANS = """
select coalesce(sum(seq_scan + coalesce(idx_scan, 0)), 0) from pg_stat_user_tables
where relname = 'events' or relname like 'events\\_%'
"""
REQUEST = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: sessionid=somebody\r\nAccept-Encoding: gzip\r\n\r\n"


async def send_steadily(port: int, path: str, rate: float, seconds: float) -> list[float]:
    """Send `rate` requests a second. Returns the seconds from when each was due to its answer."""
    took: list[float] = []
    due: asyncio.Queue[float | None] = asyncio.Queue()

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (at := await due.get()) is not None:
            writer.write(REQUEST % path.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(head.decode())
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            took.append(time.monotonic() - at)
        writer.close()

    workers = [asyncio.create_task(connection()) for _ in range(CONNECTIONS)]
    started = time.monotonic()
    for number in range(int(rate * seconds)):
        at = started + number / rate
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        due.put_nowait(at)
    for _ in workers:
        due.put_nowait(None)
    await asyncio.gather(*workers)
    return sorted(took)


def scans(bench: Bench) -> int:
    """How often the events tables were read, by PostgreSQL's statistics."""
    with psycopg.connect(bench.postgres.conninfo(), autocommit=True) as connection:
        connection.execute("select pg_stat_force_next_flush()")
        row = connection.execute(SCANS).fetchone()
        return int(row[0]) if row else 0


def measure(bench: Bench, server: Server, path: str, rate: float, seconds: float) -> None:
    asyncio.run(send_steadily(server.port, path, rate, 1))
    time.sleep(1)
    before, worker = scans(bench), cpu_seconds(server.worker)
    took = asyncio.run(send_steadily(server.port, path, rate, seconds))
    worker = cpu_seconds(server.worker) - worker
    time.sleep(1)
    print(
        f"{path:>14} {len(took) / seconds:>6.0f}/s {took[len(took) // 2] * 1e3:>7.1f} ms"
        f" {took[len(took) * 99 // 100] * 1e3:>7.1f} ms {took[-1] * 1e3:>7.1f} ms"
        f" {worker / len(took) * 1e6:>8.0f} µs {scans(bench) - before:>8}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=500, help="requests a second")
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heapadmin-bench-") as folder:
        bench = Bench(Path(folder), options.seconds)
        bench._manage("collectstatic", "--noinput", "--verbosity=0")
        try:
            with bench.server("heapadmin.asgi:application") as server:
                head = f"{'':>14} {'answered':>8} {'p50':>10} {'p99':>10} {'worst':>10} {'processor':>11} {'scans':>8}"
                print(f"{head}  (of the events tables)", flush=True)
                for path in ("/status/", "/status.json"):
                    measure(bench, server, path, options.rate, options.seconds)
        finally:
            bench.postgres.stop()


if __name__ == "__main__":
    main()
