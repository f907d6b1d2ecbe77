"""A real HTTP server that keeps what it is sent, and answers as it is told."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.ports import free_port


class Listener:
    """`answer` is the status, or one of "redirect", "drip", "huge". `received`: [(headers, body)].

    It answers when `holds_until` says so.
    """

    def __init__(self) -> None:
        self.answer: int | str = 204
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.port = free_port()
        self.holds_until: Callable[[], bool] = lambda: True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?key=hidden"


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *given):
            pass

        def do_GET(self):  # only a redirect would lead here
            listener.received.append(({}, b"GET"))
            self.send_response(200)
            self.end_headers()

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            listener.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            while not listener.holds_until():
                time.sleep(0.05)
            if listener.answer == "redirect":
                self.send_response(302)
                self.send_header("Location", f"http://127.0.0.1:{listener.port}/elsewhere")
                self.end_headers()
            elif listener.answer in ("drip", "huge"):
                self._without_end(listener.answer == "drip")
            else:
                self.send_response(listener.answer)
                self.end_headers()

        def _without_end(self, drips):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"" if drips else b"\r\n"))
            try:
                while True:
                    self.wfile.write(b"x" if drips else b"x" * 65536)
                    if drips:
                        time.sleep(0.05)
            except OSError:
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", listener.port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()


def resolving(monkeypatch, name: str, *addresses: str) -> list[str]:
    """Let a name mean these addresses, one after the other at each look-up. Returns what was asked for."""
    real, left, asked = socket.getaddrinfo, list(addresses), []

    def look_up(host, port, *args, **kwargs):
        if host != name:
            return real(host, port, *args, **kwargs)
        asked.append(host)
        return real(left.pop(0) if len(left) > 1 else left[0], port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked
