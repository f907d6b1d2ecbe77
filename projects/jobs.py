"""Jobs of this floor: removing the rows of what was deleted."""

from contextlib import suppress

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from projects import removal
from projects.models import Removal

SLICE_SECONDS = 20.0  # then the job steps back behind others
LOW = -10  # mail goes first


@app.task(name="projects.remove", priority=LOW)
def remove(removal_id: int) -> None:
    """Remove some more rows, and come again while there are any."""
    if Removal.objects.filter(pk=removal_id).exists() and not removal.run(removal_id, seconds=SLICE_SECONDS):
        defer_remove(removal_id, seconds=1)


def defer_remove(removal_id: int, seconds: int = 0) -> None:
    """Have a removal begin or go on, unless that is planned already."""
    with suppress(AlreadyEnqueued), transaction.atomic():
        task = remove.configure(queueing_lock=f"remove {removal_id}", schedule_in={"seconds": seconds})
        task.defer(removal_id=removal_id)


@app.periodic(cron="* * * * *")
@app.task(name="projects.removals", queueing_lock="projects.removals", pass_context=False)
def removals(timestamp: int) -> None:
    """Go on with the removals whose worker died."""
    for removal_id in Removal.objects.filter(done_at=None).values_list("pk", flat=True):
        defer_remove(removal_id)
