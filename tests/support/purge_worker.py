"""The jobs' worker, with a purge in many small steps: `python -m tests.support.purge_worker [STATEMENT]`.

With a number it is killed in the middle of the purge. It runs no other queue, so that background counting for another
account does not look like damage.
"""

import itertools
import os
import random
import signal
import sys
import threading
from contextlib import nullcontext
from datetime import timedelta
from functools import partial

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from common import steps  # noqa: E402
from support.closing import purge  # noqa: E402

ROWS = 20  # per step
MOMENT_SECONDS = 0.003  # about as long as a step takes
MOST_AFTER = 10  # statements after which it is killed even if the timer is late
steps.SETTLE = timedelta(0)
purge.FEWEST = purge.MOST = ROWS
purge.Pace = partial(purge.Pace, rows=ROWS, pause=0)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_around(statement: int) -> None:
    """Kill this process around statement number `statement` of the purge: before it, during it, or during its commit.

    Counting starts after the first step that removed something, so that each worker makes some progress.
    """
    numbers = itertools.count(1)
    run_step = purge._run_step
    removed = 0

    def watch(execute, *arguments):
        number = next(numbers)
        if number == statement:
            threading.Timer(random.uniform(0, MOMENT_SECONDS), kill).start()
        elif number > statement + MOST_AFTER:
            kill()
        return execute(*arguments)

    def step(*arguments):
        nonlocal removed
        with connection.execute_wrapper(watch) if removed else nullcontext():
            rows = run_step(*arguments)
        removed += rows
        return rows

    purge._run_step = step


if __name__ == "__main__":
    if len(sys.argv) > 1:
        die_around(int(sys.argv[1]))
    call_command("procrastinate", "worker", "--queues", "long", "--fetch-job-polling-interval", "0.2")
