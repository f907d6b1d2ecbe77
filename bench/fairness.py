"""What one environment that misbehaves costs another one that is collected beside it.

    python -m bench.fairness [--seconds 5] [--turns 3] [--rate 500] [--ways lock,large,…]

Starts a PostgreSQL and a server of its own in a temporary folder. For each way the other environment is collected in
turns, alone and beside the one that misbehaves; the medians of all turns are printed, and their ratio. Its events are
sent at a steady rate, whether or not those before are answered. Its PAGES are read meanwhile by somebody signed in.
"""

import argparse
import asyncio
import contextlib
import http.client
import itertools
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from bench.collect import PROPERTIES, ROOT, Bench
from bench.query_data import Site, make

HOSTILE = 16  # connections
CONNECTIONS = 64  # of the one beside it
DRIPPING = 200  # connections with slow bodies
LIMIT = 20_000  # events a second, as installations have it; for a flood
FLOOD_LIMIT = 1_500  # so that it is soon over it
PAGES = ("/healthz", "/env/{app_id}/", "/env/{app_id}/live/", "/env/{app_id}/users/")
PAGE_EVERY_SECONDS = 0.1
PASSWORD = "spring-rain-7"
HISTORY = 500_000  # events of the one that misbehaves
QUESTION = "/env/{app_id}/funnel/?run=1&wait=1&days=365&" + "&".join(
    f"step.{number}.event=builtin:any" for number in range(10)
)
DOWNLOAD = "/env/{app_id}/export/?kind=users"
JSON = {"Content-Type": "application/json"}
MEGABYTE = 1_000_000
VISITOR = 5


HOSTILE_FIELDS = ("port", "conninfo", "app_id", "environment_id", "cookie")


@dataclass
class Hostile:
    """The environment that misbehaves, in a process of its own; `told` counts the statuses of its answers."""

    port: int
    conninfo: str
    app_id: str
    environment_id: int
    cookie: str  # of somebody who is signed in there
    told: Counter[int] = field(default_factory=Counter)

    def body(self, **fields: object) -> bytes:
        return json.dumps({"app_id": self.app_id} | fields).encode()

    @contextlib.contextmanager
    def sending(self, path: str, bodies: Callable[[int], Iterator[bytes]]) -> Iterator[None]:
        """Send one body after the other over each connection."""
        stop = threading.Event()
        threads = [threading.Thread(target=self._send, args=(path, bodies(n), stop)) for n in range(HOSTILE)]
        with started(threads, stop):
            yield

    def _send(self, path: str, bodies: Iterator[bytes], stop: threading.Event) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not stop.is_set():
            connection.request("POST", path, next(bodies), JSON)
            with connection.getresponse() as response:
                response.read()
                self.told[response.status] += 1

    # --- Ways to misbehave ------------------------------------------------------------------------------------------
    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Updates of one person whose row somebody has locked."""
        update = self.body(user_id=VISITOR, properties={"plan": "free"})
        once(self.port, "/api/add_user_properties", update)
        with psycopg.connect(self.conninfo) as other:
            other.execute("select 1 from people where environment_id = %s for update", [self.environment_id])
            with self.sending("/api/add_user_properties", lambda n: itertools.repeat(update)):
                yield
                other.rollback()

    def large(self) -> contextlib.AbstractContextManager[None]:
        """Events of a megabyte, in a thousand long texts."""
        return self._tracking(**{f"key{number}": "x" * 1_000 for number in range(MEGABYTE // 1_020)})

    def keys(self) -> contextlib.AbstractContextManager[None]:
        """Events of a megabyte, in as many small properties as it holds."""
        return self._tracking(**{f"k{number}": number for number in range(MEGABYTE // 16)})

    def _tracking(self, **properties: object) -> contextlib.AbstractContextManager[None]:
        body = self.body(event="E", identity="ann", properties=properties)
        return self.sending("/api/track", lambda n: itertools.repeat(body))

    def bulk(self) -> contextlib.AbstractContextManager[None]:
        """Requests of ten thousand events."""
        return self.sending("/api/track", lambda n: itertools.repeat(self._bulk()))

    def _bulk(self) -> bytes:
        item = {"event": "E", "properties": {"items": 3}}
        return self.body(events=[item | {"identity": f"user{n}@shop.example"} for n in range(MEGABYTE // 100)])

    @contextlib.contextmanager
    def flood(self) -> Iterator[None]:
        """Small events, most of which are over the limit."""
        while once(self.port, "/api/track", self._bulk()) == 200:
            pass
        body = self.body(event="E", identity="ann", properties=PROPERTIES)
        with self.sending("/api/track", lambda n: itertools.repeat(body)):
            yield

    @contextlib.contextmanager
    def slow(self) -> Iterator[None]:
        """Bodies that arrive by a byte a second."""
        head = (
            b"POST /api/track HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"
        )
        stop = threading.Event()
        with started([threading.Thread(target=self._drip, args=(head, stop))], stop):
            yield

    def _drip(self, head: bytes, stop: threading.Event) -> None:
        with contextlib.ExitStack() as connected:
            address = ("127.0.0.1", self.port)
            connections = [connected.enter_context(socket.create_connection(address)) for _ in range(DRIPPING)]
            for connection in connections:
                connection.sendall(head)
            while not stop.wait(1):
                for connection in connections:
                    with contextlib.suppress(OSError):
                        connection.sendall(b" ")

    def person(self) -> contextlib.AbstractContextManager[None]:
        """A person who gets a thousand new properties with each request."""

        def bodies(sender: int) -> Iterator[bytes]:
            for turn in itertools.count():
                new = {f"key{sender}-{turn}-{number}": "x" * 1_000 for number in range(MEGABYTE // 1_030)}
                yield self.body(identity="ann", properties=new)

        return self.sending("/api/add_user_properties", bodies)

    # --- By reading -------------------------------------------------------------------------------------------------
    def questions(self) -> contextlib.AbstractContextManager[None]:
        """Funnels of ten steps over everything that there is."""
        return self._reading(QUESTION, whole=True)

    def downloads(self) -> contextlib.AbstractContextManager[None]:
        """Lists of people that are asked for, begun, and given up."""
        return self._reading(DOWNLOAD, whole=False)

    @contextlib.contextmanager
    def _reading(self, path: str, *, whole: bool) -> Iterator[None]:
        stop = threading.Event()
        job = (path.format(app_id=self.app_id), whole, stop)
        with started([threading.Thread(target=self._read, args=job) for _ in range(HOSTILE)], stop):
            yield

    def _read(self, path: str, whole: bool, stop: threading.Event) -> None:
        while not stop.is_set():
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
                connection.request("GET", path, headers={"Cookie": self.cookie})
                answer = connection.getresponse()
                answer.read(None if whole else 1_000)
                self.told[answer.status] += 1


WAYS: dict[str, Callable[[Hostile], contextlib.AbstractContextManager[None]]] = {
    "lock": Hostile.lock,
    "large": Hostile.large,
    "keys": Hostile.keys,
    "bulk": Hostile.bulk,
    "flood": Hostile.flood,
    "slow": Hostile.slow,
    "person": Hostile.person,
    "questions": Hostile.questions,
    "downloads": Hostile.downloads,
}


@contextlib.contextmanager
def started(threads: list[threading.Thread], stop: threading.Event) -> Iterator[None]:
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def once(port: int, path: str, body: bytes) -> int:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", path, body, JSON)
        return connection.getresponse().status


def sign_in(port: int, email: str) -> str:
    """The cookie of a session."""
    form = {"login": email, "password": PASSWORD}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", "/login/login/")
        answer = connection.getresponse()
        answer.read()
        token = cookies_of(answer)["csrftoken"]
        content = urllib.parse.urlencode(form | {"csrfmiddlewaretoken": token})
        headers = {"Cookie": f"csrftoken={token}", "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/login/login/", content, headers)
        answer = connection.getresponse()
        answer.read()
        return "sessionid=" + cookies_of(answer)["sessionid"]


def cookies_of(answer: http.client.HTTPResponse) -> dict[str, str]:
    lines = answer.headers.get_all("Set-Cookie") or []
    return dict(line.partition(";")[0].split("=", 1) for line in lines)


def misbehave(way: str, **fields: object) -> None:
    """In a process of its own: until a line comes in."""
    hostile = Hostile(**fields)  # type: ignore[arg-type]
    with WAYS[way](hostile):
        time.sleep(0.5)
        print("begun", flush=True)
        sys.stdin.readline()
    print(json.dumps(hostile.told), flush=True)


@contextlib.contextmanager
def misbehaving(way: str, hostile: Hostile) -> Iterator[None]:
    job = json.dumps({"way": way} | {name: getattr(hostile, name) for name in HOSTILE_FIELDS})
    command = [sys.executable, "-m", "bench.fairness", "--misbehave", job]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == "begun\n"
        yield
        process.stdin.close()
        hostile.told.update({int(status): count for status, count in json.loads(process.stdout.readline()).items()})


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


def measure(bench: Bench, environment: dict[str, object], way: str, turns: int, rate: float) -> float:
    """Print a line; the ratio of what 99 % of the events took."""
    with bench.server("heapadmin.asgi:application", limit=FLOOD_LIMIT if way == "flood" else LIMIT) as server:
        cookie = sign_in(server.port, "bench@localhost")
        alone, beside = Beside(cookie), Beside(cookie)
        hostile = Hostile(
            server.port,
            bench.postgres.conninfo(),
            str(environment["app_id"]),
            int(str(environment["id"])),
            sign_in(server.port, "other@localhost"),
        )
        Beside(cookie).window(bench, server.port, rate)  # warm
        for _ in range(turns):
            alone.window(bench, server.port, rate)
            with misbehaving(way, hostile):
                beside.window(bench, server.port, rate)
    (p50, p99, pages), (p50_beside, p99_beside, pages_beside) = alone.figures, beside.figures
    print(
        f"{way:>8} {p50:>7.1f} {p50_beside:>7.1f} ms {p99:>7.1f} {p99_beside:>7.1f} ms {p99_beside / p99:>6.1f}"
        f" {sum(beside.refused.values()):>8} {pages:>8.0f} {pages_beside:>6.0f} ms"
        f" {sum(count for status, count in beside.pages_told.items() if status != 200):>5}   {dict(hostile.told)}",
        flush=True,
    )
    return p99_beside / p99


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5, help="of each window")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--rate", type=float, default=500, help="events a second")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--misbehave", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.misbehave:
        misbehave(**json.loads(options.misbehave))
        return
    with tempfile.TemporaryDirectory(prefix="heapadmin-bench-") as folder:
        bench = Bench(Path(folder), options.seconds)
        bench._manage("collectstatic", "--noinput", "--verbosity=0")
        made = json.loads(
            bench._manage(
                "createaccount", "--email=other@localhost", f"--password={PASSWORD}", "--account=Hostile", "--json"
            )
        )
        with psycopg.connect(bench.postgres.conninfo()) as connection:
            make(connection, Site(int(made["environments"][0]["id"]), HISTORY))
        try:
            head = f"{'':>8} {'p50 alone, beside':>18} {'p99 alone, beside':>18} {'ratio':>6} {'refused':>8}"
            print(f"{head} {'p99 of pages, not 200':>24}   answers to the other", flush=True)
            for way in options.ways.split(","):
                measure(bench, made["environments"][0], way, options.turns, options.rate)
        finally:
            bench.postgres.stop()


if __name__ == "__main__":
    main()
