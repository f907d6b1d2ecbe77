"""What is done around each job: it works for the request that asked for it, in the log and in SQL, and is counted."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from django.db.backends.signals import connection_created
from procrastinate import App, JobContext
from prometheus_client import Counter, Histogram

from common import sql_comments
from common.database import REPLICA
from common.jobs import OF_REQUEST
from common.metrics import REGISTRY
from common.request_ids import RequestNote, begin, is_sane
from heapadmin import tracing

_jobs = Counter("heapadmin_jobs", "Jobs that were run.", ["task", "outcome"], registry=REGISTRY)
_seconds = Histogram(
    "heapadmin_job_seconds", "How long a job took.", ["task"], buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300),
    registry=REGISTRY,
)  # fmt: skip


LOCK_SECONDS = 5  # a job that fails is run again; one that waited without end would hold up all others, mails too


def wait_for_no_lock() -> None:
    """From now on, limit how long jobs of this process wait for a lock. What they do has no limit."""
    connection_created.connect(_limit, dispatch_uid="heapadmin.job_watch")


def _limit(connection: Any, **_: Any) -> None:
    if connection.alias != REPLICA:  # to which a pooler may lead
        with connection.cursor() as cursor:
            cursor.execute(f"set lock_timeout = '{LOCK_SECONDS}s'")


def watch(app: App) -> None:
    """Called once the app of jobs is there (settings.PROCRASTINATE_ON_APP_READY)."""
    tracing.start()
    sql_comments.name_requests()
    defaults: dict[str, Any] = app.worker_defaults
    defaults["worker_middleware"] = [*defaults.get("worker_middleware", ()), for_its_request]


async def for_its_request(run: Callable[[], Awaitable[Any]], context: JobContext, worker: Any) -> Any:
    """Run a job. One that no request asked for has the id `job-` and its number.

    Each job is a task of the event loop, which ends after the line about its outcome: so long the id holds.
    """
    given = context.job.task_kwargs.pop(OF_REQUEST, "")  # the job itself does not take it
    number = given if isinstance(given, str) and is_sane(given) else f"job-{context.job.id}"
    begin(RequestNote(number))
    began, outcome = time.monotonic(), "failed"
    try:
        with tracing.job(context.job.task_name, number):
            result = await run()
        outcome = "succeeded"
        return result
    finally:
        _jobs.labels(context.job.task_name, outcome).inc()
        _seconds.labels(context.job.task_name).observe(time.monotonic() - began)
