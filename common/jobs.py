"""Jobs, asked for by name.

A job is a function in its app's `jobs.py`, and it imports what it needs to do its work. Whatever asks for it gives its
name alone ("support.purge") and imports nothing, so asking and doing never import each other. Names and arguments are
kept in the database: a queued job of the version before still has to run (tests/test_jobs.py).

A worker does one job at a time. What takes long does a slice, asks for itself again, and lets others have their turn.
"""

from contextlib import suppress
from typing import Any

from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

MAIL = "mail"  # a queue, like the next: a worker of its own may serve it
LONG = "long"
MAIL_RETRY = RetryStrategy(max_attempts=7, exponential_wait=4)  # after 4 s, 16 s, 1, 4, 17 and 68 minutes, 4.5 hours

LOW = -10  # a priority: mail, and whatever somebody waits for, comes first

SLICE_SECONDS = 5.0


def defer(name: str, **arguments: Any) -> None:
    """Have the job `name` done, once this transaction is committed. Raises KeyError when no app has such a job."""
    app.tasks[name].defer(**arguments)


def defer_once(name: str, *, in_seconds: int = 0, **arguments: Any) -> None:
    """Like `defer`, after some seconds, and unless the same waits already.

    The same is a job with the same arguments; or any of that name when the job has a `queueing_lock` of its own.
    """
    job = app.tasks[name]
    lock = job.queueing_lock or " ".join([name, *map(str, arguments.values())])
    later: dict[str, Any] = {"schedule_in": {"seconds": in_seconds}} if in_seconds else {}
    with suppress(AlreadyEnqueued), transaction.atomic():
        job.configure(queueing_lock=lock, **later).defer(**arguments)
