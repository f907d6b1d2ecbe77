"""What one environment that misbehaves costs another one that is collected beside it.

    python -m bench.fairness [--seconds 5] [--turns 3] [--rate 500] [--ways lock,large,…]

Starts two servers, each with a PostgreSQL of its own, in a temporary folder. For each way (bench/hostile.py) an
environment of the first server is collected in turns: alone, while the other one misbehaves on the second server, and
while it misbehaves on the first. All share one machine with the programs that send, so the second turn is what the
machine alone costs, and only what the third one costs beyond it is ours.

Medians of all turns are printed. Events are sent at a steady rate, whether or not those before are answered. PAGES are
read meanwhile by somebody signed in.
"""

import argparse
import asyncio
import contextlib
import http.client
import json
import statistics
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from bench.collect import Bench
from bench.hostile import PASSWORD, READING, WAYS, Hostile, misbehaving, sign_in, started
from bench.query_data import Site, make

CONNECTIONS = 64
LIMIT = 20_000  # events a second, as installations have it; for a flood
FLOOD_LIMIT = 1_500  # so that it is soon over it
PAGES = ("/healthz", "/env/{app_id}/", "/env/{app_id}/live/", "/env/{app_id}/users/")
PAGE_EVERY_SECONDS = 0.1
HISTORY = 500_000  # events of the one that misbehaves by reading
CASES = ("alone", "elsewhere", "beside")


# --- The one beside it ---------------------------------------------------------------------------------------------
@dataclass
class Beside:
    """Of several windows: the median and 99 % of each, and what was not answered 200."""

    cookie: str
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    pages: list[float] = field(default_factory=list)
    pages_told: Counter[int] = field(default_factory=Counter)

    def window(self, bench: Bench, port: int, rate: float) -> None:
        stop = threading.Event()
        with started([threading.Thread(target=self._read_pages, args=(bench, port, stop))], stop):
            took = sorted(asyncio.run(steadily(port, bench.event, rate, bench.seconds, self.refused)))
        self.p50.append(took[len(took) // 2])
        self.p99.append(took[len(took) * 99 // 100])

    def _read_pages(self, bench: Bench, port: int, stop: threading.Event) -> None:
        pages = [page.format(app_id=bench.environment["app_id"]) for page in PAGES]
        while not stop.wait(PAGE_EVERY_SECONDS):
            for page in pages:
                began = time.monotonic()
                with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                    connection.request("GET", page, headers={"Cookie": self.cookie})
                    answer = connection.getresponse()
                    answer.read()
                self.pages.append(time.monotonic() - began)
                self.pages_told[answer.status] += 1

    @property
    def figures(self) -> tuple[float, float, float]:
        """Milliseconds: the medians of p50 and p99, and 99 % of the pages."""
        pages = sorted(self.pages)[len(self.pages) * 99 // 100]
        return statistics.median(self.p50) * 1e3, statistics.median(self.p99) * 1e3, pages * 1e3


async def steadily(port: int, body: str, rate: float, seconds: float, refused: Counter[int]) -> list[float]:
    """Send `rate` events a second; how many seconds each took from when it was due. `{who}` becomes a number."""
    took: list[float] = []
    due: asyncio.Queue[tuple[int, float] | None] = asyncio.Queue()

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (turn := await due.get()) is not None:
            number, at = turn
            content = body.replace("{who}", str(number)).encode()
            writer.write(
                b"POST /api/track HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(content), content)
            )
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            took.append(time.monotonic() - at)
            if not head.startswith(b"HTTP/1.1 200"):
                refused[int(head[9:12])] += 1
        writer.close()

    senders = [asyncio.create_task(connection()) for _ in range(CONNECTIONS)]
    began = time.monotonic()
    for number in range(int(rate * seconds)):
        at = began + number / rate
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        due.put_nowait((number, at))
    for _ in senders:
        due.put_nowait(None)
    await asyncio.gather(*senders)
    return took


class SharedServer:
    """A server with its PostgreSQL, which two environments share: one is collected, one misbehaves."""

    def __init__(self, folder: Path, seconds: float, history: int) -> None:
        folder.mkdir()
        self.bench = Bench(folder, seconds)
        self.bench._manage("collectstatic", "--noinput", "--verbosity=0")
        made = self.bench._manage(
            "createaccount", "--email=other@localhost", f"--password={PASSWORD}", "--account=Hostile", "--json"
        )
        self.environment = json.loads(made)["environments"][0]
        if history:
            with psycopg.connect(self.bench.postgres.conninfo()) as connection:
                make(connection, Site(int(self.environment["id"]), history))

    def hostile(self, port: int) -> Hostile:
        conninfo, cookie = self.bench.postgres.conninfo(), sign_in(port, "other@localhost")
        return Hostile(port, conninfo, str(self.environment["app_id"]), int(self.environment["id"]), cookie)


def measure(here: SharedServer, there: SharedServer, way: str, turns: int, rate: float) -> None:
    """Print a line for each case, and what 99 % of the events took as a ratio of the other two."""
    application, limit = "heapadmin.asgi:application", FLOOD_LIMIT if way == "flood" else LIMIT
    with here.bench.server(application, limit=limit) as server, there.bench.server(application, limit=limit) as second:
        cookie = sign_in(server.port, "bench@localhost")
        cases = {case: Beside(cookie) for case in CASES}
        hostile = {"elsewhere": there.hostile(second.port), "beside": here.hostile(server.port)}
        Beside(cookie).window(here.bench, server.port, rate)  # warm
        for _ in range(turns):
            for case, beside in cases.items():
                with misbehaving(way, hostile[case]) if case in hostile else contextlib.nullcontext():
                    beside.window(here.bench, server.port, rate)
    for case, beside in cases.items():
        p50, p99, pages = beside.figures
        others = dict(hostile[case].told) if case in hostile else ""
        pages_failed = sum(count for status, count in beside.pages_told.items() if status != 200)
        print(
            f"{way:>10} {case:>10} {p50:>8.1f} ms {p99:>8.1f} ms {sum(beside.refused.values()):>8}"
            f" {pages:>10.0f} ms {pages_failed:>5}   {others}"
        )
    alone, elsewhere, near = (cases[case].figures[1] for case in CASES)
    print(f"{'':>10} {near / alone:>34.1f} times alone, {near / elsewhere:.1f} times elsewhere", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5, help="of each window")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--rate", type=float, default=500, help="events a second")
    parser.add_argument("--ways", default=",".join(WAYS))
    options = parser.parse_args()
    ways = options.ways.split(",")
    history = HISTORY if READING & set(ways) else 0
    with tempfile.TemporaryDirectory(prefix="heapadmin-bench-") as folder, contextlib.ExitStack() as stack:
        here, there = (SharedServer(Path(folder) / name, options.seconds, history) for name in ("here", "there"))
        stack.callback(here.bench.postgres.stop)
        stack.callback(there.bench.postgres.stop)
        head = f"{'':>21} {'p50':>11} {'p99':>11} {'refused':>8}"
        print(f"{head} {'p99 of pages, not 200':>19}   answers to the other", flush=True)
        for way in ways:
            measure(here, there, way, options.turns, options.rate)


if __name__ == "__main__":
    main()
