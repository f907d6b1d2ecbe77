"""The jobs of projects: removing the rows of deleted projects and environments."""

from django.db.models import QuerySet
from procrastinate.contrib.django import app

from common.jobs import LOW, defer_once
from projects import removal
from projects.models import Removal

SLICE_SECONDS = 20.0  # then the job ends and queues itself again, behind others


@app.task(name="projects.remove", priority=LOW)
def remove(removal_id: int) -> None:
    """Remove some more rows, and queue again until none are left. Does nothing while the account is closed."""
    if to_do().filter(pk=removal_id).exists() and not removal.run(removal_id, seconds=SLICE_SECONDS):
        defer_once("projects.remove", in_seconds=1, removal_id=removal_id)


def to_do() -> QuerySet[Removal]:
    """Unfinished removals of open accounts. A closed account waits: it is either reopened or removed as a whole."""
    return Removal.objects.filter(done_at=None, account__closed_at=None)


@app.periodic(cron="* * * * *")
@app.task(name="projects.removals", queueing_lock="projects.removals", pass_context=False)
def removals(timestamp: int) -> None:
    """Continue removals whose worker died, and those of accounts that were reopened."""
    for removal_id in to_do().values_list("pk", flat=True):
        defer_once("projects.remove", removal_id=removal_id)
