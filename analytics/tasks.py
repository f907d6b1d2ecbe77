"""Analytics' jobs."""

import time
from contextlib import suppress
from datetime import UTC, datetime

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from analytics.rollups.refresh import environments_to_refresh, refresh

SLICE_SECONDS = 5.0  # then mail and others have their turn: a worker does one job at a time
LOW = -20  # priority: nobody waits for it, queries are exact without


@app.periodic(cron="*/10 * * * *")
@app.task(name="analytics.count_days", queueing_lock="analytics.count_days", pass_context=False, priority=LOW)
def count_days(timestamp: int) -> None:
    """Bring the counted days of all environments up to date, some at a time."""
    since = datetime.fromtimestamp(timestamp, UTC)
    until = time.monotonic() + SLICE_SECONDS
    for environment in environments_to_refresh(since):
        refresh(environment, seconds=until - time.monotonic())
        if time.monotonic() > until:
            break
    if environments_to_refresh(since):
        with suppress(AlreadyEnqueued), transaction.atomic():
            count_days.configure(schedule_in={"seconds": 1}).defer(timestamp=timestamp)
