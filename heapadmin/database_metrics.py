"""Metrics that the database knows: how long jobs wait, and how far counted days are behind. Read when somebody scrapes.

A database that does not answer leaves them out.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from math import inf

import psycopg
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from common.database import impatient_connection
from common.metrics import SCRAPED

CONNECT_SECONDS, STATEMENT_SECONDS = 2, 2.0
WAITING = """
    select queue_name, count(*),
           extract(epoch from max(now() - coalesce(scheduled_at, (select min(at) from procrastinate_events e
                                                                   where e.job_id = j.id and e.type = 'deferred'))))
      from procrastinate_jobs j
     where status = 'todo' and (scheduled_at is null or scheduled_at <= now()) group by 1
"""
QUEUES = ("default", "mail", "long", "backup")  # common/jobs.py; those without a job have zeros


class DatabaseGauges(Collector):
    """Of the whole installation: each process that is scraped tells the same."""

    def describe(self) -> list[GaugeMetricFamily]:
        return [
            GaugeMetricFamily("heapadmin_jobs_waiting", "Jobs that could run now.", labels=["queue"]),
            GaugeMetricFamily("heapadmin_job_wait_seconds", "How long the oldest of them waits.", labels=["queue"]),
            GaugeMetricFamily(
                "heapadmin_rollup_lag_seconds", "How long ago the environment that waits longest had its days counted."
            ),
            GaugeMetricFamily("heapadmin_rollup_unfinished", "Environments of which some days are still to count."),
            GaugeMetricFamily("heapadmin_replica_up", "1 if the replica answers questions, 0 if the primary has to."),
            GaugeMetricFamily("heapadmin_replica_lag_seconds", "By how much that replica is behind at most."),
            GaugeMetricFamily("heapadmin_database_bytes", "Room that the database takes."),
            GaugeMetricFamily("heapadmin_disk_free_bytes", "Room left beside it; the private database only."),
            GaugeMetricFamily("heapadmin_backup_age_seconds", "How old the last good backup is.", labels=["kind"]),
            GaugeMetricFamily("heapadmin_backup_bytes", "Room that the last good backup takes.", labels=["kind"]),
            GaugeMetricFamily("heapadmin_wal_archive_fails", "1 while what the database writes cannot be archived."),
            GaugeMetricFamily("heapadmin_disk_days_left", "Days until it is full at the rate of the last week."),
        ]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        # Not before Django has loaded the models, and servers load this file before.
        from analytics.store.current import event_store  # noqa: PLC0415
        from analytics.store.failures import QueryFailed  # noqa: PLC0415
        from support.status import backups, room  # noqa: PLC0415

        (
            waiting,
            wait_seconds,
            lag,
            unfinished,
            replica_up,
            replica_lag,
            taken,
            free,
            age,
            backed_up,
            archive_fails,
            days_left,
        ) = families = self.describe()
        try:
            with impatient_connection(
                connect_seconds=CONNECT_SECONDS, statement_seconds=STATEMENT_SECONDS
            ) as connection:
                found = dict.fromkeys(QUEUES, (0, 0.0))
                found |= {queue: (count, float(age or 0)) for queue, count, age in connection.execute(WAITING)}
                left = room.measure(connection)
                news, fails = backups.news(connection), backups.archiving_fails(connection)
            behind = event_store().counting_lag(STATEMENT_SECONDS)
        except (psycopg.Error, QueryFailed):
            return
        try:
            replica = event_store().replica_state(STATEMENT_SECONDS)
        except QueryFailed:
            replica = None
        for queue in QUEUES:
            waiting.add_metric([queue], found[queue][0])
            wait_seconds.add_metric([queue], found[queue][1])
        lag.add_metric([], behind.seconds)
        unfinished.add_metric([], behind.unfinished)
        if replica is not None:
            replica_up.add_metric([], replica.behind_seconds is not None and not replica.is_too_far_behind)
            if replica.behind_seconds is not None:
                replica_lag.add_metric([], replica.behind_seconds)
        taken.add_metric([], left.database)
        if left.free is not None:
            free.add_metric([], left.free)
        if left.days_left is not None:
            days_left.add_metric([], left.days_left)
        for each in news:
            old = each.age(datetime.now(UTC))
            age.add_metric([each.kind.value], old.total_seconds() if old is not None else inf)
            if each.bytes is not None:
                backed_up.add_metric([each.kind.value], each.bytes)
        archive_fails.add_metric([], fails)
        yield from families


def register() -> None:
    """From now on, for scrapes of this process."""
    if not list(SCRAPED._collector_to_names):
        SCRAPED.register(DatabaseGauges())
