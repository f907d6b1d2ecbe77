"""Work in steps, as jobs that delete do it.

A step is one transaction: it locks a row that stands for the whole work, removes some rows, and adds their number to
the `rows` of the locked one, which ends as the receipt. So work that is killed anywhere has counted exactly what it
removed, and the next run goes on from what it finds: there is no place to remember.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

# What was on its way to a worker when something was closed to it is stored or refused by then.
SETTLE = timedelta(seconds=15)
PAUSE = 0.5  # after a step, in steps: collecting and looking at other things go on undisturbed

Row = TypeVar("Row", bound=Model)


def run(steps: Iterable[Callable[[], int]], *, seconds: float, pause: float = PAUSE) -> bool:
    """Repeat each step until it removes nothing, for about `seconds`; whether all came to their end.

    A step returns how many rows it removed.
    """
    deadline = time.monotonic() + seconds
    for step in steps:
        while True:
            started = time.monotonic()
            if started >= deadline:
                return False
            if not step():
                break
            time.sleep((time.monotonic() - started) * pause)
    return True


@contextmanager
def locked(rows: QuerySet[Row], key: object) -> Iterator[Row]:
    """A transaction that holds the row of the work, so that the steps of two workers follow each other.

    Raises DoesNotExist.
    """
    with transaction.atomic():
        yield rows.select_for_update(of=("self",)).get(pk=key)


def count_in(rows: dict[str, int], removed: dict[str, int]) -> None:
    """Add what a step removed, by table, to what was removed before."""
    for table, number in removed.items():
        rows[table] = rows.get(table, 0) + number


def is_settled(closed_at: datetime) -> bool:
    """Whether nothing more can arrive for what was closed then."""
    return timezone.now() - closed_at >= SETTLE
