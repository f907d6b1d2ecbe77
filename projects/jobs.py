"""Jobs of this floor: removing the rows of what was deleted."""

from contextlib import suppress

from django.db import transaction
from django.db.models import QuerySet
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from projects import removal
from projects.models import Removal

SLICE_SECONDS = 20.0  # then the job steps back behind others
LOW = -10  # mail goes first


@app.task(name="projects.remove", priority=LOW)
def remove(removal_id: int) -> None:
    """Remove some more rows, and come again while there are any; not while the account is closed."""
    if to_do().filter(pk=removal_id).exists() and not removal.run(removal_id, seconds=SLICE_SECONDS):
        defer_remove(removal_id, seconds=1)


def to_do() -> QuerySet[Removal]:
    """The removals of open accounts: one that is closed is left as it is, to be reopened or removed as a whole."""
    return Removal.objects.filter(done_at=None, account__closed_at=None)


def defer_remove(removal_id: int, seconds: int = 0) -> None:
    """Have a removal begin or go on, unless that is planned already."""
    with suppress(AlreadyEnqueued), transaction.atomic():
        task = remove.configure(queueing_lock=f"remove {removal_id}", schedule_in={"seconds": seconds})
        task.defer(removal_id=removal_id)


@app.periodic(cron="* * * * *")
@app.task(name="projects.removals", queueing_lock="projects.removals", pass_context=False)
def removals(timestamp: int) -> None:
    """Go on with the removals whose worker died, and those of accounts that were reopened."""
    for removal_id in to_do().values_list("pk", flat=True):
        defer_remove(removal_id)
