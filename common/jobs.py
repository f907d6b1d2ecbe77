"""Defers jobs by name; also their queues and priorities.

A job is a function in its app's `jobs.py`, which imports what the job needs. Other code defers it by name only
("support.purge") and imports nothing from there, which avoids circular imports. Names and arguments are stored in the
database, so a job that was queued by the previous version must still run (tests/test_jobs.py).

A worker does one job at a time. A long job does a slice of its work and defers itself again, so that others get a turn.
"""

from contextlib import suppress
from typing import Any

from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from common.request_ids import current_id

MAIL = "mail"  # MAIL, LONG and BACKUP are queues; each may have a worker of its own
LONG = "long"
BACKUP = "backup"  # for workers that have BACKUP_DIR at hand
MAIL_RETRY = RetryStrategy(max_attempts=7, exponential_wait=4)  # after 4 s, 16 s, 1, 4, 17 and 68 minutes, 4.5 hours

LOW = -10  # a priority: mail, and anything that people wait for, comes first

SLICE_SECONDS = 5.0

OF_REQUEST = "of_request"  # beside the arguments: which request asked for the job (heapadmin/job_watch.py)


def defer(name: str, **arguments: Any) -> None:
    """Queue the job `name`, to run once this transaction is committed. Raises KeyError if no app has such a job."""
    app.tasks[name].defer(**arguments, **_of_request())


def defer_once(name: str, *, in_seconds: int = 0, **arguments: Any) -> None:
    """Like `defer`, but after `in_seconds`, and only if the same job is not queued already.

    The same job means the same name and arguments; or any job of that name, if the job has its own `queueing_lock`.
    """
    job = app.tasks[name]
    lock = job.queueing_lock or " ".join([name, *map(str, arguments.values())])
    later: dict[str, Any] = {"schedule_in": {"seconds": in_seconds}} if in_seconds else {}
    with suppress(AlreadyEnqueued), transaction.atomic():
        job.configure(queueing_lock=lock, **later).defer(**arguments, **_of_request())


def _of_request() -> dict[str, str]:
    number = current_id()
    return {OF_REQUEST: number} if number else {}
