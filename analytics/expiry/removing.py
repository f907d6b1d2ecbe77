"""Removes events and people of months that are kept no longer, in steps: a kill at any point loses no count.

A month of which nobody keeps anything is dropped as a whole. Of the others, each environment's oldest events are
removed, then the people who have none any more.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from django.db import OperationalError, transaction
from django.utils import timezone
from psycopg.errors import LockNotAvailable

from accounts import activity
from analytics.models import Expiry
from analytics.store.current import event_store
from common import steps
from events import expiry
from events.months import Month, months
from projects.keeping import kept_from, months_kept
from projects.models import Environment

STEP_ROWS = 5_000
TURN_SECONDS = 5.0  # of one environment; then the next has its turn
DROP_TRIES = 20

Moments = Mapping[int, datetime]  # by environment id: events from before are kept no longer


def moments(now: datetime) -> dict[int, datetime]:
    """From when on events are kept, without the environments that keep theirs for ever."""
    environments = Environment.objects.select_related("project").order_by("pk")
    kept = {environment.pk: months_kept(environment) for environment in environments}
    return {key: kept_from(months, now) for key, months in kept.items() if months is not None}


def run(now: datetime, *, seconds: float, after: int = 0) -> int | None:
    """Continue for about `seconds`, with the environments after that id.

    Returns where to continue: the id after which, 0 when what is left needs another round, None when all is done.
    """
    deadline = time.monotonic() + seconds
    befores = moments(now)
    if not after:
        drop_months(befores)
    for environment_id, before in befores.items():
        if environment_id > after:
            expire(environment_id, before, seconds=TURN_SECONDS)
            if time.monotonic() > deadline:
                return environment_id
    for left in Expiry.objects.filter(done_at=None).exclude(environment__in=befores):
        _finish(left.pk)  # somebody changed their mind meanwhile
    return 0 if Expiry.objects.filter(done_at=None).exists() else None


def drop_months(befores: Moments) -> int:
    """Drop the months of which nobody keeps anything; returns how many.

    A month that others use at this moment is tried again, and then waits for the next night.
    """
    last = max(befores.values(), default=None)
    old = [month for month in months() if last is not None and month.ends <= last]
    return sum(any(_drop(month, befores) for _ in range(DROP_TRIES)) for month in old if _is_expired(month, befores))


def _is_expired(month: Month, befores: Moments) -> bool:
    return all(owner in befores and month.ends <= befores[owner] for owner in expiry.owners(month))


def _drop(month: Month, befores: Moments) -> bool:
    """Try to drop the month. Its events are counted before, because nobody may use it while it is locked."""
    counted = {owner: expiry.count(month, owner) for owner in expiry.owners(month)}
    try:
        with transaction.atomic():
            expiry.lock(month)
            if not _is_expired(month, befores):
                return False
            for owner, number in sorted(counted.items()):
                event_store().forget_days(owner, befores[owner])
                _count_in(_begun(owner, befores[owner]), "events", number)
            expiry.drop(month)
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        return False
    return True


def expire(environment_id: int, before: datetime, *, seconds: float) -> bool:
    """Remove what this environment keeps no longer, for about `seconds`; returns whether all is gone."""
    if expiry.has_older(environment_id, before):
        event_store().forget_days(environment_id, before)  # quicker than to subtract from them step by step
    todo = {
        "events": partial(expiry.remove_events, environment_id, before, STEP_ROWS),
        "people": partial(expiry.remove_people, environment_id, before, STEP_ROWS),
    }
    for table, remove in todo.items():
        if not steps.run([partial(_step, environment_id, before, table, remove)], seconds=seconds):
            return False
    for done in Expiry.objects.filter(environment=environment_id, done_at=None):
        _finish(done.pk)
    return True


def _step(environment_id: int, before: datetime, table: str, remove: Callable[[], int]) -> int:
    with transaction.atomic():
        if removed := remove():
            _count_in(_begun(environment_id, before), table, removed)
    return removed


def _begun(environment_id: int, before: datetime) -> Expiry:
    """The expiry that runs, locked; begun if there is none."""
    begun, _ = Expiry.objects.select_for_update().get_or_create(
        environment_id=environment_id, done_at=None, defaults={"before": before}
    )
    begun.before = max(begun.before, before)
    return begun


def _count_in(begun: Expiry, table: str, removed: int) -> None:
    steps.count_in(begun.rows, {table: removed})
    begun.save(update_fields=["rows", "before"])


def _finish(key: int) -> None:
    """Write the receipt into the account's activity, once."""
    with transaction.atomic():
        begun = Expiry.objects.select_for_update().get(pk=key)
        if begun.done_at is not None:
            return
        begun.done_at = timezone.now()
        begun.save(update_fields=["done_at"])
        project = begun.environment.project
        activity.record(
            account=project.account,
            by=None,
            verb="environment.expired",
            target=f"{project.name} › {begun.environment.name}",
            details={"before": begun.before.date().isoformat()} | begun.rows,
        )
