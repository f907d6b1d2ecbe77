"""Removes events and people of months that are kept no longer, in steps: a kill at any point loses no count.

A month of which nobody keeps anything is dropped as a whole, or not at all: to remove millions of events one by one
leaves as much for vacuum. Of the others, each environment's oldest events are removed, then the people who have none
any more.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from django.db import OperationalError, transaction
from django.utils import timezone

from accounts import activity
from analytics.models import Expiry
from analytics.store.current import event_store
from common import steps
from events import expiry
from events.holders import holders, is_in_the_way, named
from events.months import Month, months
from projects.keeping import kept_from, months_kept
from projects.models import Environment

log = logging.getLogger(__name__)

STEP_ROWS = 5_000
TURN_SECONDS = 5.0  # of one environment; then the next has its turn
DROP_SECONDS = 10.0  # to find moments in which nobody uses the months that are dropped
DROP_PAUSE = 0.5
EVER = datetime.min.replace(tzinfo=UTC)

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
    whole = expired_months(befores)
    for environment_id, before in befores.items():
        if environment_id > after:
            expire(environment_id, before, seconds=TURN_SECONDS, whole=whole)
            if time.monotonic() > deadline:
                return environment_id
    for left in Expiry.objects.filter(done_at=None).exclude(environment__in=befores):
        _finish(left.pk)  # somebody changed their mind meanwhile
    return 0 if Expiry.objects.filter(done_at=None).exists() else None


def drop_months(befores: Moments) -> int:
    """Drop the months of which nobody keeps anything; returns how many.

    One that others use is tried again for some seconds in all. Then it stays until the next night.
    """
    until = time.monotonic() + DROP_SECONDS
    return sum(_drop(month, befores, until) for month in expired_months(befores))


def expired_months(befores: Moments) -> list[Month]:
    """The months of which nobody keeps anything, oldest first."""
    last = max(befores.values(), default=EVER)
    return [month for month in months() if month.ends <= last and _is_expired(month, befores)]


def _is_expired(month: Month, befores: Moments) -> bool:
    return all(owner in befores and month.ends <= befores[owner] for owner in expiry.owners(month))


def _drop(month: Month, befores: Moments, until: float) -> bool:
    """Try to drop the month; returns whether it is gone.

    Nobody may use it while it is locked, and to count takes long. So the first lock only shows that nobody is in the
    way, the events are counted without it, once, and the second one is for dropping.
    """
    counted: dict[int, int] | None = None
    while True:
        try:
            with transaction.atomic():
                expiry.lock(month)
                if not _is_expired(month, befores):
                    return False
                if counted is not None:
                    _drop_locked(month, befores, counted)
                    return True
            counted = {owner: expiry.count(month, owner) for owner in expiry.owners(month)}
        except OperationalError as error:
            if not is_in_the_way(error):
                raise
            if time.monotonic() > until:
                who = named(holders(month.table) or holders("events"))
                log.warning("%s is kept no longer, but stays until the next night. In its way: %s", month.table, who)
                return False
            time.sleep(DROP_PAUSE)


def _drop_locked(month: Month, befores: Moments, counted: Mapping[int, int]) -> None:
    for owner, number in sorted(counted.items()):
        event_store().forget_days(owner, befores[owner])
        _count_in(_begun(owner, befores[owner]), "events", number)
    expiry.drop(month)


def expire(environment_id: int, before: datetime, *, seconds: float, whole: Sequence[Month] = ()) -> bool:
    """Remove what this environment keeps no longer, for about `seconds`; returns whether all is gone.

    Events of the months in `whole` stay: these are dropped as a whole.
    """
    pieces = _without(whole, before)
    if any(expiry.has_events(environment_id, *piece) for piece in pieces):
        event_store().forget_days(environment_id, before)  # quicker than to subtract from them step by step
    todo = [("events", partial(expiry.remove_events, environment_id, *piece, STEP_ROWS)) for piece in pieces]
    todo.append(("people", partial(expiry.remove_people, environment_id, before, STEP_ROWS)))
    for table, remove in todo:
        if not steps.run([partial(_step, environment_id, before, table, remove)], seconds=seconds):
            return False
    for done in Expiry.objects.filter(environment=environment_id, done_at=None):
        _finish(done.pk)
    return True


def _without(whole: Sequence[Month], before: datetime) -> list[tuple[datetime, datetime]]:
    """The time until `before`, cut into pieces that leave these months out."""
    edges = [EVER, *(edge for month in whole if month.ends <= before for edge in (month.starts, month.ends)), before]
    return [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]


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
            project_number=project.pk,
        )
