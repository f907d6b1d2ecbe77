"""How gunicorn runs `heapadmin.asgi`: pages and collector in the same workers, on one port.

docs/decisions/one-port.md says what was measured.
"""

import os
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings

from heapadmin import memory, metrics_folder
from heapadmin.deployment import refuse_wrong_settings
from heapadmin.given_settings.addresses import in_url
from heapadmin.reload import again, successor
from heapadmin.upgrades import refuse_in_words

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")
refuse_wrong_settings()

wsgi_app = "heapadmin.asgi:application"
worker_class = "heapadmin.connections.Worker"
workers = settings.WEB_WORKERS
bind = [f"{in_url(settings.HOST)}:{settings.PORT}"]
backlog = 2048
keepalive = 5  # seconds
graceful_timeout = 30  # seconds to commit and answer what was accepted before SIGTERM
timeout = 60  # seconds without a heartbeat of the event loop
max_requests = 0
control_socket_disable = True
forwarded_allow_ips = ""  # the client's address is decided by TRUSTED_PROXIES
accesslog = None
loglevel = settings.LOG_LEVEL.lower()
logger_class = "heapadmin.gunicorn_log.LimitedLogger"

METRICS = metrics_folder.VARIABLE
of_our_own: list[str] = []  # the folder, if it is ours to remove


def on_starting(server: Any) -> None:
    """Workers that are replaced later are not asked: an upgrade goes on beside servers of the version before."""
    refuse_in_words()
    if METRICS in os.environ:  # `make run` has made one for all, or this process has before it became new code
        metrics_folder.forget_dead_gauges(Path(os.environ[METRICS]))
        if metrics_folder.is_ours(Path(os.environ[METRICS])):
            of_our_own.append(os.environ[METRICS])
    elif settings.METRICS_TOKEN:
        os.environ[METRICS] = str(metrics_folder.make())
        of_our_own.append(os.environ[METRICS])
    successor.prepare(server, lambda: {METRICS: os.environ[METRICS]} if METRICS in os.environ else {})


def when_ready(server: Any) -> None:
    again.let_signals_come()


def post_worker_init(worker: Any) -> None:
    memory.start_giving_back()


def child_exit(server: Any, worker: Any) -> None:
    """What a worker has counted stays; what it had waiting does not."""
    if METRICS in os.environ:
        # Not before METRICS is set, or workers would inherit it loaded alone.
        from prometheus_client import multiprocess  # noqa: PLC0415

        multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    successor.forget()
    for folder in of_our_own:
        shutil.rmtree(folder, ignore_errors=True)
