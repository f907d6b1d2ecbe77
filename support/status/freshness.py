"""How recent the collected data is."""

from datetime import datetime

import psycopg

from support.status.readings import Freshness

# One look into the index per environment: its newest event by time. Events that say they are older than the newest
# one of their environment do not count, which costs no more than seconds of precision.
NEWEST = """
select max(newest.received_at)
from projects_environment environment
cross join lateral (
    select received_at from events where environment_id = environment.id order by time desc, id desc limit 1
) newest
"""
NEWEST_OF_ONE = "select received_at from events where environment_id = %s order by time desc, id desc limit 1"


def read(connection: psycopg.Connection) -> Freshness:
    """Over all environments."""
    row = connection.execute(NEWEST).fetchone()
    return Freshness(row[0] if row else None)


def newest_of(connection: psycopg.Connection, environment_id: int) -> datetime | None:
    """When the newest event of one environment arrived; None when none did."""
    row = connection.execute(NEWEST_OF_ONE, [environment_id]).fetchone()
    return row[0] if row else None
