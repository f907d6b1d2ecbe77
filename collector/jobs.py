"""Jobs of this floor: counts of requests that nobody looks at any more."""

from datetime import UTC, datetime, timedelta

from procrastinate.contrib.django import app

from collector.models import CollectedHour

KEPT = timedelta(days=90)
LOW = -10  # priority: mail goes first


@app.periodic(cron="23 3 * * *")
@app.task(name="collector.old_hours", queueing_lock="collector.old_hours", priority=LOW, pass_context=False)
def old_hours(timestamp: int) -> None:
    """Remove the hours that began more than 90 days ago."""
    CollectedHour.objects.filter(hour__lt=datetime.fromtimestamp(timestamp, UTC) - KEPT).delete()
