"""Puts load on one path of a local server: with `wrk` if it is installed, else with a small generator in a process."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

IDENTITIES = 10_000
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True)
class LoadResult:
    """The result of a load. `failed` requests got another answer than 200."""

    answered: int
    failed: int
    seconds: float
    p50_seconds: float
    p99_seconds: float

    @property
    def per_second(self) -> float:
        return (self.answered - self.failed) / self.seconds


def load(port: int, path: str, body: str, *, connections: int, seconds: float) -> LoadResult:
    """POST `body` over `connections` connections, which each wait for the answer. `{who}` becomes a number."""
    if shutil.which("wrk"):
        return _wrk(port, path, body, connections, seconds)
    job = json.dumps({"port": port, "path": path, "body": body, "connections": connections, "seconds": seconds})
    command = [sys.executable, "-m", "bench.load", job]
    return LoadResult(**json.loads(subprocess.run(command, capture_output=True, check=True).stdout))


# --- wrk -------------------------------------------------------------------------------------------------------------
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local body = %s
local varies = string.find(body, "{who}", 1, true)
local requests = {}
for who = 1, (varies and %d or 1) do
  requests[who] = wrk.format(nil, %s, nil, (string.gsub(body, "{who}", who)))
end
local turn = 0
request = function()
  turn = turn %% #requests + 1
  return requests[turn]
end
"""


def _wrk(port: int, path: str, body: str, connections: int, seconds: float) -> LoadResult:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "load.lua"
        script.write_text(SCRIPT % (_lua(body), IDENTITIES, _lua(path)))
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency", "--timeout", "30s"]
        command += ["-s", str(script), f"http://127.0.0.1:{port}{path}"]
        text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    answered, took = re.search(r"(\d+) requests in ([\d.]+\w+),", text).groups()  # type: ignore[union-attr]
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    p50, p99 = (re.search(rf"{share}%\s+([\d.]+\w+)", text).group(1) for share in (50, 99))  # type: ignore[union-attr]
    return LoadResult(int(answered), int(refused.group(1)) if refused else 0, *map(_seconds, (took, p50, p99)))


def _lua(text: str) -> str:
    return f"[==[{text}]==]"


def _seconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(\w+)", text).groups()  # type: ignore[union-attr]
    return float(number) * UNITS[unit]


# --- The small generator ---------------------------------------------------------------------------------------------
class Client(asyncio.Protocol):
    """One connection that sends the next request when the answer has arrived."""

    def __init__(self, requests: list[bytes], turn: int, until: float, took: list[float], failed: list[int]) -> None:
        self.requests, self.turn, self.until, self.took, self.failed = requests, turn, until, took, failed
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.began = time.perf_counter()
        if self.began > self.until:
            self.transport.close()
            return
        self.turn = (self.turn + 1) % len(self.requests)
        self.transport.write(self.requests[self.turn])

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if not end or length is None or len(body) < int(length.group(1)):
            return
        self.received = b""
        self.took.append(time.perf_counter() - self.began)
        if not head.startswith(b"HTTP/1.1 200"):
            self.failed.append(1)
        self.send()

    def connection_lost(self, error: Exception | None) -> None:
        self.done.set_result(None)


async def _generate(port: int, path: str, body: str, connections: int, seconds: float) -> LoadResult:
    bodies = [body.replace("{who}", str(who)).encode() for who in range(IDENTITIES if "{who}" in body else 1)]
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: "
    requests = [head.encode() + b"%d\r\n\r\n" % len(content) + content for content in bodies]
    took: list[float] = []
    failed: list[int] = []
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    clients = []
    for number in range(connections):
        client = Client(requests, number * 97, began + seconds, took, failed)
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    took.sort()
    return LoadResult(
        len(took), len(failed), time.perf_counter() - began, took[len(took) // 2], took[int(len(took) * 0.99)]
    )


if __name__ == "__main__":
    import uvloop

    print(json.dumps(asdict(uvloop.run(_generate(**json.loads(sys.argv[1]))))))
