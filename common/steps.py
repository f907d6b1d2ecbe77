"""Deletion in steps, for the jobs that remove many rows.

A step is one transaction. It locks a row that stands for the whole work, removes some rows, and adds their number to
the `rows` of the locked row, which in the end is the receipt. So if the work is killed at any point, it has counted
exactly what it removed. The next run continues with the rows that are left: no position has to be remembered.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

# Events that were on their way to a worker when their target was closed are stored or refused within this time.
SETTLE = timedelta(seconds=15)
PAUSE = 0.5  # after a step, as a multiple of its duration, so that collecting and pages are not slowed down

Row = TypeVar("Row", bound=Model)


def run(steps: Iterable[Callable[[], int]], *, seconds: float, pause: float = PAUSE) -> bool:
    """Repeat each step until it removes nothing, for about `seconds`. Returns whether all steps are finished.

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
    """A transaction that locks the row of the work, so that steps of two workers run one after the other.

    Raises DoesNotExist.
    """
    with transaction.atomic():
        yield rows.select_for_update(of=("self",)).get(pk=key)


def count_in(rows: dict[str, int], removed: dict[str, int]) -> None:
    """Add what a step `removed`, by table, to `rows`, the totals so far."""
    for table, number in removed.items():
        rows[table] = rows.get(table, 0) + number


def is_settled(closed_at: datetime) -> bool:
    """Whether nothing more can arrive for a target that was closed at `closed_at`."""
    return timezone.now() - closed_at >= SETTLE
