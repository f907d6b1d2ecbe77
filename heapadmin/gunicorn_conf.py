"""How gunicorn runs `heapadmin.asgi`: pages and collector in the same workers, on one port.

docs/decisions/one-port.md says what was measured.
"""

import os
import shutil
from typing import Any

from django.conf import settings

from common import metrics_folder
from heapadmin import memory
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


def on_starting(server: Any) -> None:
    """Workers that are replaced later are not asked: an upgrade goes on beside servers of the version before."""
    refuse_in_words()
    # Where there is one, `make run` has made it for all, or this process has before it became new code.
    if METRICS not in os.environ and settings.METRICS_TOKEN:
        os.environ[METRICS] = str(metrics_folder.make())
    successor.prepare(server, lambda: {METRICS: os.environ[METRICS]} if METRICS in os.environ else {})


def when_ready(server: Any) -> None:
    again.let_signals_come()


def post_worker_init(worker: Any) -> None:
    memory.start_giving_back()


def on_exit(server: Any) -> None:
    successor.forget()
    folder = metrics_folder.in_use()
    if folder is not None and metrics_folder.is_ours(folder):
        shutil.rmtree(folder, ignore_errors=True)
