"""Jobs of analytics that somebody asked for. Those that repeat are in tasks.py; this module is where all are found."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from analytics import erasure, tasks

__all__ = ["erase_person", "tasks"]


@app.task(name="analytics.erase_person", retry=RetryStrategy(max_attempts=5, exponential_wait=4))
def erase_person(environment_id: int, actor_id: int, by_id: int) -> None:
    """Delete one person. Whoever runs twice finds nobody the second time."""
    erasure.erase(environment_id, actor_id, by_id)
