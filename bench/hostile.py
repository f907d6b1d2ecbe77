"""An environment that misbehaves, in a process of its own, which bench/fairness.py starts."""

import contextlib
import http.client
import itertools
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psycopg

from bench.collect import PROPERTIES, ROOT

CONNECTIONS = 16
DRIPPING = 200  # connections with slow bodies
QUESTION = "/env/{app_id}/funnel/?run=1&wait=1&days=365&" + "&".join(
    f"step.{number}.event=builtin:any" for number in range(10)
)
DOWNLOAD = "/env/{app_id}/export/?kind=users"
JSON = {"Content-Type": "application/json"}
PASSWORD = "spring-rain-7"
MEGABYTE = 1_000_000
VISITOR = 5
FIELDS = ("port", "conninfo", "app_id", "environment_id", "cookie")


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
        threads = [threading.Thread(target=self._send, args=(path, bodies(n), stop)) for n in range(CONNECTIONS)]
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
        with started([threading.Thread(target=self._read, args=job) for _ in range(CONNECTIONS)], stop):
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
READING = {"questions", "downloads"}


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
    job = json.dumps({"way": way} | {name: getattr(hostile, name) for name in FIELDS})
    command = [sys.executable, "-m", "bench.hostile", job]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == "begun\n"
        yield
        process.stdin.close()
        hostile.told.update({int(status): count for status, count in json.loads(process.stdout.readline()).items()})


if __name__ == "__main__":
    misbehave(**json.loads(sys.argv[1]))
