"""Jobs of events: create partitions for the coming months, and delete expired idempotency keys."""

from datetime import UTC, datetime, timedelta

from procrastinate.contrib.django import app

from common.jobs import LOW
from events.upkeep import ensure_partitions, forget_keys

AHEAD = timedelta(days=93)  # three months: a job that fails is noticed long before it matters


@app.periodic(cron="11 2 * * *")
@app.task(name="events.partitions", queueing_lock="events.partitions", priority=LOW, pass_context=False)
def partitions(timestamp: int) -> None:
    """Create the missing partitions of this month and the next three."""
    today = datetime.fromtimestamp(timestamp, UTC).date()
    ensure_partitions(today, today + AHEAD)


@app.periodic(cron="41 * * * *")
@app.task(name="events.idempotency_keys", queueing_lock="events.idempotency_keys", priority=LOW, pass_context=False)
def idempotency_keys(timestamp: int) -> None:
    """Delete the keys that are older than 7 days. Each step commits on its own, so a stop loses nothing."""
    while forget_keys():
        pass
