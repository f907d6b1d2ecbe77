"""Analytics' jobs: counting past days beforehand, deleting a person, and removing what is kept no longer."""

import time
from datetime import UTC, datetime

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from analytics import erasure
from analytics.expiry import removing
from analytics.expiry.night import NIGHTLY
from analytics.store.current import event_store
from common.jobs import LOW, SLICE_SECONDS, defer_once

LOWEST = -20  # the lowest priority, because nobody waits for counted days: queries are exact without them


@app.task(name="analytics.erase_person", retry=RetryStrategy(max_attempts=5, exponential_wait=4))
def erase_person(environment_id: int, actor_id: int, by_id: int) -> None:
    """Delete one person. A second run finds nothing left to delete."""
    erasure.erase(environment_id, actor_id, by_id)


@app.periodic(cron="*/10 * * * *")
@app.task(name="analytics.count_days", queueing_lock="analytics.count_days", pass_context=False, priority=LOWEST)
def count_days(timestamp: int) -> None:
    """Update the counted days of all environments, some at a time."""
    since = datetime.fromtimestamp(timestamp, UTC)
    until = time.monotonic() + SLICE_SECONDS
    store = event_store()
    for environment in store.environments_to_count(since):
        store.count_days(environment, seconds=until - time.monotonic())
        if time.monotonic() > until:
            break
    if store.environments_to_count(since):
        defer_once("analytics.count_days", in_seconds=1, timestamp=timestamp)


@app.periodic(cron=f"{NIGHTLY.minute} {NIGHTLY.hour} * * *")
@app.task(name="analytics.expire_nightly", queueing_lock="analytics.expire_nightly", pass_context=False, priority=LOW)
def expire_nightly(timestamp: int) -> None:
    """Remove the events that are kept no longer: whole months at once, then the others in steps."""
    removing.drop_months(removing.moments(datetime.fromtimestamp(timestamp, UTC)))
    defer_once("analytics.expire", timestamp=timestamp, after=0)


@app.task(name="analytics.expire", priority=LOW)
def expire(timestamp: int, after: int) -> None:
    """Remove some more, for the environments after that id, and queue again until all is gone."""
    following = removing.run(datetime.fromtimestamp(timestamp, UTC), seconds=SLICE_SECONDS, after=after)
    if following is not None:
        defer_once("analytics.expire", in_seconds=1, timestamp=timestamp, after=following)
