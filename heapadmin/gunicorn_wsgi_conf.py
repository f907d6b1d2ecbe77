"""How gunicorn runs `heapadmin.wsgi`: pages in threads, apart from the collector (compose.yaml)."""

import signal
import socket
import struct
from typing import Any

from heapadmin import memory
from heapadmin.gunicorn_conf import child_exit, loglevel, on_exit, on_starting  # noqa: F401  settings of gunicorn's too
from heapadmin.reload import again, successor

wsgi_app = "heapadmin.wsgi:application"
worker_class = "gthread"
workers = 2
threads = 8
logger_class = "heapadmin.gunicorn_log.LimitedLogger"
control_socket_disable = True
forwarded_allow_ips = ""  # the client's address is decided by TRUSTED_PROXIES

READING_SECONDS = 30  # without the client's taking anything of what it was sent; then its thread is free again


def when_ready(server: Any) -> None:
    """Connections take this over from the socket that accepts them (Linux)."""
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", READING_SECONDS, 0))
    again.let_signals_come()


def post_worker_init(worker: Any) -> None:
    """The last call before it serves. Asked to stop, a worker of threads waits for clients that keep connections."""
    memory.start_giving_back()
    successor.worker_serves(signal.SIGTERM)
