"""The collector's jobs: delete the people that programs name, and delete old counts of requests."""

import uuid
from datetime import UTC, datetime, timedelta

from procrastinate.contrib.django import app

from collector import deletions
from collector.models import CollectedHour, DeletionRequest
from common.jobs import LOW, SLICE_SECONDS, defer_once

HOURS_KEPT = timedelta(days=90)


@app.task(name="collector.delete_people", priority=LOW)
def delete_people(request_id: str) -> None:
    """Erase some more people. Queue the job again while any are left."""
    if not deletions.run(uuid.UUID(request_id), seconds=SLICE_SECONDS):
        defer_once("collector.delete_people", request_id=request_id)


@app.periodic(cron="* * * * *")
@app.task(name="collector.deletions", queueing_lock="collector.deletions", pass_context=False)
def unfinished(timestamp: int) -> None:
    """Continue deletions that stopped because their worker died or because other transactions blocked them."""
    for request_id in DeletionRequest.objects.filter(done_at=None).order_by("asked_at").values_list("pk", flat=True):
        defer_once("collector.delete_people", request_id=str(request_id))


@app.periodic(cron="23 3 * * *")
@app.task(name="collector.old_hours", queueing_lock="collector.old_hours", priority=LOW, pass_context=False)
def old_hours(timestamp: int) -> None:
    """Delete the hours that began more than 90 days ago."""
    CollectedHour.objects.filter(hour__lt=datetime.fromtimestamp(timestamp, UTC) - HOURS_KEPT).delete()
